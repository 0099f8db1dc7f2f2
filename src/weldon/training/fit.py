"""Train: from a table of labels to a run directory."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from weldon.data import encode_targets, write_splits
from weldon.data.opened import allow_pixels
from weldon.device import choose_device
from weldon.errors import UsageError
from weldon.inference.run_directory import RunDirectory
from weldon.models import RegionNet, load_bag_model, load_model, save_model
from weldon.models.memory import keep_freed_memory
from weldon.training.bags import with_bag_defaults
from weldon.training.build_net import build_net
from weldon.training.callbacks import BestWeights
from weldon.training.finish import environment, fit_thresholds, per_class_rows, write_csv, write_json
from weldon.training.loaders import Loaders
from weldon.training.machine import refuse_what_is_not_here
from weldon.training.module import TrainingModule
from weldon.training.objective import build_objective
from weldon.training.out_directory import is_first_process, open_out
from weldon.training.plan import describe
from weldon.training.prepare import Prepared, prepare
from weldon.training.ranking import refuse_weights
from weldon.training.recipe import Recipe, build_recipe, write_toml
from weldon.training.scoring import score_set
from weldon.training.sets import build_sets
from weldon.training.trainer import build_trainer

log = logging.getLogger("weldon")

LIGHTNING_REMARKS = (  # true of every run here, and nothing a person could act on
    ".*does not have many workers.*",
    ".*is smaller than the logging interval.*",
    ".*exists and is not empty.*",
    ".*in eval mode at the start of training.*",
    ".*isinstance.treespec, LeafSpec.*",
)


def train(
    data: str | Path,
    labels: str | Path | None = None,
    *,
    out: str | Path | None = None,
    config: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool | None = None,
    **options: Any,
) -> RunDirectory:
    """Train on image-level labels and return the run directory.

    Args:
        data: folder of images, a VOC devkit, or bags (a table or a folder of arrays).
        labels: table of labels; None reads them from ``data``.
        out: folder of the run; None takes the first free of ``runs/train``, ``runs/train2``, ….
        config: TOML file with options; those given here win.
        resume: go on with the interrupted run in ``out``, with its own recipe.
        overwrite: replace the run in ``out``.
        progress: show a progress bar; None shows one on a terminal.
        **options: the fields of :class:`weldon.training.recipe.Recipe`.

    Raises:
        UsageError: an option that cannot be used.
        DataError: labels or files that cannot be used, listed with file and row.
    """
    run = open_out(Path(out) if out is not None else None, resume=resume, overwrite=overwrite)
    given = {
        "data": Path(data).absolute(),
        "labels": Path(labels).absolute() if labels is not None else None,
        **options,
    }
    recipe = build_recipe(given, run.config if resume else config)
    refuse_what_is_not_here(recipe)
    allow_pixels(recipe.max_pixels)
    with _logging_to(run.log) if is_first_process() else contextlib.nullcontext():
        _train(recipe, run, resume=resume, progress=sys.stdout.isatty() if progress is None else progress)
    return run


def _train(recipe: Recipe, run: RunDirectory, *, resume: bool, progress: bool) -> None:
    started = time.monotonic()
    L.seed_everything(recipe.seed, workers=True, verbose=False)
    keep_freed_memory()
    if not torch.cuda.is_available():
        torch.set_flush_denormal(
            True
        )  # activations that become denormal were seen to slow fine-tuning fivefold
    prepared = prepare(recipe)
    if prepared.bags is not None:
        recipe = with_bag_defaults(recipe)
    if recipe.loss == "ap":
        refuse_weights(prepared.train)
    net = build_net(recipe, prepared)
    objective = build_objective(recipe, prepared.task, *encode_targets(prepared.train, prepared.classes))
    if is_first_process():
        run.best.parent.mkdir(parents=True, exist_ok=True)
        write_toml(recipe, run.config)
    sets = build_sets(recipe, net, prepared)
    prepared = sets.prepared
    if is_first_process():
        for line in describe(recipe, prepared, net):
            log.info(line)
        _write_start(run, prepared)
    ready = time.monotonic()

    module = TrainingModule(net, objective, recipe, prepared.task)
    best = BestWeights(lambda trained: save_model(trained.net, run.best))
    steps = -(-len(sets.train) // recipe.batch_size)
    trainer = build_trainer(recipe, run, best, monitor=module.monitor, steps=steps, progress=progress)
    loaders = Loaders(
        sets.train,
        sets.val,
        collate_fn=sets.collate_fn,
        batch_size=recipe.batch_size,
        workers=sets.workers,
        seed=recipe.seed,
    )
    try:
        trainer.fit(module, datamodule=loaders, ckpt_path=run.last if resume else None, weights_only=True)
    except MisconfigurationException as error:  # as where more epochs are done than asked for
        raise UsageError(f"training cannot go on: {error}") from None
    if trainer.is_global_zero:
        seconds = {"preparation": ready - started, "training": time.monotonic() - ready}
        seconds["epochs"] = trainer.current_epoch
        _write_end(run, prepared, loaders, best, seconds=seconds, device=recipe.device)


def _write_start(run: RunDirectory, prepared: Prepared) -> None:
    run.classes.write_text("".join(f"{name}\n" for name in prepared.classes), encoding="utf-8")
    write_splits(run.splits, prepared.records)


def _write_end(
    run: RunDirectory,
    prepared: Prepared,
    loaders: Loaders,
    best: BestWeights,
    *,
    seconds: dict[str, float],
    device: str,
) -> None:
    """Score the validation images with the best weights; write thresholds, figures per class, manifest."""
    load = load_model if prepared.bags is None else load_bag_model
    net: RegionNet = load(run.best, device=choose_device(device))
    scored = score_set(net, loaders.every_val_batch())
    thresholds = fit_thresholds(scored, prepared.classes)
    rows = per_class_rows(scored, prepared.classes, thresholds)
    write_json(run.thresholds, thresholds)
    write_csv(run.report / "per_class.csv", rows)
    precisions = [row["ap"] for row in rows if row["positives"]]
    figures = {"map": sum(precisions) / max(1, len(precisions)), "best": best.value, "best_epoch": best.epoch}
    manifest = {
        "task": prepared.task,
        prepared.noun: {"train": len(prepared.train), "val": len(prepared.val)},
        "model": net.config,
        "validation": figures,
        "seconds": seconds,
        "environment": environment(),
    }
    write_json(run.manifest, manifest)
    chosen_by = f"accuracy {best.value:.4f}, " if prepared.task == "multiclass" else ""
    log.info(
        "best epoch %d: validation %smAP %.4f; run in %s", best.epoch + 1, chosen_by, figures["map"], run.path
    )


@contextlib.contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Write what the run says to ``path`` too, and keep Lightning's own remarks for its warnings."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    lightning_log = logging.getLogger("lightning.pytorch")
    level = lightning_log.level
    lightning_log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for remark in LIGHTNING_REMARKS:
                warnings.filterwarnings("ignore", message=remark)
            yield
    finally:
        log.removeHandler(handler)
        handler.close()
        lightning_log.setLevel(level)
