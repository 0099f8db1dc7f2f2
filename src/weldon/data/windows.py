"""Read a picture by bands of rows: slides and TIFF files without the rest of them, other formats whole."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from weldon.data.decode import opened, pixel_limit
from weldon.data.greys import Window
from weldon.data.image import image_size, refused, to_rgb, upright_rgb
from weldon.data.shards.member import lies_in_another
from weldon.errors import MissingPackageError

SLIDES = frozenset({".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide"})
TIFFS = frozenset({".tif", ".tiff"})
_MOST_SIDE = 1_000_000  # pixels; no scanner and no mosaic goes beyond, and a damaged header may
_BAND = 512  # rows that a reduced copy is made from at a time


class Windows(Protocol):
    """An upright RGB picture of which a part can be had."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def band(self, top: int, bottom: int) -> Image.Image:
        """Return the rows from ``top`` to just above ``bottom``, over the whole width.

        Raises:
            Exception: whatever a decoder raises on damaged data.
        """


@contextmanager
def open_windows(source: Path | Image.Image, greys: Window | None = None) -> Iterator[Windows]:
    """Yield a picture of which bands can be read, until the block ends.

    Of slides (OpenSlide) and of TIFF files in strips or tiles only what is asked for is decoded, so that
    their size has no limit. Every other format is decoded whole, and has at most the pixels that are allowed.

    Args:
        source: the file, or an upright RGB picture in memory.
        greys: which values are black and white; see :func:`weldon.data.load_image`.

    Raises:
        DataError: the file cannot be read; bands raise it too.
        UsageError: a slide, and OpenSlide is not installed.
    """
    if isinstance(source, Image.Image):
        yield _InMemory(source)
        return
    with ExitStack() as files:
        with refused(source):
            found = _opened(source, files, greys)
        yield _Named(found, source)


def picture_size(source: Path | Image.Image) -> tuple[int, int]:
    """Return width and height of the upright picture, from the file's header alone.

    Raises:
        DataError: as :func:`open_windows`.
        UsageError: likewise.
    """
    if isinstance(source, Path) and not has_windows(source):
        return image_size(source)
    with open_windows(source) as picture:
        return picture.size


def overview(source: Path | Image.Image, size: tuple[int, int], greys: Window | None = None) -> Image.Image:
    """Return the whole picture at another size, without ever holding a large one that has windows.

    Args:
        source: as :func:`open_windows` takes it.
        size: width and height of the answer.
        greys: as :func:`open_windows` takes it.

    Raises:
        DataError: as :func:`open_windows`.
        UsageError: likewise.
    """
    if isinstance(source, Path) and not has_windows(source):
        with refused(source), opened(source) as image:
            image.draft(None, (2 * max(size),) * 2)  # a JPEG comes out smaller, and many times faster
            return upright_rgb(image, greys).resize(size)
    with open_windows(source, greys) as picture:
        return _reduced(picture, size)


def reduced(source: Path | Image.Image, side: int, greys: Window | None = None) -> Image.Image:
    """Return the picture with its long side at most ``side`` pixels; a smaller one at its own size.

    Raises:
        DataError: as :func:`open_windows`.
        UsageError: likewise.
    """
    width, height = picture_size(source)
    factor = min(1.0, side / max(width, height))
    return overview(source, (max(1, round(width * factor)), max(1, round(height * factor))), greys)


def _reduced(picture: Windows, size: tuple[int, int]) -> Image.Image:
    width, height = picture.size
    scale = height / size[1]
    whole = Image.new("RGB", size)
    rows = max(1, int(_BAND / scale))
    for first in range(0, size[1], rows):
        last = min(first + rows, size[1])
        top, bottom = int(first * scale), min(height, int(np.ceil(last * scale)))
        box = (0, first * scale - top, width, min(last * scale, height) - top)
        part = picture.band(top, bottom).resize((size[0], last - first), Image.Resampling.BOX, box=box)
        whole.paste(part, (0, first))
    return whole


class _InMemory:
    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.size = image.size

    def band(self, top: int, bottom: int) -> Image.Image:
        return self.image.crop((0, top, self.image.width, bottom))


class _Named:
    """A picture whose damage is told with the name of its file."""

    def __init__(self, windows: Windows, path: Path) -> None:
        self.windows, self.path = windows, path
        self.size = windows.size

    def band(self, top: int, bottom: int) -> Image.Image:
        with refused(self.path):
            return self.windows.band(top, bottom)


class _Slide:
    def __init__(self, slide: Any) -> None:
        self.slide = slide
        self.size: tuple[int, int] = slide.dimensions

    def band(self, top: int, bottom: int) -> Image.Image:
        return to_rgb(self.slide.read_region((0, top), 0, (self.size[0], bottom - top)))


