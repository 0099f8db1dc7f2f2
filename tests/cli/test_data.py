"""``weldon data``: the list, and the way of archives from a server on this machine to a data set."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
from dataclasses import replace

import pytest

from weldon.cli import main
from weldon.data.public import catalogue
from weldon.data.public.entry import Archive


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    return int(left.value.code or 0)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server with MIT67's archive and lists, and the catalogue pointing there."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    with tarfile.open(folder / "indoorCVPR_09.tar", "w") as archive:
        for name in ("bar/a.jpg", "gym/b.jpg"):
            member = tarfile.TarInfo(f"Images/{name}")
            member.size = 3
            archive.addfile(member, io.BytesIO(b"jpg"))
    (folder / "TrainImages.txt").write_text("bar/a.jpg")
    (folder / "TestImages.txt").write_text("gym/b.jpg")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}"
    md5 = hashlib.md5((folder / "indoorCVPR_09.tar").read_bytes()).hexdigest()
    archives = (
        Archive("indoorCVPR_09.tar", (f"{root}/indoorCVPR_09.tar",), checksum=f"md5:{md5}"),
        *(Archive(name, (f"{root}/{name}",)) for name in ("TrainImages.txt", "TestImages.txt")),
    )
    entry = replace(catalogue.CATALOGUE["mit67"], archives=archives)
    monkeypatch.setitem(catalogue.CATALOGUE, "mit67", entry)
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("served")
def test_get_fetches_and_unpacks_into_the_layout(tmp_path, capsys):
    assert run("data", "get", "mit67", "--data-root", str(tmp_path), "--json") == 0
    home = tmp_path / "mit67"
    said = capsys.readouterr()
    assert json.loads(said.out) == {"folders": {"mit67": str(home)}}
    assert "For research" in said.err
    assert (home / "Images" / "gym" / "b.jpg").is_file()
    assert not (home / "indoorCVPR_09.tar").exists()
    assert len(catalogue.read_dataset("mit67", home).records) == 2


def test_list_shows_every_set_and_what_is_here(tmp_path, capsys):
    (tmp_path / "voc2007" / ".unpacked").mkdir(parents=True)
    (tmp_path / "voc2007" / ".unpacked" / "VOCtest_06-Nov-2007.tar").touch()
    assert run("data", "list", "--data-root", str(tmp_path), "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["datasets"]}
    assert set(rows) == set(catalogue.CATALOGUE)
    assert rows["voc2007"]["state"] == "in part"
    assert rows["coco2014"]["state"] == ""
    assert rows["cub200"]["train"] == 5994


def test_list_prints_a_table(tmp_path, capsys):
    assert run("data", "list", "--data-root", str(tmp_path)) == 0
    assert "1,281,167" in capsys.readouterr().out


@pytest.mark.usefixtures("served")
def test_shards_are_written_from_a_named_set(tmp_path, capsys):
    run("data", "get", "mit67", "--data-root", str(tmp_path))
    capsys.readouterr()
    root, out = str(tmp_path), str(tmp_path / "shards")
    assert run("data", "shards", "mit67", "--data-root", root, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["splits"] == {"train": {"images": 1, "shards": 1}, "test": {"images": 1, "shards": 1}}
    with tarfile.open(tmp_path / "shards" / "test-000000.tar") as shard:
        (picture,) = [member for member in shard.getmembers() if member.name.endswith(".jpg")]
        assert shard.extractfile(picture).read() == b"jpg"


def test_shards_of_a_folder_are_checked_as_its_files_are(tmp_path, capsys):
    from weldon.data.scenes import make_scenes, write_scenes

    write_scenes(tmp_path / "files", {"train": make_scenes(4, split="train", seed=0)})
    files, shards, table = (str(tmp_path / name) for name in ("files", "shards", "files/labels.csv"))
    assert run("data", "shards", files, "--labels", table, "--out", shards) == 0
    said = capsys.readouterr().err
    assert "train: 4 images in 1 shard" in said
    assert f"`weldon train {shards}` trains from them" in said
    told = []
    for data in ([files, "--labels", table], [shards]):
        assert run("check", *data, "--json") == 0
        told.append(json.loads(capsys.readouterr().out))
    for name in ("images", "classes", "unreadable"):
        assert told[0].get(name) == told[1].get(name), name
    assert told[1]["images"]


def test_labels_without_a_folder_are_a_wrong_usage(tmp_path, capsys):
    assert run("data", "shards", "voc2007", "--labels", "a.csv", "--out", str(tmp_path / "s")) == 2
    assert "a folder of images must be given" in capsys.readouterr().err


def test_an_unknown_name_is_a_wrong_usage(tmp_path, capsys):
    assert run("data", "get", "voc2010", "--data-root", str(tmp_path)) == 2
    assert "must be one of voc2007" in capsys.readouterr().err


def test_terms_to_accept_are_bad_data(tmp_path, capsys):
    assert run("data", "get", "ilsvrc2012", "--data-root", str(tmp_path)) == 1
    assert "accept its terms" in capsys.readouterr().err
