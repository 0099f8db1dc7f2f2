"""The best weights are kept, the table survives a resumed run, and durations read as people say them."""

from __future__ import annotations

import csv
import logging
import pickle
import signal
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.trainer.connectors.signal_connector import _HandlersCompose

from weldon.models import create_bag_model, create_model
from weldon.runs.recipe_file import build_recipe
from weldon.stopping import stop
from weldon.training.callbacks import (
    BestWeights,
    Interruption,
    MetricsTable,
    StepBar,
    TimeEstimate,
)
from weldon.training.module import TrainingModule


@pytest.fixture(scope="module")
def module() -> TrainingModule:
    net = create_bag_model(2, 1, k_max=1)
    return TrainingModule(net, lambda scores, batch: scores.sum(), build_recipe({"data": "."}), "multilabel")


def at(epoch: int, value: float = 0.0, **options) -> SimpleNamespace:
    """What the callbacks ask Lightning's trainer for, after an epoch."""
    figures = {"val/map": torch.tensor(value)}
    known = {"is_global_zero": True, "sanity_checking": False, "max_epochs": 4, "num_training_batches": 10}
    return SimpleNamespace(current_epoch=epoch, callback_metrics=figures, **known | options)


def test_weights_are_saved_when_and_only_when_they_are_better(module):
    saved = []
    best = BestWeights(lambda trained: saved.append(best.epoch))
    for epoch, value in enumerate((0.2, 0.5, 0.5, 0.4, 0.6)):
        best.on_validation_end(at(epoch, value), module)
    assert saved == [0, 1, 4]
    assert (best.epoch, best.value) == (4, pytest.approx(0.6))


def test_the_first_epoch_is_saved_even_where_nothing_can_be_measured(module):
    saved = []
    best = BestWeights(saved.append)
    best.on_validation_end(at(0, float("nan")), module)
    assert saved == [module]


def test_a_resumed_run_knows_what_was_best(module):
    first = BestWeights(lambda trained: None)
    first.on_validation_end(at(3, 0.75), module)
    saved = []
    resumed = BestWeights(saved.append)
    resumed.load_state_dict(first.state_dict())
    resumed.on_validation_end(at(4, 0.7), module)
    assert (saved, resumed.epoch) == ([], 3)


@pytest.fixture
def frozen():
    net = create_model("test_resnet", 1, weights="none")
    net.freeze_backbone()
    return TrainingModule(net, lambda scores, batch: scores.sum(), build_recipe({"data": "."}), "multilabel")


def with_bias(module: TrainingModule, value: float) -> TrainingModule:
    """The module as if training had moved the bias of its transfer layer there."""
    with torch.no_grad():
        module.net.transfer.bias.fill_(value)
    return module


@pytest.mark.parametrize("ending", ["end", "stop", "kill"])
def test_with_a_frozen_backbone_the_best_head_is_written_once_more_whatever_ends_training(frozen, ending):
    written = []
    save = lambda trained: written.append(trained.net.transfer.bias.item())  # noqa: E731
    best = BestWeights(save)
    for epoch, value in enumerate((0.2, 0.5, 0.6, 0.4)):
        best.on_validation_end(at(epoch, value), with_bias(frozen, epoch))
    assert written == [0]
    if ending == "kill":  # the checkpoint of the last whole epoch is what is left
        state = pickle.loads(pickle.dumps(best.state_dict()))
        best = BestWeights(save)
        best.load_state_dict(state)
        best.on_validation_end(at(4, 0.3), with_bias(frozen, 4))
    if ending == "stop":
        best.on_exception(at(4), frozen, KeyboardInterrupt())
    else:
        best.on_train_end(at(4), frozen)
    assert written == [0, 2]
    best.on_train_end(at(4), frozen)
    assert written == [0, 2]


def test_of_a_resumed_run_with_a_frozen_backbone_only_the_first_process_writes(frozen):
    """Every process is given what was best; only the first one learns of a better epoch."""
    first = BestWeights(lambda trained: None)
    for epoch, value in enumerate((0.2, 0.5)):
        first.on_validation_end(at(epoch, value), with_bias(frozen, epoch))
    other = BestWeights(lambda trained: pytest.fail("another process wrote"))
    other.load_state_dict(first.state_dict())
    other.on_train_end(at(4, is_global_zero=False), frozen)


def test_only_the_first_process_writes(module, tmp_path):
    saved = []
    best = BestWeights(saved.append)
    best.on_validation_end(at(0, 0.5, is_global_zero=False), module)
    assert (saved, best.value) == ([], 0.5)
    MetricsTable(tmp_path / "m.csv").on_train_epoch_end(at(0, is_global_zero=False), module)
    assert not (tmp_path / "m.csv").exists()


def test_an_epoch_that_is_run_again_replaces_its_row(module, tmp_path, caplog):
    table = MetricsTable(tmp_path / "m.csv")
    with caplog.at_level(logging.INFO, logger="weldon"):
        for epoch, value in ((0, 0.125), (1, 0.25), (2, 0.375), (1, 0.5)):
            table.on_train_epoch_start(at(epoch), module)
            table.on_train_epoch_end(at(epoch, value), module)
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["val/map"]) for row in rows] == [("0", "0.125"), ("1", "0.5")]
    assert "epoch 2/4  val/map 0.5000" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_the_time_ahead_is_said_once(module, caplog):
    estimate = TimeEstimate(after=2)
    with caplog.at_level(logging.INFO, logger="weldon"):
        for step in range(6):
            estimate.on_train_batch_end(at(0), module, None, None, step)
    assert len(caplog.messages) == 1
    assert "of training steps ahead" in caplog.text


def test_the_bar_shows_steps_and_leaves_figures_to_the_lines():
    shown = SimpleNamespace(
        progress_bar_metrics={"val/map": 0.5}, loggers=[SimpleNamespace(version="tensorboard")]
    )
    assert StepBar().get_metrics(shown, None) == {}


def test_our_way_of_stopping_comes_back_after_lightning_took_the_signal():
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, _HandlersCompose([lambda *_: None, stop]))
        Interruption().on_train_start(None, None)
        assert signal.getsignal(signal.SIGTERM) is stop
        theirs = _HandlersCompose([lambda *_: None])
        signal.signal(signal.SIGTERM, theirs)
        Interruption().on_train_start(None, None)
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)
