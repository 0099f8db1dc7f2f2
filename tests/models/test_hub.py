"""A folder that says what it is."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch

from weldon.errors import UsageError
from weldon.models import create_model, describe_model, load_model, push_model, write_folder


@pytest.fixture
def net():
    return create_model("test_resnet", 2, weights="none").eval()


@pytest.fixture
def description(net):
    return describe_model(
        net, image_size=96, classes=["cat", "a|b"], thresholds={"cat": 0.25}, map_scale=4.0, task="multilabel"
    )


def test_folder_loads_back_bit_for_bit(tmp_path, net, description, generator):
    write_folder(net, tmp_path / "out", description)
    x = torch.randn(1, 3, 96, 96, generator=generator)
    assert torch.equal(load_model(tmp_path / "out")(x), net(x))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]


def test_configuration_holds_what_a_program_needs(tmp_path, net, description):
    write_folder(net, tmp_path, description)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["classes"] == ["cat", "a|b"]
    assert config["thresholds"] == {"cat": 0.25}
    assert (config["image_size"], config["resize"], config["stride"]) == (96, "keep", 32)
    assert config["network"] == net.config


def test_card_lists_classes_with_their_thresholds(tmp_path, net, description):
    write_folder(net, tmp_path, description)
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: weldon")
    assert "| 0 | cat | 0.2500 |" in card
    assert r"| 1 | a\|b |  |" in card
    assert "96 x 96" in card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ["cat"]}, "`classes` must be 2 different names"),
        ({"classes": ["cat", "cat"]}, "`classes` must be 2 different names"),
        ({"thresholds": {"dog": 0.0}}, "got dog besides"),
    ],
)
def test_names_that_do_not_fit_are_refused(net, change, message):
    with pytest.raises(UsageError, match=message):
        describe_model(net, **{"image_size": 96, "classes": ["cat", "ant"], **change})


def test_size_the_backbone_does_not_take_is_refused():
    net = create_model("test_vit", 1, weights="none", model_kwargs={"depth": 1})
    with pytest.raises(UsageError, match="multiple of 16"):
        describe_model(net, image_size=100, classes=["cat"])


def test_push_uploads_the_three_files_and_nothing_else(tmp_path, monkeypatch, net, description):
    calls = []

    class Hub:
        def create_repo(self, repo_id, **options):
            calls.append((repo_id, options))

        def upload_folder(self, **options):
            calls.append(options)
            return "commit"

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(HfApi=Hub))
    assert push_model(net, "me/cats", description, folder=tmp_path) == "commit"
    assert calls[0] == ("me/cats", {"private": True, "exist_ok": True})
    assert calls[1]["allow_patterns"] == ["model.safetensors", "config.json", "README.md"]


def test_push_without_the_hub_library_says_what_to_install(tmp_path, monkeypatch, net, description):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"huggingface_hub must be installed: pip install .*\[hub\]"):
        push_model(net, "me/cats", description, folder=tmp_path)
