"""Measure the IoU of drawn masks, with and without the dense CRF, in one confusion matrix over the set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from weldon.data import load_image
from weldon.data.greys import Window
from weldon.data.true_masks import BACKGROUND, TrueMasks
from weldon.errors import UsageError
from weldon.evaluation.measures.measure import Figures, ImageMaps, MeasureKind, by_class
from weldon.evaluation.tune_masks import MaskTuner, Present
from weldon.evaluation.tuning_images import read_tuned, write_tuned
from weldon.inference.decision import Decision
from weldon.inference.mask_settings import MaskSettings, draw_mask, mask_settings_from_json
from weldon.inference.settings import read_decision
from weldon.metrics import ConfusionMatrix, class_iou, class_mean
from weldon.runs.tuned_files import Segmentation
from weldon.void import VOID

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext


@dataclass(frozen=True)
class SettingsUsed:
    """With which settings masks are drawn, and what chose them.

    Args:
        settings: how maps become masks.
        chosen_by: the tuning images, a file of the run, or ``defaults``.
        trials: what was tried on the tuning images.
    """

    settings: MaskSettings
    chosen_by: str
    trials: tuple[dict[str, Any], ...] = ()

    def to_json(self, *, crf: bool, known_labels: bool) -> dict[str, Any]:
        """Return ``segmentation`` of the JSON output."""
        stated = self.settings.to_json()
        if not crf:
            del stated["crf"]
        stated["labels"] = "known" if known_labels else "predicted"
        return stated | {"chosen_by": self.chosen_by, "trials": list(self.trials)}


class MaskMeasure:
    """Mean IoU of background and the classes in the true masks, one confusion matrix over the set.

    Args:
        masks: the true masks; an image without one is left out.
        settings: how maps become masks, chosen on other images.
        present: the classes among which the pixels are divided: those predicted, or those known to be there.
        crf: measure the refined masks too.
        min_positives: classes in fewer masks are left out of the mean.
        stated: what the figures say about the settings, as ``segmentation``.
        window: how the pictures are read for the CRF.
    """

    def __init__(
        self,
        masks: TrueMasks,
        settings: MaskSettings,
        present: Present,
        *,
        crf: bool = False,
        min_positives: int = 1,
        stated: Mapping[str, Any] | None = None,
        window: Window | None = None,
    ) -> None:
        self.masks, self.settings, self.present, self.window = masks, settings, present, window
        self.min_positives, self.stated = min_positives, stated
        labels = len(masks.labels)
        self.confusions = {name: ConfusionMatrix(labels) for name in ("iou", "iou_crf")[: 1 + crf]}
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
            picture = load_image(answer.record.path, self.window) if name == "iou_crf" else None
            drawn = draw_mask(answer.maps, present, answer.geometry, self.settings, image=picture)
            confusion.update(
                [torch.from_numpy(drawn)], [torch.from_numpy(truth)], index=torch.tensor([answer.number])
            )

    def figures(self) -> Figures:
        """Return ``miou`` and, refined, ``miou_crf``; the classes in the mean; the settings."""
        counted = self.images >= max(1, self.min_positives)
        names = [name for name, yes in zip(self.masks.labels, counted.tolist(), strict=True) if yes]
        iou = {name: class_iou(confusion.compute()) for name, confusion in self.confusions.items()}
        overall: dict[str, Any] = {
            f"m{name}": float(class_mean(values[counted])) for name, values in iou.items()
        }
        overall |= {"masks": self.measured, "miou_classes": names}
        rows = by_class(self.masks.labels, **iou)
        overall["background"] = rows.pop(BACKGROUND)
        if self.stated is not None:
            overall["segmentation"] = dict(self.stated)
        known = {*names, *self.masks.classes}
        return Figures(overall, {label: row for label, row in rows.items() if label in known})


def held_labels(truth: NDArray[np.uint8]) -> list[int]:
    """Return the numbers of the labels in a mask, those of void pixels apart."""
    return [number for number in np.unique(truth).tolist() if number != VOID]


def predicted_classes(decision: Decision) -> Present:
    """Return a function from an answer to the numbers of the predicted classes."""
    return lambda answer: [decision.index(name) for name in decision.labels(answer.scores)]


def known_classes(decision: Decision) -> Present:
    """Return a function from an answer to the numbers of the image's true classes."""
    return lambda answer: [decision.index(name) for name in sorted(answer.record.labels)]


def describe_masks(figures: Mapping[str, Any]) -> list[str]:
    """Say how masks were drawn.

    Example:
        >>> used = {"background": 0.5, "relative": True, "labels": "predicted", "chosen_by": "defaults"}
        >>> describe_masks({"segmentation": used})
        ["masks of the predicted classes; background 0.5 of a map's range (defaults)"]
    """
    if "segmentation" not in figures:
        return []
    used = figures["segmentation"]
    scale = "of a map's range" if used["relative"] else "as a score"
    background = f"background {used['background']:.3g} {scale}"
    crf = used.get("crf")
    refined = f"; CRF {', '.join(f'{name} {value:.3g}' for name, value in crf.items())}" if crf else ""
    return [f"masks of the {used['labels']} classes; {background} ({used['chosen_by']}){refined}"]


def _build(context: EvaluationContext) -> MaskMeasure | None:
    masks, flags = context.truth.masks, context.flags
    if masks is None:
        return None
    crf, known = bool(flags.get("crf") or flags.get("tune_crf")), bool(flags.get("known_labels"))
    decision = read_decision(context.run)
    present = known_classes(decision) if known else predicted_classes(decision)
    window = context.run.recipe.window
    if any(record.file_name in masks for record in context.images.tuning):
        used = _tuned(context, MaskTuner(masks, present, window))
    else:
        used = _stored(context)
    return MaskMeasure(
        masks,
        used.settings,
        present,
        crf=crf,
        min_positives=context.options.min_positives,
        stated=used.to_json(crf=crf, known_labels=known),
        window=window,
    )


def _stored(context: EvaluationContext) -> SettingsUsed:
    path = context.run.segmentation
    stored = read_tuned(Segmentation, path, context.images)
    if stored is None:
        return SettingsUsed(MaskSettings(), "defaults")
    return SettingsUsed(mask_settings_from_json(stored, source=str(path)), path.name)


def _tuned(context: EvaluationContext, tuner: MaskTuner) -> SettingsUsed:
    """Choose on the tuning images; keep it in the run, unless true labels helped, which predictions lack."""
    for answer in context.scorer.score(context.images.tuning, task="tuning masks"):
        tuner.update(answer)
    settings, trials = tuner.choose_background()
    if context.flags.get("tune_crf"):
        settings, refined = tuner.choose_crf(settings)
        trials += refined
    if not context.flags.get("known_labels"):
        write_tuned(context.run.segmentation, {**settings.to_json(), "trials": trials}, context.images)
    return SettingsUsed(settings, str(context.images.tune_on), tuple(trials))


def _refuse(flags: Mapping[str, Any]) -> None:
    if flags.get("tune_crf") and not (flags.get("tune_on") and flags.get("masks")):
        raise UsageError("tune_crf needs masks, and tune_on to say which of them may be used for it")


MEASURE = MeasureKind(
    _build,
    columns={"iou": "IoU", "iou_crf": "IoU with CRF"},
    recipe_figures={"miou": {}, "miou_crf": {"tune_crf": True}},
    describe=describe_masks,
    refuse=_refuse,
)
