"""The two Gaussian kernels of the dense CRF over pixels: positions alone, and positions with colours."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor

from weldon.inference.gaussian_kernel import GaussianKernel, gaussian_kernel


def bilateral_kernel(
    image: Tensor, *, sigma: float, colour_sigma: float, dtype: torch.dtype = torch.float32
) -> GaussianKernel:
    """Return the kernel between pixels that are near each other and alike in colour.

    Args:
        image: ``(N, 3, H, W)`` uint8, pictures that do not see each other.
        sigma: of positions, pixels.
        colour_sigma: of colours, levels of 0..255.
        dtype: of the values to filter.
    """
    features = pixel_features(image, sigma=sigma, colour_sigma=colour_sigma)
    return gaussian_kernel(features, groups=len(image)).to(dtype)


class SpatialKernels:
    """The kernels between pixels that are near each other; those of the latest sizes are kept.

    They depend on the pictures' size only. One of these may serve several models.

    Args:
        remember: how many to keep; each takes about 50 to 150 bytes a pixel.
    """

    def __init__(self, *, remember: int = 8) -> None:
        self.remember = remember
        self._kept: OrderedDict[tuple[object, ...], GaussianKernel] = OrderedDict()

    def __call__(self, image: Tensor, *, sigma: float, dtype: torch.dtype = torch.float32) -> GaussianKernel:
        """Return the kernel for pictures ``(N, 3, H, W)``, arguments as in :func:`bilateral_kernel`."""
        key = (len(image), *image.shape[-2:], image.device, sigma, dtype)
        kernel = self._kept.pop(key, None)
        if kernel is None:
            kernel = gaussian_kernel(pixel_features(image, sigma=sigma), groups=len(image)).to(dtype)
        self._kept[key] = kernel  # the latest is the last
        if len(self._kept) > self.remember:
            self._kept.popitem(last=False)
        return kernel


def pixel_features(image: Tensor, *, sigma: float, colour_sigma: float | None = None) -> Tensor:
    """Return positions x, y and, with ``colour_sigma``, colours r, g, b of pixels in standard deviations.

    Divided by tensors, not numbers: CUDA would multiply by the inverse of a number, and the last bit decides
    on which side of a border a pixel falls.

    Args:
        image: ``(N, 3, H, W)`` uint8.
        sigma: of positions, pixels.
        colour_sigma: of colours, levels; None leaves colours out.

    Returns:
        ``(2, N * H * W)`` or ``(5, N * H * W)`` float32, on the image's device.

    Example:
        >>> pixel_features(torch.zeros(1, 3, 2, 2, dtype=torch.uint8), sigma=2.0)
        tensor([[0.0000, 0.5000, 0.0000, 0.5000],
                [0.0000, 0.0000, 0.5000, 0.5000]])
    """
    images, channels, height, width = image.shape
    place = torch.tensor(sigma, dtype=torch.float32, device=image.device)
    y = (torch.arange(height, device=image.device) / place)[:, None]
    x = torch.arange(width, device=image.device) / place
    features = x.new_empty(2 if colour_sigma is None else 2 + channels, images, height, width)
    features[0] = x
    features[1] = y
    if colour_sigma is not None:
        torch.div(image.movedim(1, 0), torch.full_like(place, colour_sigma), out=features[2:])
    return features.view(len(features), -1)  # (d, N * H * W)
