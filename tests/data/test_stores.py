"""Pictures and shards in an object store: what is read is what the files hold, and what fails is named."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader

from object_store import KEY, FolderStore, object_store
from weldon.data import EvalTransform, ImageDataset, collate, load_image, read_labels, stores
from weldon.data.file_facts import file_facts
from weldon.data.image import image_size
from weldon.data.scenes import make_scenes, write_scenes
from weldon.data.shards import INDEX, write_shards
from weldon.data.stores import absolute, address_of, object_sizes, read_object
from weldon.data.windows import picture_size
from weldon.errors import DataError, MissingPackageError, StoreError, UsageError
from weldon.evaluation import evaluate
from weldon.inference import expand_images, load
from weldon.training import train

QUICK = {"model": "test_resnet", "weights": "none", "image_size": 64, "device": "cpu", "batch_size": 8}
QUICK |= {"progress": False, "epochs": 1, "workers": 0}
BUCKET = Path("s3://bucket")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A bucket with scenes as files and as shards."""
    folder = tmp_path_factory.mktemp("store") / "bucket"
    splits = {"train": 16, "val": 8}
    write_scenes(folder / "files", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})
    write_shards(
        read_labels(folder / "files", folder / "files" / "labels.csv"), folder / "shards", shard_bytes=9_000
    )
    return folder


