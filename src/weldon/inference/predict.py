"""A trained run that looks at new images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import Any, Self, overload

import torch
from PIL import Image

from weldon.ahead import one_ahead
from weldon.data.dataset import stack_images
from weldon.data.image import load_image
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, UsageError
from weldon.inference.decision import Decision
from weldon.inference.forward import PRECISIONS, forward_with_weights
from weldon.inference.image_list import NamedImage, expand_images
from weldon.inference.reading import Canvas, Skipped, read_ahead, read_file, read_picture
from weldon.inference.result import Result
from weldon.models import WeldonNet


class Predictor:
    """A trained network with all that is needed to read new images and to name what it says.

    Args:
        net: the network, on its device.
        decision: classes, task, thresholds, colour scale.
        transform: how pictures are laid on the network's canvas.
        batch_size: images a forward pass.
        workers: threads that decode files ahead of the network.
        precision: of features: ``32-true``, ``bf16-mixed`` or ``16-mixed``.
    """

    def __init__(
        self,
        net: WeldonNet,
        decision: Decision,
        transform: EvalTransform,
        *,
        batch_size: int = 8,
        workers: int = 2,
        precision: str = "32-true",
    ) -> None:
        if precision not in PRECISIONS:
            raise UsageError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
        if batch_size < 1:
            raise UsageError(f"batch_size must be at least 1, got {batch_size!r}")
        if workers < 0:
            raise UsageError(f"workers must be at least 0, got {workers!r}")
        self.net = net.eval()
        self.decision = decision
        self.transform = transform
        self.batch_size = batch_size
        self.workers = workers
        self.precision = precision
        self.skipped: list[Skipped] = []

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.decision.classes

    @property
    def thresholds(self) -> dict[str, float]:
        """The score from which each class is predicted; of no effect for multiclass."""
        return {name: self.decision.thresholds.get(name, 0.0) for name in self.classes}

    @overload
    def predict(self, images: Image.Image) -> Result: ...
    @overload
    def predict(self, images: str | Path) -> Any: ...
    @overload
    def predict(self, images: Iterable[str | Path | Image.Image]) -> Iterator[Result]: ...
    def predict(self, images: Any) -> Any:
        """Return the result of one image, or an iterator over the results of several.

        Args:
            images: a file or a Pillow image (one result); a folder, a pattern, a text file of paths or a list
                of all these (an iterator, in order). Files an iterator cannot read are left out and listed in
                ``skipped``, which starts anew with each iterator.

        Raises:
            UsageError: nothing there of that name.
            DataError: a single file that cannot be read, or a folder or list without images.
        """
        if isinstance(images, Image.Image):
            return self.predict_one(images)
        single = (
            isinstance(images, str | Path)
            and Path(images).is_file()
            and Path(images).suffix.lower() != ".txt"
        )
        return self.predict_one(images) if single else self.predict_many(images)

    def predict_one(self, image: str | Path | Image.Image) -> Result:
        """Return the result of one file or Pillow image.

        Raises:
            DataError: the file cannot be read.
        """
        if isinstance(image, Image.Image):
            return self._answer([read_picture(image, self.transform)])[0]
        canvas = read_file(NamedImage(Path(image), Path(image).name), self.transform)
        if isinstance(canvas, Skipped):
            raise DataError(canvas.reason)
        return self._answer([canvas])[0]

    def decoded(self, path: Path) -> Image.Image | Path:
        """Return what :meth:`predict_named` takes of a file: its picture, or the file of a large one.

        Raises:
            DataError: the file cannot be read.
        """
        return load_image(path, self.transform.window)

    def predict_named(self, picture: Image.Image | Path, file_name: str) -> Result:
        """Return the result of a picture under a name.

        Raises:
            DataError: a file that cannot be read.
        """
        if isinstance(picture, Path):
            picture = load_image(picture, self.transform.window)
        return self._answer([read_picture(picture, self.transform, file_name=file_name)])[0]

    def predict_many(
        self, images: str | Path | Iterable[str | Path | Image.Image | NamedImage]
    ) -> Iterator[Result]:
        """Return an iterator over results, in order; what it cannot read goes to ``skipped``.

        Args:
            images: sources as :func:`weldon.inference.expand_images` takes them, or a list of them, of Pillow
                images or of already named images.
        """
        self.skipped = []
        return self._results(self._sources(images), self.skipped)

    def with_decision(self, decision: Decision) -> Self:
        """Return the same network with other thresholds, or other settings of what it draws."""
        other = copy(self)
        other.decision, other.skipped = decision, []
        return other

    def _results(
        self, images: list[NamedImage] | list[Image.Image], skipped: list[Skipped]
    ) -> Iterator[Result]:
        return self._stream(self._read(images), skipped)

    def _sources(self, images: Any) -> list[NamedImage] | list[Image.Image]:
        given: list[Any] = [images] if isinstance(images, str | Path) else list(images)
        for kind in (NamedImage, Image.Image):
            if given and all(isinstance(image, kind) for image in given):
                return given
        if not all(isinstance(image, str | Path) for image in given):
            raise UsageError("images must be all paths or all Pillow images, got a mixture")
        return expand_images(given)

    def _read(self, images: list[NamedImage] | list[Image.Image]) -> Iterator[Canvas | Skipped]:
        if images and isinstance(images[0], Image.Image):
            for number, picture in enumerate(images, start=1):
                assert isinstance(picture, Image.Image)
                yield read_picture(picture, self.transform, file_name=f"image{number}")
            return
        named = [image for image in images if isinstance(image, NamedImage)]
        yield from read_ahead(named, self.transform, workers=self.workers, ahead=self.batch_size)

    def _stream(self, canvases: Iterator[Canvas | Skipped], skipped: list[Skipped]) -> Iterator[Result]:
        """Yield results in order; with workers, the next batch is at the network while they are used."""
        batches = self._batches(canvases, skipped)
        for results in one_ahead(batches) if self.workers else batches:
            yield from results

    def _batches(
        self, canvases: Iterator[Canvas | Skipped], skipped: list[Skipped]
    ) -> Iterator[list[Result]]:
        batch: list[Canvas] = []
        for canvas in canvases:
            if isinstance(canvas, Skipped):
                skipped.append(canvas)
                continue
            batch.append(canvas)
            if len(batch) == self.batch_size:
                yield self._answer(batch)
                batch = []
        if batch:
            yield self._answer(batch)

    def _answer(self, batch: list[Canvas]) -> list[Result]:
        device = next(self.net.parameters()).device
        pixels = stack_images([canvas.pixels for canvas in batch]).to(device)  # (N, 3, S, S)
        mask = torch.stack([canvas.mask for canvas in batch]).to(device)  # (N, S, S)
        answers = forward_with_weights(self.net, pixels, mask, precision=self.precision)
        return [
            Result(
                canvas.file_name,
                canvas.source,
                canvas.geometry,
                self.decision,
                *(part[row] for part in answers),
                window=self.transform.window,
            )
            for row, canvas in enumerate(batch)
        ]
