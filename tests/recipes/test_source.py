"""A data set of the recipes lies in one place and has the images that its publishers count."""

from __future__ import annotations

import pytest

from weldon.data.public.catalogue import CATALOGUE
from weldon.errors import UsageError
from weldon.recipes import Source, load_sources
from weldon.recipes.toml import HOME, build


def test_training_images_of_a_public_set_are_those_of_the_catalogue():
    sources = [source for source in load_sources().values() if source.dataset is not None]
    assert len(sources) == 8
    assert all(source.images == CATALOGUE[str(source.dataset)].train for source in sources)


def test_a_data_set_lies_in_one_place():
    with pytest.raises(UsageError, match="give dataset or folder"):
        build(Source, {"name": "x", "title": "x", "images": 1, "how_to_get": "x"}, HOME / "sources.toml")


def test_a_data_set_in_two_places_is_refused():
    given = {"name": "x", "title": "x", "images": 1, "how_to_get": "x", "dataset": "voc2007", "folder": "x"}
    with pytest.raises(UsageError, match="give dataset or folder"):
        build(Source, given, HOME / "sources.toml")


def test_what_is_not_said_is_the_usual():
    source = build(Source, {"name": "x", "title": "X", "images": 9, "how_to_get": "x", "folder": "x"}, HOME)
    assert (source.test, source.image_set, source.tuning, source.min_positives) == ("test", "main", {}, 1)
    assert not source.held_back


def test_masks_that_choose_are_counted_beside_the_place_of_the_masks():
    found = load_sources()["voc2012-animals-segmentation"]
    assert (found.truth, found.tuning) == ({"masks": "SegmentationClassAug"}, {"masks": 60})
    assert load_sources()["voc2012-animals"].truth == {"boxes": "Annotations"}
