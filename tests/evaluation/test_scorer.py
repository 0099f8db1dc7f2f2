"""A scorer gives what the network says of each image that can be read, with maps or without."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PIL import Image

from weldon.data import Record, load_image
from weldon.evaluation.scorer import open_scorer
from weldon.evaluation.selection import choose_images
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.picture_layout import eval_transform


def opened(home, **options):
    run = RunDirectory(home / "run")
    recipe = run.recipe.model_copy(update=options)
    images = choose_images(run, recipe, None, split="test")
    return open_scorer(run, recipe, images, device="cpu", progress=False)


def test_scores_and_maps_are_those_of_the_network(greys):
    scorer, images, _ = opened(greys)
    for record, answer in zip(images.measured, scorer.score(images.measured), strict=True):
        pixels, mask, geometry = eval_transform(scorer.recipe, scorer.net)(load_image(record.path))
        with torch.no_grad():
            scores, maps = scorer.net(pixels[None], mask[None], return_maps=True)
        assert (answer.record, answer.geometry) == (record, geometry)
        torch.testing.assert_close(answer.scores, scores[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(answer.maps, maps[0], atol=1e-5, rtol=1e-5)


def test_scores_alone_are_the_same_scores(greys):
    scorer, images, _ = opened(greys)
    whole, alone = (list(ask(images.measured)) for ask in (scorer.score, scorer.scores))
    assert [answer.number for answer in alone] == [0, 1, 2]
    for one, other in zip(whole, alone, strict=True):
        assert torch.equal(one.scores, other.scores)
        assert not hasattr(other, "maps")


@pytest.mark.filterwarnings("ignore:skipped")
def test_a_file_that_cannot_be_read_is_left_out_and_the_others_keep_their_numbers(greys):
    scorer, images, _ = opened(greys)
    (greys / "data" / "b.png").write_bytes(b"no picture")
    assert [answer.number for answer in scorer.scores(images.measured)] == [0, 2]


def test_a_frozen_run_answers_from_maps_and_knows_beforehand_what_has_none(greys, monkeypatch):
    (greys / "data" / "b.png").write_bytes(b"no picture")
    scorer, images, _ = opened(greys, freeze=True, cache=greys / "cache")
    assert [record.file_name for record in images.measured] == ["a.png", "c.png"]
    monkeypatch.setattr("weldon.data.dataset.load_reduced", None)  # reading an image would fail
    assert [answer.number for answer in scorer.scores(images.measured)] == [0, 1]


def test_an_image_that_is_not_in_the_cache_is_not_made_up(greys):
    scorer, _, _ = opened(greys, freeze=True, cache=greys / "cache")
    stranger = Record(greys / "data" / "z.png", "z.png", frozenset())
    with pytest.raises(KeyError):
        list(scorer.scores([stranger]))


def test_a_run_by_tiles_answers_alike_from_cached_maps_and_from_pictures(greys, monkeypatch):
    monkeypatch.setenv("WELDON_CACHE", str(greys / "cache"))
    Image.effect_noise((140, 70), 80).convert("RGB").save(greys / "data" / "a.png")
    Image.effect_noise((64, 300), 80).convert("RGB").save(greys / "data" / "b.png")
    scorer, images, _ = opened(greys, tile=64, overlap=32, freeze=True)
    from_maps = list(scorer.score(images.measured))
    from_pictures = list(replace(scorer, cache=None).score(images.measured))
    sizes = {"a.png": (2, 4), "b.png": (9, 2), "c.png": (1, 1)}
    assert [(a.record.file_name, tuple(a.maps.shape[1:])) for a in from_maps] == list(sizes.items())
    for one, other in zip(from_maps, from_pictures, strict=True):
        assert one.geometry == other.geometry
        torch.testing.assert_close(one.scores, other.scores, rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(one.maps, other.maps, rtol=1e-2, atol=1e-2)
