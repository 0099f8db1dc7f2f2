"""The verb says where it wrote and how far the answers are apart."""

from __future__ import annotations

import json

import pytest
import torch

from cli.shell import run
from weldon.models import load_model


def test_the_written_folder_answers_as_the_run(make_run, tmp_path, capsys):
    folder = make_run()
    code, said = run(capsys, "export", folder, "--format", "hub", "--out", tmp_path / "hub", "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert (found["path"], found["format"]) == (str(tmp_path / "hub"), "hub")
    assert found["difference"] == 0
    assert f"{tmp_path / 'hub'}: same answers as the run to 0.0e+00" in said.err
    image = torch.rand(1, 3, 64, 64)
    nets = [load_model(path).eval() for path in (tmp_path / "hub", folder / "weights" / "best.safetensors")]
    assert torch.equal(*(net(image) for net in nets))


def test_what_is_there_is_replaced_only_when_told_to(make_run, tmp_path, capsys):
    folder = make_run()
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "thesis.txt").write_text("years of work")
    command = ("export", folder, "--format", "hub", "--out", tmp_path / "hub")
    code, said = run(capsys, *command)
    assert (code, str(tmp_path / "hub") in said.err) == (2, True)
    assert [path.name for path in (tmp_path / "hub").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(("option", "value"), [("--format", "caffe"), ("--device", "tpu9")])
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_written(make_run, capsys, option, value):
    folder = make_run()
    code, said = run(capsys, "export", folder, option, value)
    assert (code, repr(value) in said.err) == (2, True), said.err
    assert not (folder / "export").exists()
