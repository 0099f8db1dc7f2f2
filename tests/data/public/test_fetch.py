"""From a catalogue entry to a folder in the published layout, with archives made here."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.archives import tar
from weldon.data.public import catalogue, fetch
from weldon.data.public.catalogue import CATALOGUE
from weldon.data.public.entry import Archive
from weldon.errors import DataError


def described(path: Path, **options) -> Archive:
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    return Archive(path.name, (), path.stat().st_size, f"md5:{digest}", **options)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The entry of MIT67 with an archive that a person put into its folder."""
    home = tmp_path / "mit67"
    home.mkdir()
    photos = tar(home / "photos.tar", {"Images/bar/a.jpg": b"not looked at"})
    (home / "TrainImages.txt").write_text("bar/a.jpg")
    entry = replace(
        CATALOGUE["mit67"],
        archives=(described(photos), Archive("TrainImages.txt", ())),
        by_hand="Ask the authors.",
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "mit67", entry)
    return tmp_path


def test_what_a_person_fetched_is_unpacked_and_left(tiny):
    home = fetch.fetch_dataset("mit67", tiny)
    assert (home / "Images" / "bar" / "a.jpg").is_file()
    assert (home / "photos.tar").is_file()


def test_what_is_done_is_not_done_again(tiny):
    home = fetch.fetch_dataset("mit67", tiny)
    (home / "photos.tar").unlink()
    (home / "Images" / "bar" / "a.jpg").unlink()
    assert fetch.fetch_dataset("mit67", tiny) == home
    assert not (home / "Images" / "bar" / "a.jpg").exists()


def test_an_archive_that_a_killed_call_fetched_is_not_taken_for_a_persons(tiny, monkeypatch):
    home = tiny / "mit67"
    whole = (home / "photos.tar").read_bytes()
    (home / "photos.tar").unlink()

    def fetched(archive, folder, **options):
        (folder / archive.name).write_bytes(whole)
        return folder / archive.name

    def killed(*_, **__):
        raise KeyboardInterrupt

    entry = replace(CATALOGUE["mit67"], archives=CATALOGUE["mit67"].archives[:1], by_hand="")
    entry = replace(
        entry, archives=(replace(entry.archives[0], addresses=("https://example.org/photos.tar",)),)
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "mit67", entry)
    monkeypatch.setattr(fetch, "download", fetched)
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "unpack", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch.fetch_dataset("mit67", tiny)
    fetch.fetch_dataset("mit67", tiny)
    assert (home / "Images" / "bar" / "a.jpg").is_file()
    assert [path.name for path in home.iterdir() if path.is_file() and path.suffix == ".tar"] == []
    assert [path.name for path in (home / ".unpacked").iterdir()] == ["photos.tar"]


def test_a_licence_that_must_be_clicked_is_explained(tmp_path):
    with pytest.raises(DataError) as error:
        fetch.fetch_dataset("ilsvrc2012", tmp_path)
    text = str(error.value)
    assert "accept its terms" in text
    assert "open https://image-net.org/" in text
    assert f"put these files into {tmp_path / 'ilsvrc2012'}" in text
    assert "ILSVRC2012_img_train.tar  sha256:b08200a27a8e" in text


def test_too_little_space_is_said_before_anything_is_fetched(tmp_path, monkeypatch):
    usage = SimpleNamespace(free=3_000_000_000)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DataError, match=r"coco2014 needs 34\.9 GB .* has 3\.0 GB free"):
        fetch.fetch_dataset("coco2014", tmp_path)
    assert not list(tmp_path.iterdir())


def test_space_counts_one_archive_at_a_time_and_what_is_there(tmp_path):
    archives = [Archive("a.tar", (), 100, unpacked=1.0), Archive("b.tar", (), 60, unpacked=2.0)]
    assert fetch.space_needed(tmp_path, archives, keep=False) == 100 + 120 + 100
    assert fetch.space_needed(tmp_path, archives, keep=True) == 100 + 120 + 160
    (tmp_path / "a.tar.part").write_bytes(b"x" * 70)
    assert fetch.space_needed(tmp_path, archives, keep=False) == 100 + 120 + 60
    assert fetch.space_needed(tmp_path, archives, keep=True) == 100 + 120 + 90
