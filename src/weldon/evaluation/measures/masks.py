"""Where, as a mask: mean IoU from one confusion matrix, without and with the dense CRF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weldon.data import load_image
from weldon.data.true_masks import BACKGROUND, IGNORED, TrueMasks
from weldon.evaluation.measures.measure import Figures, ImageMaps, by_class
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.metrics import class_iou, class_mean, confusion_matrix

Present = Callable[[ImageMaps], list[int]]  # which classes an image's mask may show, by number


class MaskMeasure:
    """Mean IoU of background and the classes in the true masks, one confusion matrix over the set.

    Args:
        masks: the true masks; an image without one is left out.
        settings: how maps become masks, chosen on other images.
        present: the classes among which the pixels are divided: those predicted, or those known to be there.
        crf: measure the refined masks too.
        min_positives: classes in fewer masks are left out of the mean.
    """

    def __init__(
        self,
        masks: TrueMasks,
        settings: MaskSettings,
        present: Present,
        *,
        crf: bool = False,
        min_positives: int = 1,
    ) -> None:
        self.masks, self.settings, self.present = masks, settings, present
        self.min_positives = min_positives
        labels = len(masks.labels)
        self.confusions = {name: torch.zeros(labels, labels, dtype=torch.long) for name in _names(crf)}
        self.images = torch.zeros(labels, dtype=torch.long)  # masks that hold each label
        self.measured = 0

    def update(self, answer: ImageMaps) -> None:
        """Draw the mask of one image as ``weldon predict`` does, and compare."""
        if answer.record.file_name not in self.masks:
            return
        size = (answer.geometry.width, answer.geometry.height)
        truth = self.masks.read(answer.record.file_name, size)
        self.images[held_labels(truth)] += 1
        self.measured += 1
        present = self.present(answer)
        for name, confusion in self.confusions.items():
            picture = load_image(answer.record.path) if name == "iou_crf" else None
            drawn = draw_mask(answer.maps, present, answer.geometry, self.settings, image=picture)
            self.confusions[name] = confusion + count_pixels(drawn, truth, len(confusion))

    def figures(self) -> Figures:
        """Return ``miou`` and, refined, ``miou_crf``; the classes in the mean; the settings."""
        counted = self.images >= max(1, self.min_positives)
        names = [name for name, yes in zip(self.masks.labels, counted.tolist(), strict=True) if yes]
        iou = {name: class_iou(confusion) for name, confusion in self.confusions.items()}
        overall: dict[str, Any] = {
            f"m{name}": float(class_mean(values[counted])) for name, values in iou.items()
        }
        overall |= {"masks": self.measured, "miou_classes": names}
        rows = by_class(self.masks.labels, **iou)
        overall["background"] = rows.pop(BACKGROUND)
        known = {*names, *self.masks.classes}
        return Figures(overall, {label: row for label, row in rows.items() if label in known})


def count_pixels(drawn: NDArray[np.uint8], truth: NDArray[np.uint8], labels: int) -> Tensor:
    """Return the confusion matrix ``(labels, labels)`` of one image, truth in rows."""
    return confusion_matrix(torch.from_numpy(drawn), torch.from_numpy(truth), labels)


def _names(crf: bool) -> tuple[str, ...]:
    return ("iou", "iou_crf") if crf else ("iou",)


def held_labels(truth: NDArray[np.uint8]) -> list[int]:
    """Return the numbers of the labels in a mask, those of ignored pixels apart."""
    return [number for number in np.unique(truth).tolist() if number != IGNORED]
