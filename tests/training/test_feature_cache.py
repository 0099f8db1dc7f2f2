"""Feature maps are computed once: kept while nothing they depend on changes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data import ImageDataset, Record
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError
from weldon.models import create_model
from weldon.training.feature_cache import FeatureDataset, cache_features, cache_folder, weights_digest


@pytest.fixture(scope="module")
def net():
    return create_model("test_resnet", 1, weights="none").eval()


@pytest.fixture
def dataset(tmp_path) -> ImageDataset:
    """Three pictures of 64 x 32: the lower half of the canvas is padding."""
    records = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 32), (80 * number, 40, 0)).save(path)
        records.append(Record(path, path.name, frozenset("x" if number else ()), weight=float(number)))
    return ImageDataset(records, ["x"], EvalTransform(64, "keep", (0.5,) * 3, (0.5,) * 3))


def cached(net, dataset, folder: Path, **identity):
    return cache_features(net, dataset, folder, workers=0, identity={"image_size": 64, **identity})


def test_maps_are_those_of_the_backbone_to_half_precision(net, dataset, tmp_path):
    found = cached(net, dataset, tmp_path / "cache")
    for number, record in enumerate(dataset.records):
        with torch.no_grad():
            wanted = net.features(dataset[number]["image"][None])[0].permute(1, 2, 0)  # (h, w, F)
        values = torch.from_numpy(np.array(found.maps[found.rows[record.path]])).float()
        torch.testing.assert_close(values, wanted, rtol=1e-3, atol=1e-3)
        assert found.masks[found.rows[record.path]].tolist() == [[True, True], [False, False]]


def test_a_batch_holds_what_belongs_together(net, dataset, tmp_path):
    found = cached(net, dataset, tmp_path / "cache")
    images = FeatureDataset(dataset.records[::-1], ["x"], found)
    batch = images.__getitems__([2, 0])  # the first and the last picture
    np.testing.assert_array_equal(batch["features"][0].permute(1, 2, 0), found.maps[0].astype(np.float32))
    np.testing.assert_array_equal(batch["features"][1].permute(1, 2, 0), found.maps[2].astype(np.float32))
    assert batch["target"].tolist() == [[0.0], [1.0]]
    assert batch["weight"].tolist() == [0.0, 2.0]
    assert batch["index"].tolist() == [2, 0]
    assert len(images) == 3


def test_a_second_run_computes_nothing(net, dataset, tmp_path):
    cached(net, dataset, tmp_path / "cache")
    (home,) = (tmp_path / "cache").iterdir()
    np.save(home / "maps.npy", np.full_like(np.load(home / "maps.npy"), 7))
    assert (cached(net, dataset, tmp_path / "cache").maps == 7).all()


def test_what_the_maps_depend_on_gives_them_a_place_of_their_own(net, dataset, tmp_path):
    cached(net, dataset, tmp_path / "cache")
    cached(net, dataset, tmp_path / "cache", image_size=96)
    cached(create_model("test_resnet", 1, weights="none").eval(), dataset, tmp_path / "cache")
    os.utime(dataset.records[0].path, (1, 1))  # the file was replaced
    cached(net, dataset, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_maps_that_are_not_whole_are_computed_again(net, dataset, tmp_path):
    first = np.array(cached(net, dataset, tmp_path / "cache").maps)
    (home,) = (tmp_path / "cache").iterdir()
    (home / "rows.json").unlink()
    (home / "maps.npy").write_bytes(b"cut short")
    np.testing.assert_array_equal(cached(net, dataset, tmp_path / "cache").maps, first)
    assert sorted(path.name for path in home.iterdir()) == ["maps.npy", "masks.npy", "rows.json"]


def test_a_file_that_cannot_be_read_has_no_row_and_shifts_no_other(net, dataset, tmp_path):
    whole = np.array(cached(net, dataset, tmp_path / "cache").maps)
    dataset.records[1].path.write_bytes(b"no picture")
    with pytest.warns(RuntimeWarning, match="skipped"):
        found = cached(net, dataset, tmp_path / "cache")
    assert dataset.records[1].path not in found.rows
    np.testing.assert_array_equal(found.maps[found.rows[dataset.records[2].path]], whole[2])


@pytest.mark.filterwarnings("ignore:skipped")
def test_files_of_which_none_can_be_read_are_an_error(net, dataset, tmp_path):
    for record in dataset.records:
        record.path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of the 3 files can be read, .*0\.png"):
        cached(net, dataset, tmp_path / "cache")


def test_the_digest_tells_weights_apart_by_value_and_name():
    one, two = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    assert weights_digest(one) != weights_digest(two)
    two.load_state_dict(one.state_dict())
    assert weights_digest(one) == weights_digest(two)
    assert weights_digest(one) != weights_digest(torch.nn.Sequential(one))


def test_the_cache_lies_where_it_is_told_to(tmp_path, monkeypatch):
    monkeypatch.delenv("WELDON_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_folder(None) == tmp_path / "user" / "weldon" / "features"
    monkeypatch.setenv("WELDON_CACHE", str(tmp_path / "big"))
    assert cache_folder(None) == tmp_path / "big" / "features"
    assert cache_folder(tmp_path / "mine") == tmp_path / "mine"
