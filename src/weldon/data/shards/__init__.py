"""WebDataset shards: tars of images with their labels, written and read."""

from weldon.data.shards.writing import INDEX, ShardIndex, read_index, write_shards

__all__ = ["INDEX", "ShardIndex", "read_index", "write_shards"]
