"""The measures of pixels and masks, background and dense CRF chosen on declared masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weldon.data.true_masks import TrueMasks
from weldon.evaluation.context import EvaluationContext
from weldon.evaluation.measures import Figures, ImageMaps, MaskMeasure, Measure, PixelMeasure
from weldon.evaluation.measures.masks import Present
from weldon.evaluation.tune_masks import MaskTuner
from weldon.evaluation.tuning_images import read_declared, write_declared
from weldon.inference.decision import Decision
from weldon.inference.mask_settings import MaskSettings, mask_settings_from_json
from weldon.inference.settings import read_decision
from weldon.runs.stored import Segmentation


@dataclass(frozen=True)
class MaskOptions:
    """How masks are measured.

    Args:
        crf: measure masks refined by the dense CRF too.
        tune_crf: choose its parameters on declared masks.
        known_labels: divide the pixels of an image among its true classes, not among the predicted ones.
    """

    crf: bool = False
    tune_crf: bool = False
    known_labels: bool = False


@dataclass(frozen=True)
class SettingsUsed:
    """States with which settings masks were drawn, and what chose them; looks at no image."""

    settings: MaskSettings
    options: MaskOptions
    source: str
    trials: tuple[dict[str, Any], ...] = ()

    def update(self, answer: ImageMaps) -> None:
        """Do nothing."""

    def figures(self) -> Figures:
        """Return ``segmentation``."""
        stated = self.settings.to_json()
        if not self.options.crf:
            del stated["crf"]
        stated["labels"] = "known" if self.options.known_labels else "predicted"
        stated |= {"chosen_by": self.source, "trials": list(self.trials)}
        return Figures({"segmentation": stated})


def mask_measures(context: EvaluationContext, masks: TrueMasks, options: MaskOptions) -> list[Measure]:
    """Return what measures pixels and masks, and states how masks were drawn.

    Args:
        context: the run and its images.
        masks: the true masks.
        options: what to measure.
    """
    decision = read_decision(context.run)
    present = known_classes(decision) if options.known_labels else predicted_classes(decision)
    if any(record.file_name in masks for record in context.images.tuning):
        used = _tuned(context, MaskTuner(masks, present), options)
    else:
        used = _stored(context, options)
    drawn = MaskMeasure(masks, used.settings, present, crf=options.crf, min_positives=context.min_positives)
    return [PixelMeasure(masks), drawn, used]


def predicted_classes(decision: Decision) -> Present:
    """Return a function from an answer to the numbers of the predicted classes."""
    return lambda answer: [decision.index(name) for name in decision.labels(answer.scores)]


def known_classes(decision: Decision) -> Present:
    """Return a function from an answer to the numbers of the image's true classes."""
    return lambda answer: [decision.index(name) for name in sorted(answer.record.labels)]


def _stored(context: EvaluationContext, options: MaskOptions) -> SettingsUsed:
    path = context.run.segmentation
    stored = read_declared(Segmentation, path, context.images)
    if stored is None:
        return SettingsUsed(MaskSettings(), options, "defaults")
    return SettingsUsed(mask_settings_from_json(stored, source=str(path)), options, path.name)


def _tuned(context: EvaluationContext, tuner: MaskTuner, options: MaskOptions) -> SettingsUsed:
    """Choose on the declared masks; keep it in the run, unless true labels helped, which predictions lack."""
    for answer in context.scorer.score(context.images.tuning, task="declared masks"):
        tuner.update(answer)
    settings, trials = tuner.choose_background()
    if options.tune_crf:
        settings, refined = tuner.choose_crf(settings)
        trials += refined
    source = str(context.tune_on)
    if not options.known_labels:
        values = {**settings.to_json(), "trials": trials}
        write_declared(context.run.segmentation, values, context.images, source=source)
    return SettingsUsed(settings, options, source, tuple(trials))
