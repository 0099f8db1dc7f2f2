"""Ten crops: corners, centre and their mirror images; what the paper's Table 6 compares with."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Generator, Tensor
from torchvision.transforms.v2 import functional as tv

from weldon.data.geometry import Geometry
from weldon.data.transforms import IMAGENET_MEAN, IMAGENET_STD, EvalTransform
from weldon.errors import UsageError
from weldon.models import WeldonNet

CROPS = 10


class TenCropTransform(EvalTransform):
    """Ten square views of a picture whose short side was scaled: four corners, centre, and these mirrored.

    Args:
        crop: side of a view, in pixels.
        short_side: of the scaled picture; 256 for 224, as usual, by default.
        mean: of the backbone's training set.
        std: likewise.

    Raises:
        UsageError: views larger than the scaled picture.
    """

    def __init__(
        self,
        crop: int,
        short_side: int | None = None,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
    ) -> None:
        super().__init__(crop, "warp", mean, std)
        self.short_side = round(crop * 256 / 224) if short_side is None else short_side
        if self.short_side < crop:
            raise UsageError(f"`short_side` must be at least `crop`, {crop}, got {short_side!r}")

    def __call__(
        self, image: Image.Image, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return the views ``(10, 3, S, S)``, a mask of real pixels (all), and the geometry of a warp.

        Args:
            image: upright RGB.
            generator: not used: nothing is left to chance.
        """
        scale = self.short_side / min(image.size)
        size = tuple(max(self.short_side, round(side * scale)) for side in image.size)
        scaled = image.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        views = torch.stack([tv.pil_to_tensor(view) for view in tv.ten_crop(scaled, self.image_size)])
        centre, spread = (torch.tensor(part).view(3, 1, 1) for part in (self.mean, self.std))
        mask = torch.ones(self.image_size, self.image_size, dtype=torch.bool)
        geometry = Geometry(image.width, image.height, self.image_size, "warp")
        return (views.float() / 255 - centre) / spread, mask, geometry


@torch.no_grad()
def ten_crop_scores(net: WeldonNet, views: Tensor) -> Tensor:
    """Average the scores of each picture's views.

    Args:
        net: in evaluation mode.
        views: ``(N, 10, 3, S, S)``.

    Returns:
        ``(N, C)``.
    """
    scores = net(views.flatten(0, 1))  # (N·10, C)
    averaged: Tensor = scores.view(*views.shape[:2], -1).mean(1)
    return averaged
