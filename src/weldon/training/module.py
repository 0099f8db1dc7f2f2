"""What one training step and one validation pass do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses import Batch, Objective, TrainingLoss
from weldon.metrics import AveragePrecision, TopKAccuracy
from weldon.models import RegionNet
from weldon.models.checkpoint import tensors_checksum
from weldon.runs.recipe import Recipe
from weldon.training.scoring import score_batch, score_set


def rate_factor(step: int, total: int, *, warmup: float, schedule: str) -> float:
    """Return the factor on the learning rate at ``step`` of ``total``.

    It rises linearly over the first ``warmup`` share of the steps; then it falls to 0 along half a cosine,
    or by 10 at 60 % and at 85 % (``step``), or stays (``constant``).

    Example:
        >>> [round(rate_factor(s, 10, warmup=0.2, schedule="cosine"), 2) for s in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = math.ceil(warmup * total)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, total - rising)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    if schedule == "step":
        return 0.1 ** ((done >= 0.6) + (done >= 0.85))
    return 1.0


OBJECTIVE = "objective"  # places in a checkpoint
CLASSES = "classes"
FIXED = "fixed"


def fixed_checksum(net: RegionNet) -> str:
    """Return one checksum of all that training does not change."""
    fixed = net.fixed_names()
    return tensors_checksum({name: value for name, value in net.state_dict().items() if name in fixed}, "")


def seed_here(seed: int, device: torch.device) -> None:
    """Seed the processor and the device of the run.

    ``torch.manual_seed`` asks every kind of device, those that are not there as well, and takes 5 ms for it.
    """
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


class TrainingModule(L.LightningModule):
    """Train a network with an objective; report validation mAP (several labels) or accuracy (one label).

    Args:
        net: the network.
        objective: scores ``(N, C)`` and batch to a loss.
        recipe: optimiser, rates and schedule.
        task: ``multilabel`` or ``multiclass``; decides which figure chooses the best epoch.
        class_names: in the order of the scores; they are kept with the weights.
    """

    def __init__(
        self,
        net: RegionNet,
        objective: Objective,
        recipe: Recipe,
        task: str,
        class_names: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.net, self.objective, self.recipe = net, objective, recipe
        self.class_names = tuple(class_names)
        self.monitor = "val/map" if task == "multilabel" else "val/accuracy"
        self.precision_of_classes = AveragePrecision(net.num_classes)
        self.accuracy = TopKAccuracy(net.num_classes) if task == "multiclass" else None

    @cached_property
    def _fixed(self) -> frozenset[str]:
        return self.net.fixed_names()

    @cached_property
    def _fixed_checksum(self) -> str:
        return fixed_checksum(self.net)

    def on_train_epoch_start(self) -> None:
        """Score all training images for a loss that ranks the whole set."""
        if isinstance(self.objective, TrainingLoss) and self.objective.whole_set:
            loader: Any = self.trainer.datamodule.every_train_batch()  # type: ignore[attr-defined]
            seen = score_set(self.net, loader)
            value = self.objective.rank_set(
                seen.scores, seen.target, seen.known, seen.index, batches=len(loader)
            )
            self.log("train/set_loss", value)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of one batch; dropout follows from seed, process, epoch and batch alone."""
        chance = (self.recipe.seed, self.global_rank, self.current_epoch, batch_index)
        seed_here(int(np.random.SeedSequence(chance).generate_state(1)[0]), self.device)  # as a resumed run
        loss = self.objective(score_batch(self.net, batch), batch)
        size = len(batch["target"])
        self.log(
            "train/loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=size, sync_dist=True
        )
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Score one batch for the epoch's figures."""
        scores = score_batch(self.net, batch).float()
        if scores.isnan().any():
            raise UsageError(
                f"training diverged in epoch {self.current_epoch + 1}, the scores are no numbers: lower "
                f"--lr (it was {self.recipe.learning_rate:g}), --lrp or --weight-decay"
            )
        self.precision_of_classes.update(scores, batch["target"], batch["known"], index=batch["index"])
        if self.accuracy is not None:
            self.accuracy.update(scores, batch["target"].argmax(1), index=batch["index"])

    def on_validation_epoch_end(self) -> None:
        """Log the figures of the epoch; classes without a positive image do not count."""
        self.log("val/map", self.precision_of_classes.compute().nanmean(), prog_bar=True, sync_dist=True)
        self.precision_of_classes.reset()
        if self.accuracy is not None:
            self.log("val/accuracy", self.accuracy.compute(), prog_bar=True, sync_dist=True)
            self.accuracy.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the names of the classes, so that nothing can exchange them, and what the loss remembers.

        A frozen backbone is left out, which took longer to write than an epoch to learn; its checksum stays.
        """
        checkpoint[CLASSES] = list(self.class_names)
        if self._fixed:
            checkpoint[FIXED] = self._fixed_checksum
            for name in self._fixed:
                checkpoint["state_dict"].pop(f"net.{name}", None)
        if isinstance(self.objective, TrainingLoss):
            checkpoint[OBJECTIVE] = self.objective.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Give the loss back what it remembered, and the state the frozen backbone that is not in it."""
        if FIXED in checkpoint:
            own = self.net.state_dict()
            checkpoint["state_dict"] |= {f"net.{name}": own[name] for name in self._fixed}
        if isinstance(self.objective, TrainingLoss) and OBJECTIVE in checkpoint:
            self.objective.load_state_dict(checkpoint[OBJECTIVE])

    def configure_optimizers(self) -> Any:
        """Return the optimiser, with ``lrp`` on the body, and the schedule by step."""
        recipe = self.recipe
        groups = self.net.parameter_groups(recipe.learning_rate, recipe.lrp, recipe.decay_rate)
        optimizer: torch.optim.Optimizer = (
            torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum)
            if recipe.optimizer == "sgd"
            else torch.optim.AdamW(groups, lr=recipe.learning_rate)
        )
        steps = int(self.trainer.estimated_stepping_batches)
        factor = partial(rate_factor, total=steps, warmup=recipe.warmup, schedule=recipe.schedule)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
