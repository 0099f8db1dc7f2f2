"""What happens beside the steps: best weights, one line an epoch, a table of figures, a time estimate."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping, RichProgressBar
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher
from torch import Tensor

from weldon.progress import spell_seconds
from weldon.runs.metrics_file import write_epoch
from weldon.stopping import stop
from weldon.training.module import TrainingModule

log = logging.getLogger("weldon")


class BestWeights(L.Callback):
    """Keep the network whenever the validation figure improves, and remember the epoch.

    Where the backbone is frozen, writing it each time takes a quarter of an epoch. Then the weights that
    learn stay in memory, and in the checkpoint of every epoch, and the file is written in the first epoch and
    when training ends or is stopped.

    Args:
        save: writes the network of a module, which is the best so far.
    """

    def __init__(self, save: Callable[[TrainingModule], None]) -> None:
        self.save = save
        self.value = float("-inf")
        self.epoch = -1
        self.unsaved: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Compare this epoch's figure with the best so far."""
        assert isinstance(pl_module, TrainingModule)
        value = float(trainer.callback_metrics[pl_module.monitor])
        if trainer.sanity_checking or (self.epoch >= 0 and not value > self.value):
            return
        first, self.value, self.epoch = self.epoch < 0, value, trainer.current_epoch
        if not trainer.is_global_zero:
            return
        fixed = pl_module.net.fixed_names()
        if first or not fixed:
            self.save(pl_module)
        else:
            state = pl_module.net.state_dict()
            self.unsaved = {name: state[name].clone() for name in state if name not in fixed}

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the best weights that are in memory only; the network has them from then on."""
        assert isinstance(pl_module, TrainingModule)
        if self.unsaved and trainer.is_global_zero:  # a resumed run gives them to every process
            pl_module.net.load_state_dict(self.unsaved, strict=False)
            self.save(pl_module)
            self.unsaved = {}

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Write them where training is stopped as well."""
        self.on_train_end(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"value": self.value, "epoch": self.epoch, "unsaved": self.unsaved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where a run stopped; with a checkpoint of an earlier version the file has all."""
        self.value, self.epoch = state_dict["value"], state_dict["epoch"]
        self.unsaved = state_dict.get("unsaved", {})


class MetricsTable(L.Callback):
    """Append one row an epoch to a CSV file; rows of epochs that are run again are replaced.

    Args:
        path: the CSV file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = time.monotonic()

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the epoch's clock."""
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the table with this epoch's row and log it as one line."""
        if not trainer.is_global_zero:
            return
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row: dict[str, Any] = {
            "epoch": trainer.current_epoch,
            **figures,
            "seconds": time.monotonic() - self.started,
        }
        write_epoch(self.path, row)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        log.info("epoch %d/%d  %s  %.1f s", row["epoch"] + 1, trainer.max_epochs or 0, shown, row["seconds"])


class Patience(EarlyStopping):
    """Stop where the validation figure no longer rises; a run that had stopped stays so when resumed."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Look at what the checkpoint remembers, before a step is made."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


class StepBar(RichProgressBar):
    """The steps of an epoch, and nothing beside them: the figures have a line of their own."""

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        """Return no figure; Lightning's own would be the end of the logger's name."""
        return {}

    def _get_train_description(self, current_epoch: int) -> str:
        counted = f"epoch {current_epoch + 1}/{self.trainer.max_epochs}"  # from 1, as the lines have it
        return counted.ljust(len(self.validation_description))


class Interruption(L.Callback):
    """Leave at once and with everybody when a signal comes or something breaks.

    Lightning would go on to the end of a batch after SIGTERM and then leave as if all were well; and the
    processes that it started would wait for one that is no more.
    """

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take back the signal that Lightning has just taken, where it was ours before."""
        handler = signal.getsignal(signal.SIGTERM)
        if stop in getattr(handler, "signal_handlers", ()):
            signal.signal(signal.SIGTERM, stop)

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """End the processes that this one started."""
        launcher = trainer.strategy.launcher
        if isinstance(launcher, _SubprocessScriptLauncher):
            launcher.kill(signal.SIGTERM)


class TimeEstimate(L.Callback):
    """Say after a few steps how long the run will take.

    Args:
        after: steps to watch before speaking.
    """

    def __init__(self, after: int = 5) -> None:
        self.after = after
        self.seen = 0
        self.started = 0.0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Watch the first steps; the very first is left out, it pays for warming up."""
        if self.seen == 0:
            self.started = time.monotonic()
        if self.seen == self.after:
            step = (time.monotonic() - self.started) / self.after
            left = step * (float(trainer.num_training_batches) * (trainer.max_epochs or 1) - self.after)
            log.info("about %s of training steps ahead (%.2f s a step)", spell_seconds(left), step)
        self.seen += 1
