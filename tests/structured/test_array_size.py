"""An array that no machine holds is refused by its header."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.errors import DataError
from weldon.structured import array_size


def test_what_fits_passes_and_what_does_not_is_named(monkeypatch):
    monkeypatch.setattr(array_size, "machine_memory", lambda: 80)
    array_size.refuse_too_large(Path("a.npy"), (4, 5))
    with pytest.raises(DataError, match=r"a\.npy declares 4 x 6 numbers"):
        array_size.refuse_too_large(Path("a.npy"), (4, 6))


def test_this_machine_has_memory():
    assert array_size.machine_memory() > 1 << 27
