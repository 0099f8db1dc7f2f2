"""Train: from a table of labels to a run directory."""

from __future__ import annotations

import contextlib
import copy
import logging
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.exceptions import SIGTERMException

from weldon.data import encode_targets
from weldon.data.decode import allowing_pixels
from weldon.data.stores import absolute
from weldon.device import keep_freed_memory, leaving_a_core
from weldon.errors import UsageError
from weldon.losses import TrainingLoss
from weldon.models import RegionNet, save_model
from weldon.runs.claim import Claim, claimed, is_first_process
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.runs.run_log import logging_to, told_once
from weldon.stopping import Stopped, stoppable
from weldon.training.callbacks import BestWeights
from weldon.training.continuation import as_begun, read_best, refuse_damage, refuse_lost, resumed_recipe
from weldon.training.frozen_head import refuse_auto_k, search_recipe, searches
from weldon.training.head_first import fit_head_first, say_what_it_reaches
from weldon.training.head_search import Trials
from weldon.training.inputs.inputs import Prepared, Sets
from weldon.training.inputs.prepare import prepare, prepare_again
from weldon.training.loggers import build_loggers, finish, refuse_absent_loggers
from weldon.training.machine import refuse_what_is_not_here
from weldon.training.module import TrainingModule
from weldon.training.plan import describe, describe_training
from weldon.training.refit import refit, refuse_refit
from weldon.training.run_loss import build_objective, other_losses, refuse_weights
from weldon.training.trainer import batches_a_step, build_loaders, build_trainer
from weldon.training.write_run import write_end, write_start

log = logging.getLogger("weldon")


def train(
    data: str | Path,
    labels: str | Path | None = None,
    *,
    out: str | Path | None = None,
    config: str | Path | None = None,
    preset: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool | None = None,
    **options: Any,
) -> RunDirectory:
    """Train on image-level labels and return the run directory.

    Args:
        data: folder of images, a VOC devkit, shards (a folder or an ``s3://`` address), or bags (a table or a
            folder of arrays).
        labels: table of labels; None reads them from ``data``.
        out: folder of the run; None takes the first free of ``runs/train``, ``runs/train2``, ….
        config: TOML file with options; those given here win.
        preset: ``quick``, ``best`` or ``paper``: options under those of ``config``
            (:mod:`weldon.runs.recipe_file`).
        resume: go on with the interrupted run in ``out``, with its own recipe.
        overwrite: replace the run in ``out``, once the new one is finished; with ``resume``, go on with a
            replacement that was interrupted.
        progress: show a progress bar; None shows one on a terminal.
        **options: the fields of :class:`weldon.runs.recipe.Recipe`.

    Raises:
        UsageError: an option that cannot be used.
        DataError: labels or files that cannot be used, listed with file and row.
    """
    given = {
        **options,
        "data": absolute(data),
        "labels": Path(labels).absolute() if labels is not None else None,
    }
    if isinstance(table := options.get("corrections"), str | Path):
        given["corrections"] = Path(table).absolute()
    with (
        stoppable(signal.SIGTERM),
        claimed(Path(out) if out is not None else None, resume=resume, overwrite=overwrite) as claim,
        logging_to(claim.run.log) if is_first_process() else contextlib.nullcontext(),
    ):
        if resume:
            recipe = resumed_recipe(claim.run, given, config, preset)
        else:
            recipe = build_recipe(given, config, preset)
        refuse_what_is_not_here(recipe)
        refuse_absent_loggers(recipe)
        try:
            with allowing_pixels(recipe.max_pixels):
                _train(recipe, claim, progress=sys.stdout.isatty() if progress is None else progress)
        except (KeyboardInterrupt, SystemExit) as stop:
            raise _explained(stop, claim) from None
    return claim.home


@dataclass(frozen=True)
class _Ready:
    """All that training starts from: the recipe with every choice made, what was found, what is read."""

    recipe: Recipe
    net: RegionNet
    objective: TrainingLoss
    found: Prepared
    sets: Sets
    trials: Trials | None


def _train(recipe: Recipe, claim: Claim, *, progress: bool) -> None:
    started = time.monotonic()
    L.seed_everything(recipe.seed, workers=True, verbose=False)
    keep_freed_memory()
    with _flushed_denormals():
        ready = _made_ready(recipe, claim)
        seconds = {"preparation": time.monotonic() - started}
        _fit(ready, claim, seconds, progress=progress)


