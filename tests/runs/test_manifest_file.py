"""The manifest says what was trained, and on what."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import DataError
from weldon.runs.manifest_file import environment, read_manifest, write_manifest


def test_what_is_written_is_read_back_with_the_machine_beside_it(tmp_path):
    values = {
        "task": "multilabel",
        "bags": {"train": 3, "val": 1},
        "validation": {"map": 0.5, "best": 0.75, "best_epoch": 2},
        "seconds": {"training": 1.5},
    }
    write_manifest(tmp_path / "manifest.json", values)
    found = read_manifest(tmp_path / "manifest.json")
    assert list(found) == [*values, "environment"]
    assert {name: found[name] for name in values} == values


def test_a_figure_that_no_image_could_tell_is_null(tmp_path):
    values = {"task": "multiclass", "validation": {"map": float("nan"), "best": None, "best_epoch": 0}}
    write_manifest(tmp_path / "manifest.json", values)
    assert read_manifest(tmp_path / "manifest.json")["validation"]["map"] is None


def test_counts_below_none_are_refused(tmp_path):
    write_manifest(tmp_path / "manifest.json", {"task": "multilabel", "images": {"train": -1, "val": 1}})
    with pytest.raises(DataError, match=r"manifest\.json is not as weldon writes it.*\n  images\.train"):
        read_manifest(tmp_path / "manifest.json")


def test_the_machine_is_described():
    found = environment()
    assert found["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["threads"] == torch.get_num_threads()
    assert 50 < found["peak_memory_mib"] < 100_000  # MiB: a process with torch in it, not KiB and not bytes
