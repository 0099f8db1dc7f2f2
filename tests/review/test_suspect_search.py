"""Planted errors come first, unknown and reviewed labels never, and each suspect says why."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import weldon
from fixtures.cached_maps import CLASSES, made_up_maps
from review.conftest import UNKNOWN
from weldon.data.corrections import Correction, append_correction
from weldon.errors import DataError, UsageError
from weldon.inference.decision import Decision
from weldon.metrics import average_precision
from weldon.models.region_net import RegionNet
from weldon.pooling import build_pooling
from weldon.review import suspect_search
from weldon.review.cross_fit import CrossFit, cross_fit
from weldon.review.run_maps import RunMaps
from weldon.review.suspect_search import Search, search_suspects, suspects, wrong_range
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.heads import Setting

OPTIONS = {"k_max": 0.2, "k_min": 0.2}


def maps_of(dataset: FeatureDataset, *, task: str = "multilabel", reviewed=frozenset()) -> RunMaps:
    config = {"pool": "weldon", "pool_options": OPTIONS}
    net = RegionNet(16, build_pooling("weldon", **OPTIONS), len(CLASSES), config=config)
    decision = Decision(CLASSES, task, {})
    return RunMaps(
        RunDirectory(Path("run")), build_recipe({"data": "x"}), net, decision, dataset, reviewed, ()
    )


def planted(dataset: FeatureDataset, share: float) -> tuple[FeatureDataset, torch.Tensor]:
    """Turn a share of the labels round; the second value says which."""
    wrong = torch.rand(dataset.target.shape, generator=torch.Generator().manual_seed(1)) < share
    records = []
    for record, turned in zip(dataset.records, wrong.tolist(), strict=True):
        names = frozenset(name for name, is_turned in zip(CLASSES, turned, strict=True) if is_turned)
        records.append(replace(record, labels=record.labels ^ names))
    return FeatureDataset(records, CLASSES, dataset.cached), wrong


def searched(dataset: FeatureDataset, **options) -> Search:
    maps = maps_of(dataset, **options)
    fit = cross_fit(
        maps.net, dataset, maps.objective(), Setting(0.5, 1e-4), epochs=10, batch_size=16, folds=5
    )
    return Search(maps, fit)


def test_planted_errors_are_found_far_above_chance():
    dataset, wrong = planted(made_up_maps(200), 0.06)
    search = searched(dataset)
    found = average_precision(search.against.flatten()[:, None], wrong.flatten()[:, None].float())
    assert float(found) > 0.5  # chance is 0.06
    first = search.cells()[: int(wrong.sum())]
    assert np.mean([bool(wrong[cell]) for cell in first]) > 0.5


def fixed(scores, labels, *, task="multilabel", reviewed=frozenset(), unknown=()) -> Search:
    """Two images with given scores: no head is fitted."""
    dataset = made_up_maps(2)
    records = [
        replace(record, labels=frozenset(names), unknown=frozenset(unknown))
        for record, names in zip(dataset.records, labels, strict=True)
    ]
    dataset = FeatureDataset(records, CLASSES, dataset.cached)
    fit = CrossFit(torch.tensor(scores), torch.zeros(2, dtype=torch.long), ())
    return Search(maps_of(dataset, task=task, reviewed=reviewed), fit)


SCORES = [[-3.0, 2.0, 0.5], [4.0, -0.5, -9.0]]
LABELS = [["cat"], ["cat"]]


def test_present_labels_with_low_and_absent_ones_with_high_scores_come_first():
    assert fixed(SCORES, LABELS).cells() == [(0, 0), (0, 1), (0, 2)]


def test_how_many_are_wrong_is_a_range_and_of_few_images_nothing_is_said(monkeypatch):
    assert fixed(SCORES, LABELS).expected is None
    monkeypatch.setattr(suspect_search, "ENOUGH", 2)
    search = fixed(SCORES, LABELS)
    assert search.expected == pytest.approx(float(search.against.sigmoid().sum()))
    assert wrong_range(search.expected) == (round(search.expected / 2), round(search.expected * 1.5))


def test_certain_heads_still_rank():
    assert fixed([[-900.0, 800.0, -1.0], [1000.0, -1.0, -1.0]], LABELS).cells() == [(0, 0), (0, 1)]


def test_heads_that_are_too_sure_speak_as_the_labels_bear_them_out():
    dataset, _ = planted(made_up_maps(200), 0.06)
    plain = searched(dataset)
    sure = Search(plain.maps, replace(plain.fit, scores=plain.fit.scores * 50))
    assert sure.rates.scale < 0.1
    chances = sure.decision.probabilities(sure.fit.scores)
    expected = (sure.rates.scale * 50 * plain.fit.scores.double()).sigmoid()
    torch.testing.assert_close(chances, expected, atol=1e-6, rtol=1e-6)
    assert float(((chances > 0.001) & (chances < 0.999)).double().mean()) > 0.5


def test_one_class_an_image_is_ranked_by_the_odds_against_all_others():
    search = fixed([[0.0, 2.0, 1.0], [5.0, 0.0, 0.0]], LABELS, task="multiclass")
    chance = torch.tensor([[0.0, 2.0, 1.0]]).double().softmax(1)[0]
    assert torch.allclose(search.log_odds[0].sigmoid(), chance)
    assert search.cells() == [(0, 0), (0, 1)]


def test_unknown_labels_are_never_suspect():
    assert fixed(SCORES, LABELS, unknown=["dog"]).cells() == [(0, 0), (0, 2)]


def test_what_a_person_has_reviewed_is_no_suspect():
    reviewed = frozenset({("0.jpg", "cat"), ("gone.jpg", "cat"), ("0.jpg", "gone")})
    assert fixed(SCORES, LABELS, reviewed=reviewed).cells() == [(0, 1), (0, 2)]


@pytest.fixture(scope="module")
def found(run):
    return suspects(run, folds=3, most=None)


def test_a_run_names_its_suspects_with_evidence_and_a_sentence(found, run):
    assert [suspect.rank for suspect in found] == list(range(1, len(found) + 1))
    assert len(found) > 5
    doubts = [suspect.doubt for suspect in found]
    assert doubts == sorted(doubts, reverse=True)
    first = found[0]
    parts = first.evidence.top_sum + first.evidence.low_sum + first.evidence.remainder
    assert parts == pytest.approx(first.evidence.score, abs=1e-4)
    assert torch.tensor(first.evidence.score).sigmoid().item() == pytest.approx(first.probability, abs=1e-5)
    assert first.sentence.startswith(
        f"{first.class_name} is labelled {first.given}, and a head that had not seen the image gives it"
    )
    assert first.regions_for == first.evidence.top
    assert first.to_dict()["for"][0]["box"] == list(first.regions_for[0].box)


def test_test_images_and_unknown_labels_are_not_among_them(found):
    assert {suspect.file_name.split("/")[0] for suspect in found} <= {"train", "val"}
    assert UNKNOWN not in {(suspect.file_name, suspect.class_name) for suspect in found}


def test_corrected_labels_are_no_suspects_and_the_heads_learn_from_them(found, run, tmp_path):
    table = tmp_path / "corrections.csv"
    for suspect in found[:3]:
        turned = "absent" if suspect.given == "present" else "present"
        append_correction(table, Correction(suspect.file_name, suspect.class_name, suspect.given, turned))
    again = suspects(run, folds=3, most=None, corrections=table)
    reviewed = {(suspect.file_name, suspect.class_name) for suspect in found[:3]}
    assert not reviewed & {(suspect.file_name, suspect.class_name) for suspect in again}


def test_what_people_said_on_the_page_is_taken_without_asking_and_said(run, tmp_path):
    own = RunDirectory(shutil.copytree(run.path, tmp_path / "mine"))
    before = suspects(own, folds=2, most=None)
    first = before[0]
    said = Correction(first.file_name, first.class_name, first.given, first.given)
    append_correction(tmp_path / "mine.corrections.csv", said)
    search = search_suspects(own, folds=2)
    (note, *_) = search.maps.notes
    assert note == f"{tmp_path / 'mine.corrections.csv'}: 1 label is as people said there, and no suspect"
    assert (first.file_name, first.class_name) in {(s.file_name, s.class_name) for s in before}
    assert (first.file_name, first.class_name) not in {
        (s.file_name, s.class_name) for s, _ in search.suspects(None)
    }
    assert len(search.cells()) == len(before) - 1


def test_it_is_at_the_top_of_the_package_and_gives_as_many_as_asked(run):
    assert len(weldon.suspects(run.path, folds=2, most=2)) == 2


def test_options_that_cannot_be_are_refused(run, tmp_path):
    with pytest.raises(UsageError, match="most"):
        suspects(run, most=0)
    with pytest.raises(UsageError, match="folds"):
        suspects(run, folds=1)
    with pytest.raises(DataError, match="27 folds"):
        suspects(run, folds=27)
    with pytest.raises(DataError, match=r"none\.csv"):
        suspects(run, corrections=tmp_path / "none.csv")
