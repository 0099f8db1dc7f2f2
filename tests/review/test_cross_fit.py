"""No image judges itself, nor its group, nor its copy; and what heads say about planted errors is right."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fixtures.cached_maps import CLASSES, made_up_maps
from weldon.errors import DataError, UsageError
from weldon.models.region_net import RegionNet
from weldon.pooling import build_pooling
from weldon.review import cross_fit as module
from weldon.review.cross_fit import cross_fit, fresh_head, tied_records
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.heads import Setting
from weldon.training.run_loss import build_objective

SETTING = Setting(lr=0.5, weight_decay=1e-4)
OPTIONS = {"k_max": 0.2, "k_min": 0.2}
RECIPE = build_recipe({"data": "x"})


def a_net() -> RegionNet:
    config = {"pool": "weldon", "pool_options": OPTIONS}
    return RegionNet(16, build_pooling("weldon", **OPTIONS), len(CLASSES), config=config)


def fitted(dataset: FeatureDataset, *, net: RegionNet | None = None, **options):
    objective = build_objective(RECIPE, "multilabel", dataset.target, dataset.known)
    given = {"epochs": 4, "batch_size": 8, "folds": 3, **options}
    return cross_fit(net or a_net(), dataset, objective, SETTING, **given)


def relabelled(dataset: FeatureDataset, images, **changes) -> FeatureDataset:
    """Return the same maps with every label of some images turned round."""
    records = [
        replace(record, labels=frozenset(CLASSES) - record.labels) if place in images else record
        for place, record in enumerate(dataset.records)
    ]
    return FeatureDataset(records, CLASSES, dataset.cached)


def regrouped(dataset: FeatureDataset, groups) -> FeatureDataset:
    records = [replace(r, group=group) for r, group in zip(dataset.records, groups, strict=True)]
    return FeatureDataset(records, CLASSES, dataset.cached)


@pytest.fixture
def same_folds(monkeypatch):
    """Deal images out by their position, whatever their labels."""

    def dealt(records, count, *, seed):
        return tuple(tuple(range(number, len(records), count)) for number in range(count))

    monkeypatch.setattr(module, "draw_folds", dealt)


def test_an_image_has_no_part_in_the_head_that_judges_it(same_folds):
    dataset = made_up_maps(30)
    first = fitted(dataset)
    own = list(range(0, 30, 3))
    second = fitted(relabelled(dataset, own))
    assert torch.equal(first.scores[own], second.scores[own])
    others = [place for place in range(30) if place not in own]
    assert not torch.equal(first.scores[others], second.scores[others])


def test_the_head_of_a_fold_learns_from_all_others(same_folds):
    dataset = made_up_maps(30)
    first, second = fitted(dataset), fitted(relabelled(dataset, [1]))
    changed = [
        not torch.equal(a.transfer.weight, b.transfer.weight)
        for a, b in zip(first.heads, second.heads, strict=True)
    ]
    assert changed == [True, False, True]


def test_what_the_run_had_learnt_goes_into_no_head():
    dataset = made_up_maps(30)
    net = a_net()
    torch.nn.init.constant_(net.transfer.weight, 7.0)
    assert torch.equal(fitted(dataset, net=net).scores, fitted(dataset, net=a_net()).scores)
    assert (net.transfer.weight == 7.0).all()


def test_heads_side_by_side_are_the_heads_one_by_one(same_folds):
    """A fold whose images are simply not there gives the same head."""
    dataset = made_up_maps(12)
    together = fitted(dataset, batch_size=12, epochs=5)
    kept = [place for place in range(12) if place % 3]
    part = FeatureDataset([dataset.records[place] for place in kept], CLASSES, dataset.cached)
    objective = build_objective(RECIPE, "multilabel", part.target, part.known)
    net = a_net()
    torch.manual_seed(0)
    heads = module.Heads(fresh_head(net), [SETTING])
    module.fit_heads(heads, part, range(8), [objective], epochs=5, batch_size=12, seed=0)
    assert torch.allclose(together.heads[0].transfer.weight, heads.transfers[0].weight, atol=1e-5)


def test_groups_are_never_divided():
    dataset = regrouped(made_up_maps(30), [str(place % 7) for place in range(30)])
    fold = fitted(dataset, epochs=1).fold
    for group in range(7):
        assert len(set(fold[group::7].tolist())) == 1


def test_copies_of_a_file_are_in_one_fold_and_bind_their_groups():
    dataset = regrouped(made_up_maps(30), [None, "a", "a", "b", "b", *[None] * 25])
    dataset.rows[0] = dataset.rows[1]
    dataset.rows[2] = dataset.rows[3]
    assert len({record.group for record in tied_records(dataset)}) == 26
    assert len(set(fitted(dataset, epochs=1).fold[:5].tolist())) == 1


def test_two_files_of_one_name_are_two_images():
    dataset = made_up_maps(4)
    records = [replace(record, file_name="same.jpg") for record in dataset.records]
    assert len({r.group for r in tied_records(FeatureDataset(records, CLASSES, dataset.cached))}) == 4


def test_images_in_no_batch_but_those_of_a_fold_teach_nothing(same_folds):
    assert fitted(made_up_maps(9), batch_size=1).scores.isfinite().all()


def test_the_same_seed_gives_the_same_scores_and_the_random_state_stays():
    dataset, net = made_up_maps(30), a_net()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert torch.equal(fitted(dataset, net=net).scores, fitted(dataset, net=net).scores)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("folds", "error"), [(1, UsageError), (31, DataError)])
def test_folds_that_cannot_be_are_refused(folds, error):
    with pytest.raises(error, match=str(folds)):
        fitted(made_up_maps(30), folds=folds)
