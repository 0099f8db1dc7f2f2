"""Pictures to files, whole or not at all, in the format that the name's ending asks for."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from weldon.errors import UsageError
from weldon.files import replacing

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}


def check_picture_name(path: Path) -> str:
    """Return the format of a picture of that name.

    Raises:
        UsageError: no ending, or one that no picture is written in.

    Example:
        >>> check_picture_name(Path("beach.cat.png"))
        'PNG'
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"a picture must end in {', '.join(FORMATS)}, got {str(path)!r}")
    return FORMATS[path.suffix.lower()]


def write_picture(path: Path, image: Image.Image) -> None:
    """Write a picture.

    Raises:
        UsageError: as :func:`check_picture_name`.
    """
    kind = check_picture_name(path)
    with replacing(path) as draft:
        (image.convert("RGB") if kind == "JPEG" else image).save(draft, kind)
