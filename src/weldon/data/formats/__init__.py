"""The files of annotation tools, read and written: one file a format."""

from weldon.data.formats.registry import WRITERS, write_annotations

__all__ = ["WRITERS", "write_annotations"]