@contextlib.contextmanager
def _flushed_denormals() -> Iterator[None]:
    """On a CPU, take denormal numbers for zero: activations that became so slowed fine-tuning fivefold."""
    flush = not torch.cuda.is_available()
    torch.set_flush_denormal(flush)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _made_ready(recipe: Recipe, claim: Claim) -> _Ready:
    """Read labels, build the network, read or compute what it learns from, and choose what was left open."""
    run, resume = claim.run, claim.resume
    refuse_auto_k(recipe)
    refuse_refit(recipe)
    found = as_begun(run, prepare_again(run, recipe)) if resume else prepare(recipe)
    if resume and run.best.is_file():
        found = replace(found, inputs=found.inputs.as_trained(read_best(run))[0])
    recipe = found.inputs.with_defaults(recipe)
    targets = encode_targets(found.train, found.classes)
    new_objective = partial(build_objective, recipe, found.task, *targets)
    objective = new_objective()
    if not objective.weighs_images:
        refuse_weights(found.train, recipe.loss)
    net = found.inputs.build_net(recipe, found)
    if resume:
        refuse_damage(run, net)
    if is_first_process():
        for line in describe(recipe, found, net):
            log.info(line)
    sets = found.inputs.datasets(recipe, net, found)
    if resume:
        refuse_lost(found, sets.prepared)
    trials = None
    if searches(recipe) and not objective.whole_set:  # which takes one step an epoch
        one_label = found.task == "multiclass"
        others = other_losses(recipe, found.task, found.train, *targets)
        recipe, trials = search_recipe(
            recipe, net, sets.train, new_objective, one_label=one_label, losses=others
        )
        objective = build_objective(recipe, found.task, *targets)
    return _Ready(recipe, net, objective, found, sets, trials)


def _fit(ready: _Ready, claim: Claim, seconds: dict[str, float], *, progress: bool) -> None:
    run, recipe, sets = claim.run, ready.recipe, ready.sets
    untrained = copy.deepcopy(ready.net) if recipe.refit else None
    fitted = not claim.resume and fit_head_first(recipe, ready.net, sets.prepared)  # a checkpoint has it all
    module = TrainingModule(ready.net, ready.objective, recipe, sets.prepared.task, sets.prepared.classes)
    best = BestWeights(lambda trained: save_model(trained.net, run.best))
    steps = batches_a_step(ready.objective, len(sets.train), recipe.batch_size)
    trainer = build_trainer(recipe, run, best, monitor=module.monitor, steps=steps, progress=progress)
    loaders = build_loaders(sets, recipe)
    if is_first_process():
        claim.begin()
        write_start(claim, recipe, ready.found, sets.prepared, ready.trials)
        trainer.loggers = build_loggers(recipe, run, claim.home.path)
        log.info(describe_training(recipe, sets.prepared))
    if fitted:
        say_what_it_reaches(ready.net, loaders.every_val_batch(), sets.prepared.task)
    started = time.monotonic()
    checkpoint = run.last if claim.resume else None
    try:
        with told_once(run.path), leaving_a_core(wanted=loaders.read_in_a_thread):
            trainer.fit(module, datamodule=loaders, ckpt_path=checkpoint, weights_only=True)
    except MisconfigurationException as error:  # as where more epochs are done than asked for
        raise UsageError(f"training cannot go on: {error}") from None
    finally:
        finish(trainer.loggers)
    if trainer.is_global_zero:
        seconds |= {"training": time.monotonic() - started, "epochs": trainer.current_epoch}
        run.refit.unlink(missing_ok=True)  # of an earlier end of this run
        learnt = len(sets.train)
        if untrained is not None:
            learnt = refit(recipe, untrained, sets.prepared, run, epochs=trainer.current_epoch)
        write_end(
            claim,
            sets.prepared,
            loaders,
            best,
            seconds=seconds,
            device=recipe.device,
            calibrated=recipe.calibrate,
            learnt=learnt,
        )


def _explained(stop: BaseException, claim: Claim) -> BaseException:
    """Say what a stopped run leaves and how to go on, and return what is to be raised."""
    by_keyboard = any(isinstance(error, KeyboardInterrupt) for error in (stop, stop.__context__))
    if isinstance(stop, Stopped):
        number = stop.number
    elif by_keyboard or isinstance(stop, SIGTERMException):  # what Lightning makes of a signal
        number = signal.SIGINT if by_keyboard else signal.SIGTERM
    else:
        return stop
    stopped = Stopped(number, told=True)
    stopped.words += f"; {claim.how_to_go_on()}"
    if is_first_process():
        log.info(stopped.words)
    return KeyboardInterrupt(stopped.words) if by_keyboard else stopped
