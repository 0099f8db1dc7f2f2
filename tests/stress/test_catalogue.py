"""A case follows from its name alone, and each damage does something."""

from __future__ import annotations

from random import Random

import pytest

from stress.catalogue import KINDS
from stress.kind import Place


@pytest.mark.parametrize("name", KINDS)
def test_equal_names_give_equal_damage(name, tmp_path):
    kind = KINDS[name]
    if kind.needs_world:
        pytest.skip(f"{name} is planted from a trained run")
    place = Place(tmp_path / "world", tmp_path / "files", tmp_path / "out")
    place.files.mkdir()
    kind.plant(place)
    whole = (place.files / kind.damaged).read_bytes()
    different = 0
    for seed in range(len(kind.mutators)):
        once, twice = (kind.mutate(whole, seed, Random(f"{name}#{seed}")) for _ in range(2))
        assert (once.name, once.content, once.effect) == (twice.name, twice.content, twice.effect)
        different += once.content != whole
    assert different > 0.8 * len(kind.mutators)
