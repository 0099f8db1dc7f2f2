"""An option that cannot be used is refused by name, before anything is written."""

from __future__ import annotations

import pytest

from cli.shell import run
from weldon.data.scenes import make_scenes, write_scenes

TRAIN = (
    *("--model", "test_resnet", "--weights", "none", "--image-size", "64", "-b", "2", "-j", "0"),
    *("--epochs", "1", "--device", "cpu"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("options")
    write_scenes(folder / "scenes", {s: make_scenes(16, split=s, seed=0) for s in ("train", "val")})
    return folder


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("device", "tpu9"),
        ("devices", "999"),
        ("precision", "evil"),
        ("strategy", "evil"),
        ("seed", "4294967296"),
        ("seed", "-1"),
        ("workers", "-1"),
        ("batch-size", "0"),
        ("image-size", "1000000"),
        ("epochs", "-1"),
        ("lr", "nan"),
        ("lr", "1e30"),
        ("k", "9" * 30),
        ("val", "2"),
        ("pos-weight", "inf"),
        ("std", "0,0,0"),
        ("model", ""),
        ("model-kwargs", "[" * 5000),
    ],
)
def test_train_refuses_what_cannot_be_used(capsys, home, option, value):
    status, printed = run(
        capsys, "train", home / "scenes", *TRAIN, f"--{option}={value}", "--out", home / "run"
    )
    assert status == 2
    assert option.replace("-", "") in printed.err.replace("-", "").replace("_", "")
    assert not (home / "run").exists()


@pytest.mark.parametrize("verb", ["val", "export", "reproduce"])
def test_verbs_refuse_a_device_that_is_none_in_the_same_words(capsys, hollow_run, verb):
    status, printed = run(capsys, verb, "table7" if verb == "reproduce" else hollow_run, "--device", "tpu9")
    assert (status, "device must be auto, cpu, cuda, cuda:N or mps, got 'tpu9'" in printed.err) == (2, True)


def test_a_run_that_diverges_says_which_option_to_lower(capsys, home):
    status, printed = run(
        capsys, "train", home / "scenes", "--labels", home / "scenes" / "labels.csv", *TRAIN, "--lr", "1e6",
        "--lrp", "1e6", "--out", home / "diverged",
    )  # fmt: skip
    assert status == 2, printed.err
    assert "training diverged in epoch 1" in printed.err
    assert "lower --lr (it was 1e+06)" in printed.err
