"""The network of a run is loaded where the run's other files agree with it, and refused by file where not."""

from __future__ import annotations

import json

import pytest
import torch

from weldon.errors import DataError, UsageError
from weldon.inference.loading import is_bag_run, load, load_image_network, load_run_network
from weldon.models import BagNet, WeldonNet, create_bag_model, create_model, save_model
from weldon.runs.run_directory import RunDirectory


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path)
    save_model(create_model("test_resnet", 2, weights="none"), run.best)
    run.classes.write_text("cat\ndog\n")
    run.config.write_text('image_size = 64\nresize = "keep"\ntask = "multilabel"\n')
    run.thresholds.write_text(json.dumps({"scale": "score", "classes": {"cat": 0.5, "dog": 0.0}}))
    return run


def test_a_whole_run_gives_its_network(run):
    net = load_run_network(run, device="cpu")
    assert net.num_classes == 2
    assert not net.training


@pytest.mark.parametrize("wanted", [True, False])
def test_a_backbone_is_compiled_where_it_is_asked_for(run, wanted):
    assert load(run.path, device="cpu", compiled=wanted).net.backbone.compiled is wanted


@pytest.mark.parametrize("text", ["cat\n", "cat\ndog\ncow\n", "dog\ncat\n", "cat\ncat\n"])
def test_class_names_that_are_not_those_of_the_scores_are_refused(run, text):
    run.classes.write_text(text)
    with pytest.raises(DataError, match=r"classes\.txt"):
        load_run_network(run, device="cpu")


def test_class_names_too_many_for_an_unfinished_run_are_refused(run):
    run.thresholds.unlink()
    run.classes.write_text("cat\ndog\ncow\n")
    with pytest.raises(DataError, match=r"classes\.txt must name 2 classes, .* got 3"):
        load_run_network(run, device="cpu")


def test_a_canvas_that_cells_do_not_divide_is_refused(run):
    run.config.write_text(run.config.read_text().replace("64", "65"))
    with pytest.raises(DataError, match=r"config\.toml: image_size must be a multiple of 32"):
        load_run_network(run, device="cpu")


@pytest.mark.parametrize("kept", [0, 20, -1])
def test_weights_that_are_cut_off_are_refused_as_data(run, kept):
    run.best.write_bytes(run.best.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"best\.safetensors .*put back the file"):
        load_run_network(run, device="cpu")


def test_bags_and_images_are_not_confused(run):
    assert not is_bag_run(run)
    assert isinstance(load_image_network(run, device="cpu"), WeldonNet)
    torch.manual_seed(0)
    save_model(create_bag_model(3, 2), run.best)
    assert is_bag_run(run)
    assert isinstance(load_run_network(run, device="cpu"), BagNet)
    with pytest.raises(UsageError, match="trained on bags, not on images"):
        load_image_network(run)
