"""What is timed on a processor and on a GPU alike: poolings, the AP loss, a training step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ap_loss import coco_like, learn
from taking_turns import Way
from weldon.losses import ap_loss, logistic_loss
from weldon.models import create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.pooling.highest_lowest import add_evidence

POOLED = (((16, 1000, 196), 50), ((32, 80, 784), 157), ((8, 1000, 576), 100), ((32, 20, 196), 39))


def pooling_ways(shape: tuple[int, int, int], k: int, *, backward: bool, device: str) -> dict[str, Way]:
    """Both means of the k highest and k lowest regions: ours, one sort, two times topk."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(shape, generator=generator).to(device).requires_grad_(backward)

    def by_sort(regions: Tensor) -> Tensor:
        ordered = regions.sort(dim=-1).values
        return (ordered[..., :k].mean(-1) + ordered[..., -k:].mean(-1)) / 2

    def by_topk(regions: Tensor) -> Tensor:
        high, low = (regions.topk(k, dim=-1, largest=side, sorted=False).values for side in (True, False))
        return (high.mean(-1) + low.mean(-1)) / 2

    def whole(pool: Callable[[Tensor], Tensor]) -> Way:
        return lambda: torch.autograd.grad(pool(scores).sum(), scores) if backward else pool(scores)

    ours = whole(lambda regions: add_evidence(regions, None, k, k))
    return {"ours": ours, "sort": whole(by_sort), "topk": whole(by_topk)}


def loss_ways(images: int, device: str) -> dict[str, Way]:
    """Forward and backward of the AP loss, beside the logistic loss, for 80 classes as frequent as COCO's."""
    scores, target = (part.to(device) for part in coco_like(images, torch.Generator().manual_seed(0)))
    return {
        "ours": learn(ap_loss, scores, target),
        "logistic": learn(F.binary_cross_entropy_with_logits, scores, target),
    }


def step_ways(name: str, *, side: int, batch: int, device: str, narrow: bool) -> dict[str, Way]:
    """One step of the optimiser for 20 classes: ours, ours with average pooling, and plain timm's loop."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 3, side, side, generator=generator).to(device)
    mask = torch.ones(batch, side, side, dtype=torch.bool, device=device)
    target = (torch.rand(batch, 20, generator=generator) < 0.1).float().to(device)
    ours = {
        pool: create_model(name, 20, weights="none", pool=pool, **options).to(device).train()
        for pool, options in (("weldon", {"k_max": 0.2}), ("avg", {}))
    }
    plain, last = (timm.create_model(name, num_classes=20).to(device).train() for _ in range(2))
    last = last.to(memory_format=torch.channels_last)
    swift = create_model(name, 20, weights="none", pool="weldon", k_max=0.2).to(device).train()
    swift.backbone.compile_pass()
    lasting = images.contiguous(memory_format=torch.channels_last)
    return {
        "ours": _step(ours["weldon"], lambda net: logistic_loss(net(images, mask), target), device, narrow),
        "ours, average": _step(
            ours["avg"], lambda net: logistic_loss(net(images, mask), target), device, narrow
        ),
        "ours, compiled": _step(swift, lambda net: logistic_loss(net(images, mask), target), device, narrow),
        "timm": _step(
            plain, lambda net: F.binary_cross_entropy_with_logits(net(images), target), device, narrow
        ),
        "timm, channels_last": _step(
            last, lambda net: F.binary_cross_entropy_with_logits(net(lasting), target), device, narrow
        ),
    }


def compiled_ways(side: int, batch: int) -> dict[str, Way]:
    """The backbone's pass over a batch of new images: as it is, and compiled."""
    images = torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(0))
    plain, swift = (create_model(DEFAULT_MODEL, 20, weights="none").eval() for _ in range(2))
    swift.backbone.compile_pass()
    passes = {"ours": plain, "ours, compiled": swift}
    return {name: torch.inference_mode()(partial(net.features, images)) for name, net in passes.items()}


def _step(net: nn.Module, loss: Callable[[nn.Module], Tensor], device: str, narrow: bool) -> Way:
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device.split(":", maxsplit=1)[0], torch.bfloat16, enabled=narrow):
            value = loss(net)
        value.backward()
        optimizer.step()

    return step