class _Tiff:
    """The first page of a TIFF file, of whose strips or tiles those are decoded that a band touches."""

    def __init__(self, page: Any, file: Any, greys: Window | None) -> None:
        self.page, self.file, self.greys = page, file, greys
        self.size: tuple[int, int] = (page.imagewidth, page.imagelength)
        width, height = self.size
        side = (page.tilewidth, page.tilelength) if page.is_tiled else (width, page.rowsperstrip or height)
        self.side = (side[0], min(side[1], height) if not page.is_tiled else side[1])

    def band(self, top: int, bottom: int) -> Image.Image:
        width, _ = self.size
        across, down = self.side
        shape = (bottom - top, width, self.page.samplesperpixel)
        rows = np.zeros(shape, self.page.dtype)
        for line in range(top // down, -(-bottom // down)):
            for column in range(-(-width // across)):
                part = self._segment(line * -(-width // across) + column)
                if part is not None:
                    _lay(rows, part, line * down - top, column * across)
        return _as_rgb(rows, self.greys)

    def _segment(self, index: int) -> Any:
        """Return a strip or tile as ``(h, w, samples)``; None where the file leaves it empty."""
        count = self.page.databytecounts[index]
        if not count:
            return None
        self.file.seek(self.page.dataoffsets[index])
        content = self.file.read(count)
        if len(content) < count:
            raise OSError("the file is cut short")
        values, _, _ = self.page.decode(content, index, jpegtables=self.page.jpegtables)
        return None if values is None else values[0]


def _lay(rows: Any, part: Any, top: int, left: int) -> None:
    """Copy what of ``part`` lies on ``rows``, its corner being at ``top`` and ``left`` of them."""
    above, below = max(0, -top), min(len(part), len(rows) - top)
    if below > above:
        kept = part[above:below, : rows.shape[1] - left]
        rows[top + above : top + below, left : left + kept.shape[1]] = kept


def _as_rgb(rows: Any, greys: Window | None) -> Image.Image:
    if rows.dtype == np.uint16 and rows.shape[2] > 1:
        rows = ((rows.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return to_rgb(Image.fromarray(rows[:, :, 0] if rows.shape[2] == 1 else rows), greys)


def _opened(path: Path, files: ExitStack, greys: Window | None) -> Windows:
    if path.suffix.lower() in SLIDES:
        return _slide(path, files)
    return _tiff(path, files, greys) or _InMemory(_whole(path, greys))


def has_windows(path: Path) -> bool:
    """Return whether a file can be read in part.

    Raises:
        DataError: there is no such file.
        UsageError: a slide, and OpenSlide is not installed.
    """
    with ExitStack() as files, refused(path):
        return path.suffix.lower() in SLIDES or _tiff(path, files, None) is not None


def _whole(path: Path, greys: Window | None) -> Image.Image:
    with opened(path) as image:
        return upright_rgb(image, greys)


def _slide(path: Path, files: ExitStack) -> _Slide:
    try:
        import openslide
    except ImportError as error:
        raise MissingPackageError(f"to read the slide {path}", "openslide-python", "large") from error
    if lies_in_another(path):
        raise OSError("slides are read from files on a disk, not from shards or object stores: copy it there")
    _refuse_no_file(path)
    return _Slide(files.enter_context(openslide.OpenSlide(path)))


def _tiff(path: Path, files: ExitStack, greys: Window | None) -> _Tiff | None:
    """Return a TIFF file of a kind that can be read by window; None leaves it to Pillow."""
    if path.suffix.lower() not in TIFFS or lies_in_another(path):
        return None
    try:
        import tifffile
    except ImportError:
        return None
    _refuse_no_file(path)
    try:
        page = files.enter_context(tifffile.TiffFile(path)).pages[0]
    except Exception:  # Pillow says what is wrong with it
        return None
    if not _is_plain(page) or max(page.imagewidth, page.imagelength) > _MOST_SIDE:
        return None
    found = _Tiff(page, page.parent.filehandle, greys)
    return found if found.side[0] * found.side[1] <= pixel_limit() else None


def _is_plain(page: Any) -> bool:
    """Return whether a page is 8 or 16 bits of grey, RGB or RGB with opacity, upright and in one piece."""
    turned = page.tags.get("Orientation")
    colour = {1: (1,), 2: (3, 4), 6: (3,)}.get(int(page.photometric), ())
    opaque = page.samplesperpixel < 4 or tuple(map(int, page.extrasamples)) == (2,)
    jpeg = int(page.photometric) != 6 or int(page.compression) in (6, 7)
    segments = -(-page.imagewidth // max(1, page.tilewidth or page.imagewidth))
    segments *= -(-page.imagelength // max(1, page.tilelength or page.rowsperstrip or page.imagelength))
    return (
        page.samplesperpixel in colour
        and opaque
        and jpeg
        and str(page.dtype) in ("uint8", "uint16")
        and page.bitspersample in (8, 16)
        and int(page.planarconfig) == 1
        and page.imagedepth == 1
        and (turned is None or turned.value == 1)
        and len(page.dataoffsets) == len(page.databytecounts) == segments
    )


def _refuse_no_file(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError("it is a pipe, socket or device, no file")
