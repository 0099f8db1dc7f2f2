"""The files of annotation tools, read and written: one file a format."""

from weldon.data.formats.registry import FORMATS, write_annotations

WRITERS = FORMATS  # the name that callers of old know

__all__ = ["FORMATS", "WRITERS", "write_annotations"]
