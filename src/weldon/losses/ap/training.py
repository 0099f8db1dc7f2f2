"""Train with average precision: rank each batch, or the whole set before each epoch."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from weldon.class_options import Images, PositiveRate
from weldon.errors import UsageError
from weldon.losses.ap.full_set import FullSetAPLoss
from weldon.losses.ap.loss import APLoss
from weldon.losses.training_loss import Batch, TrainingLoss


class RankingTraining(TrainingLoss):
    """Rank images by :func:`ap_loss`; on max-pooled scores it is LAPSVM's loss.

    With ``ap_scope="batch"`` the images of a batch are ranked, of the joint batch across processes, and those
    remembered. With ``"set"`` all training images are, before each epoch, and its batches add up to one exact
    step: the network stays in evaluation mode and augmentation follows from epoch and image alone, so that
    both passes see the same scores.

    Args:
        ap_scope: rank within a batch, or exactly over the set.
        ap_memory: recent images that join the ranking of a batch.
        ap_scale: scale of the scores inside the AP loss.

    Raises:
        UsageError: options that do not go together.
    """

    tasks = ("multilabel",)
    weighs_images = False

    def __init__(
        self,
        *,
        ap_scope: Literal["batch", "set"] = "batch",
        ap_memory: Images = 0,
        ap_scale: PositiveRate = 1.0,
    ) -> None:
        if ap_scope == "set" and ap_memory:
            raise UsageError("ap_memory is for --ap-scope batch; the set scope ranks every image already")
        self.whole_set = ap_scope == "set"
        self.batch_loss = APLoss(scale=ap_scale, memory=ap_memory)
        self.set_loss = FullSetAPLoss(scale=ap_scale)
        self.batches = 1

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch; of the set, its part, times the batches whose mean is taken."""
        loss: Tensor = (
            self.set_loss(scores, batch["index"]) * self.batches
            if self.whole_set
            else self.batch_loss(scores, batch["target"], batch["known"])
        )
        return loss

    def rank_set(
        self, scores: Tensor, target: Tensor, known: Tensor, index: Tensor, *, batches: int
    ) -> Tensor:
        """Rank all training images and fix the coefficients of the epoch."""
        self.batches = batches
        return self.set_loss.fix(scores, target, known, index=index)

    def state_dict(self) -> dict[str, Any]:
        """Return the images remembered."""
        return self.batch_loss.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember the images of a checkpoint."""
        self.batch_loss.load_state_dict(state)
