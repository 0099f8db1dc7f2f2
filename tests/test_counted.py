"""A number agrees with its noun."""

from __future__ import annotations

import pytest

from weldon.counted import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 classes"), (1, "1 class"), (2, "2 classes"), (12345, "12,345 classes")]
)
def test_a_count_agrees_with_its_noun(count, words):
    assert counted(count, "class", "classes") == words
    assert counted(count, "image").endswith("image" if count == 1 else "images")
