"""Turn scores into probabilities and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from weldon.choice import meant, unknown_name
from weldon.errors import UsageError
from weldon.inference.mask_settings import MaskSettings
from weldon.runs.calibration_file import Calibration, probabilities

TASKS = ("multilabel", "multiclass")
# A region score of 5 is odds of 148 to 1 for a network trained with the logistic loss.
DEFAULT_MAP_SCALE = 5.0
BOX_THRESHOLD = 0.5


@dataclass(frozen=True)
class Decision:
    """What a trained network's scores mean: the classes, when each is predicted, and the colour of a map.

    Args:
        classes: names, in the order of the network's outputs.
        task: ``multilabel`` (each class on its own) or ``multiclass`` (exactly one).
        thresholds: score from which a class is predicted (multilabel); a class without one has 0.
        map_scale: map value of full colour, the same for every picture.
        box_threshold: share of a map's range that boxes are cut at.
        masks: how maps become masks.
        calibration: how scores become log odds; None leaves them as they are.

    Raises:
        UsageError: an unknown task, or a threshold of an unknown class.
    """

    classes: tuple[str, ...]
    task: str
    thresholds: Mapping[str, float]
    map_scale: float = DEFAULT_MAP_SCALE
    box_threshold: float = BOX_THRESHOLD
    masks: MaskSettings = field(default_factory=MaskSettings)
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UsageError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")
        strangers = sorted(set(self.thresholds) - set(self.classes))
        if strangers:
            raise UsageError(
                f"thresholds must be of the classes {', '.join(self.classes)}, got {strangers}"
                f"{meant(strangers[0], self.classes)}"
            )

    def index(self, class_name: str) -> int:
        """Return the position of a class.

        Raises:
            UsageError: no such class; the message lists them.
        """
        if class_name not in self.classes:
            raise unknown_name("class", class_name, self.classes)
        return self.classes.index(class_name)

    def probabilities(self, scores: Tensor) -> Tensor:
        """Return ``(C,)`` probabilities: a sigmoid each (multilabel) or a softmax over all (multiclass).

        Of the log odds that the calibration makes of the scores, where the run was calibrated.
        """
        return probabilities(scores if self.calibration is None else self.calibration(scores), self.task)

    def labels(self, scores: Tensor) -> list[str]:
        """Return the predicted classes, best first; always exactly one for multiclass.

        Example:
            >>> decision = Decision(("cat", "dog"), "multilabel", {"cat": 1.0})
            >>> decision.labels(torch.tensor([0.5, 0.5]))    # the cat's threshold is 1, the dog's 0
            ['dog']
        """
        ranked = [self.classes[i] for i in torch.argsort(scores, descending=True, stable=True).tolist()]
        if self.task == "multiclass":
            return ranked[:1]
        values = dict(zip(self.classes, scores.tolist(), strict=True))
        return [name for name in ranked if values[name] >= self.thresholds.get(name, 0.0)]
