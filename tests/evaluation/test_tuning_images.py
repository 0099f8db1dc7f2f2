"""Settings are used again, but never on the images that chose them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.data import Record
from weldon.errors import DataError
from weldon.evaluation.selection import MeasuredImages
from weldon.evaluation.tuning_images import read_declared, write_declared
from weldon.runs.stored import Localisation

RECORDS = tuple(Record(Path(name), name, frozenset()) for name in ("c.jpg", "b.jpg", "a.jpg"))


def images(*, measured: slice, tuning: slice, data: Path = Path("photos")) -> MeasuredImages:
    return MeasuredImages(RECORDS, RECORDS[measured], RECORDS[tuning], data, own=True)


@pytest.fixture
def stored(tmp_path) -> Path:
    """Settings that c.jpg and b.jpg chose."""
    path = tmp_path / "localisation.json"
    chosen = images(measured=slice(2, 3), tuning=slice(0, 2))
    write_declared(path, {"box_threshold": 0.35}, chosen, source="list.txt")
    return path


def test_settings_are_kept_with_the_images_that_chose_them(stored):
    found = json.loads(stored.read_text())
    assert found["box_threshold"] == 0.35
    assert found["tuned_on"] == {
        "source": "list.txt",
        "data": str(Path("photos").resolve()),
        "images": ["b.jpg", "c.jpg"],
    }


def test_other_images_may_use_them(stored):
    found = read_declared(Localisation, stored, images(measured=slice(2, 3), tuning=slice(0)))
    assert found is not None
    assert found["box_threshold"] == 0.35


def test_images_that_chose_them_may_not_and_are_counted(stored, caplog):
    assert read_declared(Localisation, stored, images(measured=slice(1, 3), tuning=slice(0))) is None
    assert "localisation.json was chosen on 1 of the measured images" in caplog.text


def test_images_of_the_same_name_elsewhere_are_other_images(stored):
    elsewhere = images(measured=slice(0, 3), tuning=slice(0), data=Path("other"))
    assert read_declared(Localisation, stored, elsewhere) is not None


def test_settings_that_a_person_wrote_were_chosen_on_nothing(tmp_path):
    (tmp_path / "a.json").write_text('{"box_threshold": 0.5}')
    everything = images(measured=slice(0, 3), tuning=slice(0))
    assert read_declared(Localisation, tmp_path / "a.json", everything) == {"box_threshold": 0.5}
    assert read_declared(Localisation, tmp_path / "b.json", everything) is None


def test_a_file_that_holds_no_settings_is_named(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(DataError, match=r"a\.json"):
        read_declared(Localisation, tmp_path / "a.json", images(measured=slice(0, 3), tuning=slice(0)))
