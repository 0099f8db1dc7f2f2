"""What a run trains on keeps its parts, and both kinds of inputs offer the same functions."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from weldon.data import Record
from weldon.training.inputs.bags import BagInputs
from weldon.training.inputs.images import IMAGES, ImageInputs
from weldon.training.inputs.inputs import Inputs, Prepared

PROTOCOL = [name for name, value in vars(Inputs).items() if inspect.isfunction(value) and name[0] != "_"]


def record(name: str) -> Record:
    return Record(Path(name), name, frozenset())


@pytest.fixture
def prepared() -> Prepared:
    train, val, test = (tuple(map(record, names)) for names in ("abc", "de", "f"))
    return Prepared(train, val, test, ("cat",), "multilabel", IMAGES)


def test_records_are_those_of_all_splits_in_order(prepared):
    assert "".join(one.file_name for one in prepared.records) == "abcdef"
    assert prepared.noun == "images"


def test_lost_files_leave_every_split(prepared):
    kept = prepared.without({Path("b"), Path("d"), Path("f")})
    assert [[one.file_name for one in part] for part in (kept.train, kept.val, kept.test)] == [
        ["a", "c"],
        ["e"],
        [],
    ]
    assert (kept.classes, kept.task, kept.inputs) == (prepared.classes, prepared.task, IMAGES)


@pytest.mark.parametrize("kind", [ImageInputs, BagInputs])
@pytest.mark.parametrize("name", PROTOCOL)
def test_each_kind_offers_every_function_with_the_same_arguments(kind, name):
    wanted, given = (inspect.signature(getattr(owner, name)) for owner in (Inputs, kind))
    assert list(given.parameters) == list(wanted.parameters)


def test_each_kind_has_a_noun_of_its_own():
    assert {ImageInputs.noun, BagInputs.noun} == {"images", "bags"}
