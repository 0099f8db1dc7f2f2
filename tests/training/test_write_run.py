"""What a run writes at its start and at its end, where nothing is trained."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from weldon.data import Record
from weldon.models import create_bag_model, save_model
from weldon.runs.claim import Claim
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.head_search import Trial, Trials
from weldon.training.heads import Setting
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Prepared
from weldon.training.write_run import write_end, write_start

CLASSES = ("cat", "dog")


def record(name: str, split: str, *labels: str) -> Record:
    return Record(Path(name), name, frozenset(labels), split=split)


TRAIN = tuple(record(f"{n}.png", "train", "cat") for n in range(2))
VAL = (record("v.png", "val", "dog"), record("w.png", "val", "cat"))


@pytest.fixture
def claim(tmp_path) -> Claim:
    for folder in ("weights", "report"):
        (tmp_path / "run" / folder).mkdir(parents=True)
    return Claim(RunDirectory(tmp_path / "run"), RunDirectory(tmp_path / "run"))


def prepared(train=TRAIN) -> Prepared:
    return Prepared(train, VAL, (), CLASSES, "multilabel", IMAGES)


def test_what_cannot_be_read_is_listed_in_no_split(claim):
    recipe = build_recipe({"data": "."})
    write_start(claim, recipe, prepared(), prepared(TRAIN[1:]), None)
    found = [(row["file_name"], row["split"]) for row in rows_of(claim.run.splits)]
    assert found == [("0.png", ""), ("1.png", "train"), ("v.png", "val"), ("w.png", "val")]
    assert claim.run.class_names == CLASSES
    assert not claim.run.search.exists()


def test_the_search_is_kept_and_a_resumed_run_keeps_its_own_split(claim):
    claim.run.splits.write_text("mine\n")
    trials = Trials((Trial(Setting(0.5, 0.1), 0.75),), 20, "mAP")
    again = Claim(claim.run, claim.home, resume=True)
    write_start(again, build_recipe({"data": "."}), prepared(), prepared(), trials)
    assert json.loads(claim.run.search.read_text())["tried"] == [
        {"lr": 0.5, "weight_decay": 0.1, "figure": 0.75, "epochs": 12}
    ]
    assert claim.run.splits.read_text() == "mine\n"


@pytest.mark.parametrize("calibrated", [True, False])
def test_the_end_has_the_figures_of_the_best_weights(claim, calibrated):
    """Two bags of one instance each; the score of a class is the instance itself, so dog ranks first."""
    net = create_bag_model(2, 2, pool="max")
    with torch.no_grad():
        net.transfer.weight.copy_(torch.eye(2)[:, :, None, None])
    save_model(net, claim.run.best)
    claim.run.write_class_names(CLASSES)
    batch = {
        "bag": torch.tensor([[[-1.0], [2.0]], [[-3.0], [1.0]]]),
        "mask": torch.ones(2, 1, dtype=torch.bool),
        "target": torch.tensor([[0, 1], [1, 0]]),
        "known": torch.ones(2, 2, dtype=torch.bool),
        "index": torch.arange(2),
    }
    write_end(
        claim,
        prepared(),
        SimpleNamespace(every_val_batch=lambda: [batch]),
        SimpleNamespace(value=0.9, epoch=4),
        seconds={"training": 1.0},
        device="cpu",
        calibrated=calibrated,
        learnt=2,
    )
    assert [(row["class"], float(row["ap"])) for row in rows_of(claim.run.per_class)] == [
        ("cat", 0.5),  # the bag that shows a cat comes second of two
        ("dog", 1.0),
    ]
    told = claim.run.manifest_values
    assert told["validation"] == {"map": 0.75, "best": 0.9, "best_epoch": 4}
    assert (told["images"], told["for_new_images"]["learnt_from"]) == ({"train": 2, "val": 2}, 2)
    assert set(json.loads(claim.run.thresholds.read_text())["classes"]) == set(CLASSES)
    assert claim.run.calibration.exists() == calibrated


def rows_of(path: Path) -> list[dict[str, str]]:
    head, *lines = (line.split(",") for line in path.read_text().splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]
