"""Pictures on their way to the network: decoded ahead of it in a few threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps
from torch import Tensor

from weldon.data.geometry import Geometry
from weldon.data.image import load_reduced, to_rgb
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError
from weldon.inference.image_list import NamedImage


@dataclass(frozen=True, eq=False)
class Canvas:
    """One picture as the network takes it.

    Args:
        file_name: the name under which results are written.
        source: the file, or the picture itself.
        pixels: ``(3, S, S)`` uint8, which the network normalises.
        mask: ``(S, S)`` bool, True on real pixels.
        geometry: the way back to the original.
    """

    file_name: str
    source: Path | Image.Image
    pixels: Tensor
    mask: Tensor
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be read, and why."""

    file_name: str
    reason: str


def read_file(image: NamedImage, transform: EvalTransform) -> Canvas | Skipped:
    """Return the picture in a file, or the reason why it is skipped."""
    try:
        picture, size = load_reduced(image.path, transform.needed, transform.window)
    except DataError as error:
        return Skipped(image.file_name, str(error))
    return Canvas(image.file_name, image.path, *transform.laid(picture, original=size))


def read_picture(picture: Image.Image, transform: EvalTransform, *, file_name: str = "") -> Canvas:
    """Return a picture that is in memory already, turned upright, as RGB."""
    upright = to_rgb(ImageOps.exif_transpose(picture), transform.window)
    opened_from = str(getattr(picture, "filename", "") or "")
    return Canvas(file_name or Path(opened_from).name or "image", upright, *transform.laid(upright))


def read_ahead(
    images: Iterable[NamedImage], transform: EvalTransform, *, workers: int, ahead: int
) -> Iterator[Canvas | Skipped]:
    """Yield the pictures of files in order, decoding up to ``ahead`` of them before they are asked for.

    Args:
        images: the files.
        transform: of the trained network.
        workers: threads; 0 decodes when asked.
        ahead: pictures held in memory beside the one at hand.
    """
    if workers == 0:
        yield from (read_file(image, transform) for image in images)
        return
    threads = ThreadPoolExecutor(workers, thread_name_prefix="weldon-read")
    waiting: deque[Future[Canvas | Skipped]] = deque()
    try:
        for image in images:
            waiting.append(threads.submit(read_file, image, transform))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
