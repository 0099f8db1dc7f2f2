"""The network as a graph of two tensors in and two out, and the check that a written one equals it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from weldon.errors import WeldonError
from weldon.models import WeldonNet

Run = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

_TRACED = (
    2  # images; the check takes other numbers, since a graph must not remember the one it was traced with
)
_CHECKED = (3, 1)


class Graph(nn.Module):
    """The network as a function of image and mask: a copy, on the CPU, in evaluation mode.

    Args:
        net: the network.
        image_size: the one size of images the graph is for; None keeps the network as it is.
    """

    def __init__(self, net: WeldonNet, image_size: int | None = None) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).cpu().float().eval().requires_grad_(False)
        if image_size is not None:
            self.net.backbone.fix_size(image_size)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores ``(N, C)`` and maps ``(N, C, h, w)``."""
        answer: tuple[Tensor, Tensor] = self.net(image, mask, return_maps=True)
        return answer


def trace(net: WeldonNet, image_size: int) -> torch.export.ExportedProgram:
    """Trace the network for one size of images and any number of them.

    Raises:
        WeldonError: torch cannot trace this backbone.
    """
    batch = torch.export.Dim("batch", min=1)
    try:
        return torch.export.export(
            Graph(net, image_size),
            random_inputs(_TRACED, image_size),
            dynamic_shapes={"image": {0: batch}, "mask": {0: batch}},
        )
    except Exception as error:
        raise WeldonError(
            f"torch cannot trace {net.backbone.name}; export it as hub. It says: {error}"
        ) from error


def measure_difference(net: WeldonNet, written: Run, image_size: int) -> float:
    """Return the largest difference of scores and maps on random images with random masks; NaN if any is."""
    reference = Graph(net)
    differences: list[Tensor] = []
    with torch.no_grad():
        for number in _CHECKED:
            image, mask = random_inputs(number, image_size)
            pairs = zip(reference(image, mask), written(image, mask), strict=True)
            differences += [(expected - given).abs().max() for expected, given in pairs]
    return float(torch.stack(differences).max())


def random_inputs(number: int, side: int) -> tuple[Tensor, Tensor]:
    """Return seeded images ``(N, 3, S, S)``, and masks of pictures laid into the upper left corner."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(number, 3, side, side, generator=generator)
    extents = torch.randint(side // 2, side + 1, (number, 2, 1), generator=generator)
    pixels = torch.arange(side)
    down, across = pixels < extents[:, 0], pixels < extents[:, 1]  # (N, S)
    return image, down[:, :, None] & across[:, None, :]  # (N, S, S)
