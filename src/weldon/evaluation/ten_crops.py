"""Measure a run on ten crops of each image: ``weldon val --ten-crops``."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Generator, Tensor
from torch.utils.data import DataLoader
from torchvision.transforms.v2 import functional as tv

from weldon.data import ImageDataset, collate
from weldon.data.geometry import Geometry
from weldon.data.greys import Window
from weldon.data.transforms import IMAGENET_MEAN, IMAGENET_STD, EvalTransform, Size
from weldon.errors import DataError, UsageError
from weldon.evaluation.measures.classes import class_measure, figures_of_scores
from weldon.evaluation.options import EvaluationOptions
from weldon.evaluation.scorer import shown
from weldon.evaluation.selection import choose_images
from weldon.inference.loading import load_image_network
from weldon.losses import Batch
from weldon.models import WeldonNet
from weldon.runs.run_directory import RunDirectory
from weldon.stopping import leave_to_parent
from weldon.training.scoring import score_batches

CROPS = 10


class TenCropTransform(EvalTransform):
    """Ten square views of a picture whose short side was scaled: four corners, centre, and these mirrored.

    Args:
        crop: side of a view, in pixels.
        short_side: of the scaled picture; 256 for 224, as usual, by default.
        mean: of the backbone's training set.
        std: likewise.
        window: as in ``EvalTransform``.

    Raises:
        UsageError: views larger than the scaled picture.
    """

    def __init__(
        self,
        crop: int,
        short_side: int | None = None,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
        *,
        window: Window | None = None,
    ) -> None:
        super().__init__(crop, "warp", mean, std, window=window)
        self.short_side = round(crop * 256 / 224) if short_side is None else short_side
        if self.short_side < crop:
            raise UsageError(f"`short_side` must be at least `crop`, {crop}, got {short_side!r}")

    def needed(self, width: int, height: int) -> Size | None:
        """Return None: views are cut from all pixels."""
        return None

    def __call__(
        self, image: Image.Image, generator: Generator | None = None, original: Size | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return the views ``(10, 3, S, S)``, a mask of real pixels (all), and the geometry of a warp.

        Args:
            image: upright RGB.
            generator: not used: nothing is left to chance.
            original: not used: views are cut from all pixels.
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


def evaluate_ten_crops(
    run: RunDirectory, options: EvaluationOptions, *, crop: int | None = None
) -> dict[str, Any]:
    """Measure a run with the scores of ten crops averaged, in place of one look at the whole image.

    Args:
        run: a run directory.
        options: what is measured.
        crop: side of a view in pixels; None: the run's image size. The short side of the picture is scaled to
            8/7 of it, 256 for 224.

    Raises:
        UsageError: no image in the split.
    """
    recipe = run.recipe
    if recipe.tile is not None:
        raise UsageError(f"ten crops cannot be used with {run.path}: it sees pictures in their own pixels")
    records = choose_images(run, recipe, options.data, labels=options.labels, split=options.split).measured
    net = load_image_network(run, device=options.device)
    side, body = crop or recipe.image_size, net.backbone
    transform = TenCropTransform(side, None, body.mean, body.std, window=recipe.window)
    images = ImageDataset(records, run.class_names, transform)
    size = max(1, recipe.batch_size // CROPS)
    workers = recipe.reader_count
    batches = shown(
        DataLoader(images, size, collate_fn=collate, num_workers=workers, worker_init_fn=leave_to_parent),
        "ten crops",
        progress=options.progress,
    )
    parts = [(scores, batch["index"]) for batch, (scores,) in score_batches(net, batches, _of_batch)]
    if not parts:
        raise DataError(f"none of the {len(records)} images to measure can be read: `weldon check` says why")
    scores, numbers = (torch.cat(column) for column in zip(*parts, strict=True))
    measure = class_measure(records, run.class_names, task=recipe.task, min_positives=options.min_positives)
    return figures_of_scores(scores, numbers, measure)


def _of_batch(net: WeldonNet, batch: Batch) -> tuple[Tensor]:
    return (ten_crop_scores(net, batch["image"]),)
