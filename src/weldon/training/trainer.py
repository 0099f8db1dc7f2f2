"""The Lightning trainer of a run."""

from __future__ import annotations

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.callbacks import Interruption, MetricsTable, Patience, StepBar, TimeEstimate
from weldon.training.checkpoint_file import CheckpointFile
from weldon.training.machine import lightning_devices


def build_trainer(
    recipe: Recipe, run: RunDirectory, best: Callback, *, monitor: str, steps: int, progress: bool
) -> L.Trainer:
    """Return the trainer: device, precision, epochs, logs, and the checkpoint a resumed run starts from.

    Args:
        recipe: the options.
        run: where checkpoint and logs go.
        best: keeps the best weights.
        monitor: the validation figure that early stopping watches.
        steps: batches an epoch; the full-set ranking loss takes them all in one step of the optimiser.
        progress: show a progress bar.
    """
    options: dict[str, Any] = {"precision": recipe.precision, "strategy": recipe.strategy}
    return L.Trainer(
        **lightning_devices(recipe),
        num_nodes=recipe.nodes,
        max_epochs=recipe.epochs,
        callbacks=_callbacks(recipe, run, best, monitor, progress),
        plugins=[CheckpointFile()],
        logger=TensorBoardLogger(str(run.path), name="", version="tensorboard"),
        accumulate_grad_batches=steps if recipe.ranks_whole_set else 1,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=10,
        **options,
    )


def _callbacks(
    recipe: Recipe, run: RunDirectory, best: Callback, monitor: str, progress: bool
) -> list[Callback]:
    last = ModelCheckpoint(
        run.last.parent,
        run.last.stem,
        save_top_k=1,
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [best, MetricsTable(run.metrics), TimeEstimate(), Interruption(), last]
    if recipe.patience:
        callbacks.append(Patience(monitor, patience=recipe.patience, mode="max"))
    if progress:
        callbacks.append(StepBar())
    return callbacks
