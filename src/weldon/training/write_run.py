"""Write what a run keeps: recipe and split at its start, thresholds, figures and manifest at its end."""

from __future__ import annotations

import logging
from dataclasses import replace

from weldon.data import write_splits
from weldon.data.corrections import write_corrections
from weldon.device import choose_device
from weldon.files import write_csv, write_json
from weldon.models import load_network
from weldon.runs.calibration_file import write_calibration
from weldon.runs.claim import Claim
from weldon.runs.manifest_file import write_manifest
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import write_recipe
from weldon.runs.thresholds_file import write_thresholds
from weldon.training.calibrate import calibrate
from weldon.training.callbacks import BestWeights
from weldon.training.frozen_head import trials_json
from weldon.training.head_search import Trials
from weldon.training.inputs.inputs import Prepared
from weldon.training.scoring import few_positives, fit_thresholds, per_class_rows, score_set
from weldon.training.trainer import Loaders

log = logging.getLogger("weldon")


def write_start(
    claim: Claim, recipe: Recipe, found: Prepared, prepared: Prepared, trials: Trials | None
) -> None:
    """Write what the run begins with; files that cannot be read are in no split.

    Args:
        claim: the run.
        recipe: with every choice made.
        found: the images or bags of the table.
        prepared: those of them that can be read.
        trials: what the search of a frozen run tried.
    """
    write_recipe(claim.run.config, recipe)
    if trials is not None:
        write_json(claim.run.search, trials_json(trials))
    if not claim.resume:
        claim.run.write_class_names(prepared.classes)
        kept = {record.path for record in prepared.records}
        # In the order of the labels: by it a resumed run tells apart files of one name in two folders.
        rows = [one if one.path in kept else replace(one, split=None) for one in found.records]
        write_splits(claim.run.splits, rows)
        if prepared.corrections:
            write_corrections(claim.run.corrections_used, prepared.corrections)


def write_end(
    claim: Claim,
    prepared: Prepared,
    loaders: Loaders,
    best: BestWeights,
    *,
    seconds: dict[str, float],
    device: str,
    calibrated: bool,
    learnt: int,
) -> None:
    """Score the validation images with the best weights; write thresholds, figures per class, manifest.

    Args:
        claim: the run, which takes its place then.
        prepared: its images or bags.
        loaders: of the validation images.
        best: which epoch was best, and its figure.
        seconds: that each part took.
        device: of the run.
        calibrated: fit how scores become probabilities.
        learnt: images that the weights for new images learnt from.
    """
    run = claim.run
    log.info("the best weights are measured on validation: thresholds, probabilities, figures")
    net = load_network(run.best, device=choose_device(device))
    scored = score_set(net, loaders.every_val_batch())
    thresholds = fit_thresholds(scored, prepared.classes)
    rows = per_class_rows(scored, prepared.classes, thresholds.classes)
    write_thresholds(run, thresholds)
    if calibrated:
        found = calibrate(scored, prepared.task)
        write_calibration(run, prepared.classes, found.calibration, before=found.before, after=found.after)
    write_csv(run.per_class, rows)
    precisions = [row["ap"] for row in rows if row["positives"]]
    figures = {"map": sum(precisions) / max(1, len(precisions)), "best": best.value, "best_epoch": best.epoch}
    manifest = {
        "task": prepared.task,
        prepared.noun: {"train": len(prepared.train), "val": len(prepared.val)},
        "model": net.config,
        "validation": figures,
        "for_new_images": {"weights": run.for_new_images().name, "learnt_from": learnt},
        "seconds": seconds,
    }
    write_manifest(run.manifest, manifest)
    claim.put_in_place()
    if warning := few_positives(rows):
        log.warning(warning)
    chosen_by = f"accuracy {best.value:.4f}, " if prepared.task == "multiclass" else ""
    log.info(
        "best epoch %d: validation %smAP %.4f; run in %s",
        best.epoch + 1,
        chosen_by,
        figures["map"],
        claim.home.path,
    )
