"""Weights for new images (``--refit``): learnt once more, from the training and the validation images."""

from __future__ import annotations

import logging
from dataclasses import replace

import lightning as L

from weldon.counted import counted
from weldon.data import encode_targets
from weldon.errors import UsageError
from weldon.models import RegionNet, save_model
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.callbacks import Interruption
from weldon.training.head_first import fit_head_first
from weldon.training.inputs.inputs import Prepared
from weldon.training.machine import lightning_devices
from weldon.training.module import TrainingModule
from weldon.training.run_loss import build_objective
from weldon.training.trainer import batches_a_step, build_loaders

log = logging.getLogger("weldon")


def refuse_refit(recipe: Recipe) -> None:
    """Refuse a refit by several processes.

    Raises:
        UsageError: ``--refit`` with more than one device or machine.
    """
    if recipe.refit and (recipe.devices, recipe.nodes) != (1, 1):
        raise UsageError(
            f"refit needs one process, got devices {recipe.devices} and nodes {recipe.nodes}: leave --refit "
            "out, or give --devices 1"
        )


def refit(recipe: Recipe, net: RegionNet, prepared: Prepared, run: RunDirectory, *, epochs: int) -> int:
    """Train ``net`` as the run was trained, on all its images but those of test, and save it for new images.

    The figures of the run stay those of the weights before: no image is left to measure these.

    Args:
        recipe: of the run, with every choice made.
        net: as it was before training; it is changed.
        prepared: the images, without the files that cannot be read.
        run: where the weights go.
        epochs: that the run took.

    Returns:
        how many images it learnt from.
    """
    joint = replace(prepared, train=prepared.train + prepared.val)
    sets = joint.inputs.datasets(recipe, net, joint)
    fit_head_first(recipe, net, joint)
    objective = build_objective(recipe, joint.task, *encode_targets(joint.train, joint.classes))
    module = TrainingModule(net, objective, recipe, joint.task, joint.classes)
    loaders = build_loaders(sets, recipe)
    log.info("refit: %s on all %d %s", counted(epochs, "epoch"), len(joint.train), joint.noun)
    steps = batches_a_step(objective, len(joint.train), recipe.batch_size)
    _trainer(recipe, epochs, steps).fit(module, datamodule=loaders)
    save_model(net, run.refit)
    log.info("%s is for new images; the figures are those of the weights before", run.refit.name)
    return len(joint.train)


def _trainer(recipe: Recipe, epochs: int, steps: int) -> L.Trainer:
    return L.Trainer(
        **lightning_devices(recipe),
        max_epochs=epochs,
        precision=recipe.precision,
        callbacks=[Interruption()],
        accumulate_grad_batches=steps,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
