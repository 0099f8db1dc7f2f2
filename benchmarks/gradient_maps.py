"""Grad-CAM, Grad-CAM++ and LayerCAM of package grad-cam, over a network of weldon."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from weldon.data import Geometry
from weldon.data.geometry import upsample_map
from weldon.models import WeldonNet

METHODS = {"Grad-CAM": GradCAM, "Grad-CAM++": GradCAMPlusPlus, "LayerCAM": LayerCAM}


class Canvas(NamedTuple):
    pixels: Tensor  # (3, S, S)
    mask: Tensor  # (S, S)
    geometry: Geometry


class ScoresOnly(nn.Module):
    """The network as package grad-cam calls it: one tensor in, scores out; padding stays unpooled."""

    def __init__(self, net: WeldonNet) -> None:
        super().__init__()
        self.net = net
        self.mask: Tensor | None = None

    def forward(self, pixels: Tensor) -> Tensor:
        return self.net(pixels, self.mask)


class GradientMaps:
    """Maps of one class of one picture by a method of package grad-cam, at its last features.

    Args:
        method: a name of ``METHODS``.
        net: the network.
        whole_body: gradients of every weight, as with a network just loaded; False stops them at the last
            layer of the body, which gives the same maps in less time.
    """

    def __init__(self, method: str, net: WeldonNet, *, whole_body: bool = False) -> None:
        net.backbone.requires_grad_(whole_body)
        list(net.backbone.parameters())[-1].requires_grad_(True)
        self.model = ScoresOnly(net)
        self.cam = METHODS[method](model=self.model, target_layers=[net.backbone])

    def __call__(self, canvas: Canvas, class_number: int) -> Tensor:
        """Return the map ``(height, width)`` of the picture on the canvas, without padding."""
        self.model.mask = canvas.mask[None]
        values = self.cam(canvas.pixels[None], [ClassifierOutputTarget(class_number)])[0]  # (S, S)
        across, down = canvas.geometry.valid
        return torch.from_numpy(np.ascontiguousarray(values[:down, :across]))


@torch.no_grad()
def class_maps(net: WeldonNet, canvas: Canvas) -> Tensor:
    """Return our maps of all classes ``(C, height, width)`` of the picture on the canvas, from one pass."""
    _, maps = net(canvas.pixels[None], canvas.mask[None], return_maps=True)
    across, down = canvas.geometry.valid
    return upsample_map(maps[0], canvas.geometry, size=(down, across))
