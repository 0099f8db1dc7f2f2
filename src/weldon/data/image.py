"""Files to upright RGB pictures, and a plain reason for each file that is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from weldon.data import dicom
from weldon.data.decode import opened
from weldon.data.greys import Window, deep_to_rgb, is_deep, note_range
from weldon.data.record import Record
from weldon.data.shards.member import by_place
from weldon.errors import DataError, StoreError, UsageError, WeldonError, system_reason
from weldon.files import replacing

SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".jfi",
        ".jif",
        ".pjpeg",
        ".pjp",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".gif",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
        ".j2k",
        ".jpx",
        ".avif",
        *dicom.ENDINGS,
    }
)

# What undoes each value of the EXIF orientation tag (EXIF 2.32, tag 0x0112); 1 is upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Size = tuple[int, int]  # width and height
GAP = 2  # times the pixels needed along a side, which a JPEG decoded smaller keeps at least
_ORIENTATION_TAG = 0x0112
_STRIP = 1 << 20  # pixels laid on white at a time
_SIDES_SWAPPED = frozenset({5, 6, 7, 8})


def load_image(path: str | Path, window: Window | None = None) -> Image.Image:
    """Return the picture in a file as upright RGB with 8 bits a channel.

    EXIF orientation is applied. Grey of more than 8 bits is shown by ``window``, else by the one that a DICOM
    file says, else 16 bits are divided by 257 (never stretched, so that two images stay comparable).
    Transparency is laid on white, CMYK and palettes are converted, and of an animation or of several pages
    the first is taken.

    Args:
        path: the file.
        window: the values that are black and white in grey pictures of more than 8 bits, and in DICOM.

    Raises:
        DataError: the file is missing, empty, truncated, no image, has 32-bit pixels without a window, or
            more pixels than allowed (:func:`weldon.data.decode.pixel_limit`).
        UsageError: a package is needed that is not installed.
    """
    with refused(path), opened(Path(path)) as image:
        return upright_rgb(image, window)


def load_reduced(
    path: str | Path, needed: Callable[[int, int], Size | None], window: Window | None = None
) -> tuple[Image.Image, Size]:
    """Return the picture in a file as :func:`load_image` does, a large JPEG smaller; and its real size.

    A JPEG's decoder can leave out what a smaller picture does not show: halves, quarters and eighths of each
    side cost a third of the time or less. It keeps at least :data:`GAP` times the pixels needed along each
    side, so that shrinking the rest smooths the difference: below a level of 255 on average.

    Args:
        path: the file.
        needed: from width and height of the upright picture to those that are needed; None: all pixels.
        window: as :func:`load_image` takes it.

    Returns:
        The upright picture, and width and height as the file has them, upright.

    Raises:
        DataError: as :func:`load_image`.
    """
    with refused(path), opened(Path(path)) as image:
        swapped = _is_swapped(image)
        size = _turned(image.size, swapped)
        wanted = needed(*size)
        if wanted is not None and image.format == "JPEG":
            image.draft(None, _turned((GAP * wanted[0], GAP * wanted[1]), swapped))
        return upright_rgb(image, window), size


def decoding_problem(path: str | Path, window: Window | None = None) -> str | None:
    """Return why ``load_image`` would refuse the file, or None when it reads."""
    try:
        with opened(Path(path)) as image:
            image.draft(None, (1, 1))  # a JPEG comes out smaller, which is enough to know that it reads
            upright_rgb(image, window)
    except (UsageError, StoreError):
        raise
    except Exception as error:
        return decoder_reason(Path(path), error)
    return None


@contextmanager
def refused(path: str | Path, what: str = "image") -> Iterator[None]:
    """Turn whatever decoding raises into the refusal of a file.

    Args:
        path: of the file.
        what: it is called.

    Raises:
        DataError: the block failed; it names the file and the reason.
    """
    try:
        yield
    except WeldonError:
        raise
    except Exception as error:  # decoders fail in every way: OSError, SyntaxError, struct.error ...
        raise DataError(f"cannot read the {what} {path}: {decoder_reason(Path(path), error)}") from error


def unreadable_files(
    records: Iterable[Record],
    progress: Callable[[int], None] | None = None,
    *,
    window: Window | None = None,
) -> list[tuple[Record, str]]:
    """Decode every image once and return those that fail, each with the reason.

    Args:
        records: the images to try.
        progress: called with the number of images tried so far.
        window: as for :func:`load_image`.
    """
    images = list(records)
    paths, bad = by_place(dict.fromkeys(record.path for record in images)), {}
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        reasons = threads.map(lambda path: decoding_problem(path, window), paths)
        for count, (path, reason) in enumerate(zip(paths, reasons, strict=True), start=1):
            if reason is not None:
                bad[path] = reason
            if progress is not None:
                progress(count)
    return [(record, bad[record.path]) for record in images if record.path in bad]


def image_size(path: str | Path) -> tuple[int, int]:
    """Return width and height of the upright picture, from the file's header alone.

    Raises:
        DataError: the header cannot be read.
    """
    with refused(path), opened(Path(path)) as image:
        return _turned(image.size, _is_swapped(image))


def _is_swapped(image: Image.Image) -> bool:
    """Whether width and height change places when the picture is turned upright."""
    # Pillow already swaps the sides of a TIFF it is going to turn while loading.
    return image.format != "TIFF" and orientation(image) in _SIDES_SWAPPED


def _turned(size: Size, swapped: bool) -> Size:
    return (size[1], size[0]) if swapped else size


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) to 8; 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block must not cost the user a good picture
        return 1
    return value if value in _UPRIGHT else 1


def to_rgb(image: Image.Image, window: Window | None = None) -> Image.Image:
    """Return any Pillow image as RGB, transparency laid on white, grey of more than 8 bits by its window.

    Example:
        >>> to_rgb(Image.new("LA", (1, 1), (0, 0))).getpixel((0, 0))   # black, but fully transparent
        (255, 255, 255)

    Raises:
        ValueError: pixels of 32 bits, whose range is not known.
    """
    if is_deep(image):
        return deep_to_rgb(image, window)
    return _on_white(image) if image.has_transparency_data else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a picture on white, a few rows at a time: whole, it would take the room of three more pictures."""
    width, height = image.size
    rows = max(1, _STRIP // max(1, width))
    whole = Image.new("RGB", image.size)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height))).convert("RGBA")
        white = Image.new("RGBA", strip.size, "white")
        whole.paste(Image.alpha_composite(white, strip).convert("RGB"), (0, top))
    return whole


def upright_rgb(image: Image.Image, window: Window | None = None) -> Image.Image:
    """Return an opened image as the viewer should see it: first frame, turned by its EXIF tag, RGB.

    Args:
        image: whose file is open.
        window: as for :func:`load_image`.

    Raises:
        ValueError: pixels of 32 bits, whose range is not known.
        Exception: whatever Pillow's decoder raises on damaged data.
    """
    image.load()
    note_range(image)
    turn = _UPRIGHT.get(orientation(image))
    return to_rgb(image if turn is None else image.transpose(turn), window)


def decoder_reason(path: Path, error: Exception) -> str:
    """Return what is wrong with a file, in the user's words where we know them, else in the decoder's."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image that Pillow can open" if _holds_bytes(path) else "the file is empty (0 bytes)"
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it"
    if isinstance(error, OSError) and error.errno is not None:
        return system_reason(error)
    return (str(error).splitlines() or [type(error).__name__])[0]


def _holds_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:  # gone meanwhile, or a name inside a shard
        return True


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
