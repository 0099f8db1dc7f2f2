"""A trained run that looks at large pictures by tiles, each in its own pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image, ImageOps

from weldon.data.image import to_rgb
from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows
from weldon.errors import DataError
from weldon.inference.decision import Decision
from weldon.inference.forward import pooled_with_weights
from weldon.inference.image_list import NamedImage
from weldon.inference.predict import Predictor
from weldon.inference.reading import Skipped
from weldon.inference.result import Result
from weldon.models import WeldonNet
from weldon.models.stitched import stitched_regions


class TilePredictor(Predictor):
    """A predictor whose maps are stitched on the grid of each picture.

    Args:
        net: the network, on its device.
        decision: classes, task, thresholds, colour scale.
        tiling: how pictures are cut.
        batch_size: tiles a forward pass.
    """

    def __init__(self, net: WeldonNet, decision: Decision, tiling: Tiling, *, batch_size: int = 8) -> None:
        super().__init__(net, decision, tiling, batch_size=batch_size, workers=0)
        self.tiling = tiling

    def predict_one(self, image: str | Path | Image.Image) -> Result:
        """Return the result of one file or Pillow image.

        Raises:
            DataError: the file cannot be read.
        """
        if isinstance(image, Image.Image):
            opened_from = str(getattr(image, "filename", "") or "")
            return self.predict_named(image, Path(opened_from).name or "image")
        return self._look(Path(image), Path(image).name)

    def decoded(self, path: Path) -> Image.Image | Path:
        """Return the file: only parts of it are ever decoded."""
        return path

    def predict_named(self, picture: Image.Image | Path, file_name: str) -> Result:
        """Return the result of a picture under a name.

        Raises:
            DataError: a file that cannot be read.
        """
        window = self.tiling.window
        upright = picture if isinstance(picture, Path) else to_rgb(ImageOps.exif_transpose(picture), window)
        return self._look(upright, file_name)

    def _results(
        self, images: list[NamedImage] | list[Image.Image], skipped: list[Skipped]
    ) -> Iterator[Result]:
        pictures: Iterable[NamedImage | Image.Image] = images
        for number, image in enumerate(pictures, start=1):
            file_name = image.file_name if isinstance(image, NamedImage) else f"image{number}"
            try:
                yield self.predict_named(image.path if isinstance(image, NamedImage) else image, file_name)
            except DataError as error:
                skipped.append(Skipped(file_name, str(error)))

    def _look(self, source: Path | Image.Image, file_name: str) -> Result:
        with open_windows(source, self.tiling.window) as picture:
            size = picture.size
            regions = stitched_regions(self.net, picture, self.tiling, batch_size=self.batch_size)
        device = next(self.net.parameters()).device
        parts = (part[0] for part in pooled_with_weights(self.net, regions.to(device)))
        return Result(
            file_name, source, self.tiling.geometry(size), self.decision, *parts, window=self.tiling.window
        )
