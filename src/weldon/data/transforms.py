"""Pictures to tensors: resized with antialiasing, normalised, laid on a square canvas, never cropped."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor
from torchvision.transforms.v2 import functional as tv

from weldon.data.geometry import RESIZES, Geometry
from weldon.data.greys import Window
from weldon.errors import UsageError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


Size = tuple[int, int]  # width and height


class EvalTransform:
    """The picture as the network sees it, the same each time.

    Padding is 0 after normalisation, which is the mean colour.

    Args:
        image_size: side of the square canvas in pixels.
        resize: ``keep`` (aspect kept, picture in the upper left corner) or ``warp`` (stretched).
        mean: of the backbone's training set, three floats for values in [0, 1].
        std: likewise.
        window: how grey pictures of more than 8 bits are read before; see :func:`weldon.data.load_image`.

    Raises:
        UsageError: an option out of its range.
    """

    def __init__(
        self,
        image_size: int,
        resize: str = "keep",
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
        *,
        window: Window | None = None,
    ) -> None:
        if image_size < 1:
            raise UsageError(f"`image_size` must be at least 1, got {image_size!r}")
        if resize not in RESIZES:
            raise UsageError(f"`resize` must be one of {', '.join(RESIZES)}, got {resize!r}")
        self.image_size = image_size
        self.resize = resize
        self.mean = mean
        self.std = std
        self.window = window

    def __call__(
        self, image: Image.Image, generator: Generator | None = None, original: Size | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return the canvas ``(3, S, S)``, True on its real pixels ``(S, S)``, and the way back.

        Args:
            image: upright RGB.
            generator: source of all chance of the training transform, torch's own when None; not used here.
            original: width and height of the picture that the image was decoded from; None: its own.
        """
        pixels, mask, geometry = self.laid(image, generator, original)
        return normalised(pixels, self.mean, self.std, mask).contiguous(), mask, geometry

    def laid(
        self, image: Image.Image, generator: Generator | None = None, original: Size | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return the same before it is normalised, ``(3, S, S)`` uint8: a quarter of the bytes.

        A network of images normalises whole batches of them on its own device
        (:meth:`weldon.models.WeldonNet.prepared`).
        """
        geometry = Geometry(*(original or image.size), self.image_size, self.resize)
        return (*self._lay(_resized(image, geometry), geometry), geometry)

    def needed(self, width: int, height: int) -> Size | None:
        """Return how many pixels across and down are needed of a picture; None: all (tiles, crops)."""
        return Geometry(width, height, self.image_size, self.resize).valid

    def _lay(self, image: Image.Image, geometry: Geometry) -> tuple[Tensor, Tensor]:
        across, down = geometry.valid
        side = self.image_size
        canvas = torch.zeros(side, side, 3, dtype=torch.uint8)
        canvas[:down, :across] = torch.from_numpy(np.array(image))
        mask = torch.zeros(side, side, dtype=torch.bool)
        mask[:down, :across] = True
        return canvas.permute(2, 0, 1), mask  # colours of a pixel side by side, as convolutions take them


class TrainTransform(EvalTransform):
    """The picture with chance variation that leaves every labelled object in it: no crop.

    Args:
        image_size: side of the square canvas in pixels.
        resize: as in ``EvalTransform``.
        mean: as in ``EvalTransform``.
        std: as in ``EvalTransform``.
        window: as in ``EvalTransform``.
        flip: probability of a horizontal flip.
        jitter: brightness, contrast and saturation are each scaled by a factor in [1 - jitter, 1 + jitter].
        min_scale: the picture is drawn smaller by a factor from [min_scale, 1]; 1 switches this off.

    Raises:
        UsageError: an option out of its range.
    """

    def __init__(
        self,
        image_size: int,
        resize: str = "keep",
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
        *,
        window: Window | None = None,
        flip: float = 0.5,
        jitter: float = 0.2,
        min_scale: float = 1.0,
    ) -> None:
        super().__init__(image_size, resize, mean, std, window=window)
        if not 0 <= flip <= 1:
            raise UsageError(f"`flip` must be a probability in [0, 1], got {flip!r}")
        if not 0 <= jitter < 1:
            raise UsageError(f"`jitter` must be in [0, 1), got {jitter!r}")
        if not 0 < min_scale <= 1:
            raise UsageError(f"`min_scale` must be in (0, 1], got {min_scale!r}")
        self.flip = flip
        self.jitter = jitter
        self.min_scale = min_scale

    def laid(
        self, image: Image.Image, generator: Generator | None = None, original: Size | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return canvas, mask of real pixels, and the way back (of the picture before any flip).

        Args:
            image: upright RGB.
            generator: source of all chance; torch's own when None.
            original: width and height of the picture that the image was decoded from; None: its own.
        """
        chance = torch.rand(5, generator=generator).tolist()
        shrink = self.min_scale + (1 - self.min_scale) * chance[4]
        geometry = Geometry(*(original or image.size), self.image_size, self.resize, shrink)
        small = _resized(image, geometry)
        if chance[0] < self.flip:
            small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        factors = [1 + self.jitter * (2 * draw - 1) for draw in chance[1:4]]
        return (*self._lay(_recoloured(small, factors) if self.jitter else small, geometry), geometry)


def _resized(image: Image.Image, geometry: Geometry) -> Image.Image:
    # Pillow's bilinear filter widens with the reduction factor: it is antialiased.
    return image.resize(geometry.valid, Image.Resampling.BILINEAR)


def _recoloured(image: Image.Image, factors: list[float]) -> Image.Image:
    brightness, contrast, saturation = factors
    image = tv.adjust_brightness(image, brightness)
    image = tv.adjust_contrast(image, contrast)
    recoloured: Image.Image = tv.adjust_saturation(image, saturation)
    return recoloured


def normalised(
    pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...], mask: Tensor | None = None
) -> Tensor:
    """Return pixels as float in units of the backbone's own mean and deviation, padding as the mean colour.

    Args:
        pixels: ``(3, H, W)`` or ``(N, 3, H, W)`` uint8, on any device.
        mean: three floats for values in [0, 1].
        std: likewise.
        mask: ``(H, W)`` or ``(N, H, W)`` bool, True on real pixels; None: all are.

    Example:
        >>> grey = torch.full((3, 1, 1), 153, dtype=torch.uint8)
        >>> normalised(grey, (0.5, 0.5, 0.5), (0.1, 0.1, 0.2)).flatten()
        tensor([1.0000, 1.0000, 0.5000])
    """
    centre, spread = _colour_statistics(mean, std, str(pixels.device))
    values = pixels.float().div_(255).sub_(centre).div_(spread)
    return values if mask is None else values.masked_fill_(~mask.unsqueeze(-3), 0.0)


@cache
def _colour_statistics(mean: tuple[float, ...], std: tuple[float, ...], device: str) -> tuple[Tensor, Tensor]:
    """Mean and deviation ``(3, 1, 1)``, copied to a device once."""
    with torch.inference_mode(False):
        return tuple(torch.tensor(part, device=device).view(3, 1, 1) for part in (mean, std))  # type: ignore[return-value]
