"""Where data and weights are looked for, and what is said where they are not."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.recipes import Source
from weldon.reproduce.place import AbsentError, Place


def source(**values) -> Source:
    """A public data set that is laid out as its catalogue entry says."""
    bare = {
        "name": "voc",
        "title": "VOC",
        "dataset": "voc2007",
        "images": 3,
        "how_to_get": "`weldon data get`",
    }
    return Source(**{**bare, **values})


def test_a_public_data_set_lies_where_weldon_data_get_puts_it(tmp_path):
    place = Place(tmp_path, tmp_path / "out")
    with pytest.raises(AbsentError, match="needs voc: `weldon data get`"):
        place.folder(source())
    (tmp_path / "voc2007").mkdir()
    assert place.data_options(source()) == {"data": tmp_path / "voc2007", "dataset": "voc2007"}


def test_photographs_of_ones_own_lie_in_a_folder_of_their_own_name(tmp_path):
    (tmp_path / "mine").mkdir()
    own = source(dataset=None, folder="mine")
    assert Place(tmp_path, tmp_path / "out").folder(own) == tmp_path / "mine"


def test_held_back_images_are_in_a_table_beside_the_results(place, scenes):
    options = place.data_options(scenes)
    assert options["labels"] == place.out / "labels" / "scenes.csv"
    assert options["labels"].is_file()
    assert options["data"] == place.data_root / "scenes"


def test_truth_is_given_where_the_data_has_it_and_it_is_asked_for(place, scenes):
    full = scenes.model_copy(update={"boxes": "Annotations", "masks": "Masks", "declared": 2})
    folder = place.data_root / "scenes"
    assert place.truth_options(scenes, boxes=True, masks=True) == {}
    assert place.truth_options(full, boxes=False, masks=False) == {}
    assert place.truth_options(full, boxes=True, masks=False) == {"boxes": folder / "Annotations"}
    given = place.truth_options(full, boxes=True, masks=True)
    assert given["masks"] == folder / "Masks"
    assert len(given["tune_on"].read_text().split()) == 2


@pytest.mark.parametrize("where", ["given", "environment", "beside the data"])
def test_weights_are_looked_for_where_they_may_be(tmp_path, monkeypatch, where):
    folder = tmp_path / ("weights" if where == "beside the data" else "elsewhere")
    folder.mkdir()
    (folder / "net.safetensors").touch()
    monkeypatch.delenv("WELDON_WEIGHTS", raising=False)
    if where == "environment":
        monkeypatch.setenv("WELDON_WEIGHTS", str(folder))
    place = Place(tmp_path / "data", tmp_path / "out", weights=folder if where == "given" else None)
    assert place.weights_file("net.safetensors") == str(folder / "net.safetensors")
    assert place.weights_file(str(folder / "net.safetensors")) == str(folder / "net.safetensors")
    assert place.weights_file("none") == "none"
    with pytest.raises(AbsentError, match=r"needs other\.safetensors: set WELDON_WEIGHTS to its folder"):
        place.weights_file("other.safetensors")


def test_options_are_checked_before_anything_is_run(tmp_path):
    with pytest.raises(UsageError, match="unknown option 'epoch'"):
        Place(tmp_path, tmp_path, options={"epoch": 3})
    with pytest.raises(UsageError, match="--set cannot change 'dataset': the protocol decides it"):
        Place(tmp_path, tmp_path, options={"dataset": "voc2007"})