@pytest.fixture
def bucket(home, tmp_path, monkeypatch):
    """Serve a copy of the bucket that a test may damage, by a server that speaks S3."""
    pytest.importorskip("s3fs", reason="the extra s3 is not installed").S3FileSystem.clear_instance_cache()
    copy = tmp_path / "bucket"
    shutil.copytree(home, copy)
    with object_store(copy) as server:
        told = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}", "AWS_ACCESS_KEY_ID": KEY}
        for name, value in (told | {"AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}).items():
            monkeypatch.setenv(name, value)
        yield copy


def test_a_path_on_a_disk_is_no_address():
    assert address_of("photos/s3/a.jpg") is None
    assert address_of(Path("/data/s3:photos")) is None
    assert absolute("photos") == Path("photos").absolute()


@pytest.mark.parametrize(
    "path", ["s3://bucket/a/b.jpg", Path("s3://bucket/a/b.jpg"), Path("s3:/bucket/a/b.jpg").absolute()]
)
def test_an_address_stays_one_as_a_path(path):
    assert address_of(path) == "s3://bucket/a/b.jpg"
    assert address_of(absolute(path)) == "s3://bucket/a/b.jpg"


def test_objects_are_listed_with_their_sizes_and_read_in_part(bucket):
    index = bucket / "shards" / INDEX
    assert object_sizes(BUCKET / "shards") == {
        p.name: p.stat().st_size for p in sorted(index.parent.iterdir())
    }
    assert object_sizes(BUCKET / "shards" / INDEX) == object_sizes(BUCKET / "none") == {}
    assert read_object(BUCKET / "shards" / INDEX) == index.read_bytes()
    assert read_object(BUCKET / "shards" / INDEX, 3, 5) == index.read_bytes()[3:8]
    with pytest.raises(FileNotFoundError, match="no such object"):
        read_object(BUCKET / "none")


def test_shards_are_the_records_and_pictures_of_the_folder(bucket):
    here, there = (read_labels(place).records for place in (bucket / "shards", "s3://bucket/shards"))
    assert [replace(r, path=None) for r in here] == [replace(r, path=None) for r in there]
    for near, far in list(zip(here, there, strict=True))[:3]:
        assert load_image(far.path).tobytes() == load_image(near.path).tobytes()
        assert image_size(far.path) == picture_size(far.path) == image_size(near.path)
        assert file_facts(far.path) == file_facts(near.path)


@pytest.fixture(scope="module")
def near(home):
    """A run from the files."""
    return trained(home / "files", home / "files" / "labels.csv", out=home.parent / "near")


def trained(*data, **options):
    return train(*data, **(QUICK | options))


def same(first, second):
    learnt, again = (load_file(run.best) for run in (first, second))
    for name in ("thresholds.json", "splits.csv", "report/per_class.csv"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes(), name
    return all(torch.equal(learnt[name], again[name]) for name in learnt)


def test_a_run_from_a_store_is_the_run_of_the_files_and_goes_on(bucket, near, tmp_path):
    far = trained("s3://bucket/shards", out=tmp_path / "far")
    assert same(near, far)
    assert evaluate(far, device="cpu")["map"] == pytest.approx(evaluate(near, device="cpu")["map"], abs=1e-6)
    resumed = trained("s3://bucket/shards", out=tmp_path / "far", resume=True, epochs=2)
    assert len(resumed.metrics.read_text().splitlines()) == 3


@pytest.mark.slow
def test_reading_processes_and_frozen_maps_take_a_store_too(bucket, near, tmp_path):
    assert same(near, trained("s3://bucket/shards", out=tmp_path / "two", workers=2))
    frozen = {"freeze": True, "lr": 0.01, "cache": tmp_path / "cache"}
    files = trained(bucket / "files", bucket / "files" / "labels.csv", out=tmp_path / "files", **frozen)
    kept = sorted((tmp_path / "cache").rglob("*"))
    assert same(files, trained("s3://bucket/shards", out=tmp_path / "frozen", **frozen))
    assert sorted((tmp_path / "cache").rglob("*")) == kept  # no map was computed again


def test_pictures_and_shards_are_predicted_where_they_lie(bucket, make_run):
    predictor = load(make_run())
    near = predictor.predict_many([bucket / "files" / "val"])
    far = predictor.predict_many(["s3://bucket/files/val"])
    expected = {one.file_name: one.scores for one in near}
    assert {one.file_name: one.scores for one in far} == expected
    assert len(expected) == 8
    one = expand_images(f"s3://bucket/files/val/{next(iter(expected))}")
    assert [image.file_name for image in one] == [next(iter(expected))]
    assert len(expand_images("s3://bucket/shards")) == 24


def test_what_a_store_does_not_hold_is_named(bucket):
    with pytest.raises(DataError, match=r"s3://bucket/none holds no shards\.json: give the place"):
        read_labels("s3://bucket/none")
    with pytest.raises(UsageError, match="`labels` must be left out"):
        read_labels("s3://bucket/shards", bucket / "files" / "labels.csv")
    with pytest.raises(
        UsageError, match=r"must be a folder, shards or one object, got 's3://bucket/\*\.jpg'"
    ):
        expand_images("s3://bucket/*.jpg")
    (bucket / "texts").mkdir()
    (bucket / "texts" / "a.txt").write_text("words")
    with pytest.raises(DataError, match="s3://bucket/texts holds no image"):
        expand_images("s3://bucket/texts")
    with pytest.raises(UsageError, match="must be on a disk, got s3://bucket/new"):
        write_shards(read_labels(bucket / "shards"), "s3://bucket/new")


def test_a_shard_that_was_copied_in_part_is_named(bucket):
    shard = next((bucket / "shards").glob("train-*.tar"))
    shard.write_bytes(shard.read_bytes()[:700])
    with pytest.raises(
        DataError, match=f"(?s)s3://bucket/shards: shards that are not as they.*{shard.name}: 700 bytes"
    ):
        read_labels("s3://bucket/shards")
    shard.unlink()
    with pytest.raises(DataError, match=f"{shard.name}: not in the folder"):
        read_labels("s3://bucket/shards")


class Broken(FolderStore):
    """A store that refuses every picture."""

    def cat_file(self, address, start=None, end=None):
        if start is not None:
            raise ConnectionError("the line is dead\nand more")
        return super().cat_file(address)


def test_a_store_that_fails_ends_the_command_and_skips_no_picture(home, tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_store", lambda: Broken(home))
    with pytest.raises(
        StoreError, match=r"cannot read s3://bucket/shards/train-\d+.tar from Amazon: the line is dead;"
    ):
        train("s3://bucket/shards", out=tmp_path / "run", **QUICK)


def test_a_store_that_fails_in_a_reading_process_is_one_sentence(home, tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_store", lambda: FolderStore(home))
    records = read_labels("s3://bucket/shards").records
    monkeypatch.setattr(stores, "_store", lambda: Broken(home))
    images = ImageDataset(records, read_labels(home / "shards").classes, EvalTransform(64))
    with pytest.raises(StoreError) as failed:
        next(iter(DataLoader(images, 2, collate_fn=collate, num_workers=1)))
    assert str(failed.value).startswith("cannot read s3://bucket/shards/")


def test_without_the_package_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingPackageError, match=r"to read from s3:// s3fs must be installed: .*\[s3\]"):
        read_labels("s3://bucket/shards")


@pytest.mark.parametrize("fault", ["no server", "other keys"])
def test_a_store_that_does_not_answer_or_refuses_is_named_at_once(home, monkeypatch, fault):
    pytest.importorskip("s3fs", reason="the extra s3 is not installed").S3FileSystem.clear_instance_cache()
    with object_store(home) as server:
        port = server.server_address[1] if fault == "other keys" else 9
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger" if fault == "other keys" else KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        began = time.monotonic()
        with pytest.raises(
            StoreError, match=f"cannot read s3://bucket/shards.* from {os.environ['AWS_ENDPOINT_URL']}: "
        ):
            read_labels("s3://bucket/shards")
        assert time.monotonic() - began < 20
