"""Shards hold the images as they are beside their labels, and an index that is checked."""

from __future__ import annotations

import json
import tarfile

import pytest

from weldon.data.shards import INDEX, read_index, write_shards
from weldon.errors import DataError


def test_shards_are_tars_of_images_beside_their_labels(label_set, index, tmp_path):
    assert index.splits["train"][0] == 20
    assert len(index.splits["train"][1]) > 3
    with tarfile.open(tmp_path / "shards" / "train-000000.tar") as tar:
        names = tar.getnames()
        told = json.loads(tar.extractfile("000000000.json").read())
        image = tar.extractfile(names[0]).read()
    assert names[0].startswith("000000000.")
    source = next(record for record in label_set.records if record.file_name == told["file_name"])
    assert image == source.path.read_bytes()
    assert told["labels"] == sorted(source.labels)


def test_the_index_is_read_back(index, tmp_path):
    assert read_index(tmp_path / "shards") == index
    elsewhere = read_index(tmp_path / "shards" / INDEX, folder="https://example.org/s")
    assert elsewhere.shards("test")[0] == "https://example.org/s/test-000000.tar"


def test_the_same_seed_writes_the_same_bytes(label_set, index, tmp_path):
    write_shards(label_set, tmp_path / "again", shard_bytes=4000)
    for name in index.splits["train"][1]:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "shards" / name).read_bytes()


def test_shards_are_not_overwritten(label_set, index, tmp_path):
    with pytest.raises(DataError, match="holds shards already"):
        write_shards(label_set, tmp_path / "shards")


def test_an_index_that_is_none_is_named(tmp_path):
    (tmp_path / INDEX).write_text('{"classes": []}')
    with pytest.raises(DataError, match="is no index of shards"):
        read_index(tmp_path)


@pytest.mark.parametrize("name", ["'; touch evil; '.tar", "../x.tar", "pipe:touch evil", "a/b.tar", "", 7])
def test_an_index_that_names_anything_but_a_shard_is_refused(index, tmp_path, name):
    content = json.loads((tmp_path / "shards" / INDEX).read_text())
    content["splits"]["train"]["shards"][0] = name
    (tmp_path / "shards" / INDEX).write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"shards\.json is no index of shards"):
        read_index(tmp_path / "shards", folder="https://example.org/s")


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["splits"].pop("test"),
        lambda values: values["splits"]["test"].update(shards=[""]),
        lambda values: values["splits"]["test"].update(shards=["none.tar"]),
        lambda values: values["splits"]["test"].update(shards="test-000000.tar"),
        lambda values: values["splits"]["test"].update(images="5"),
        lambda values: values["splits"]["test"].update(images=True),
        lambda values: values["splits"]["test"].update(images=-1),
        lambda values: values["splits"]["test"]["shards"].append("test-000000.tar"),
        lambda values: values.update(classes="cat"),
        lambda values: values.update(classes=["cat", "cat"]),
        lambda values: values.update(classes=["cat", None]),
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused_by_name(index, tmp_path, change):
    file = tmp_path / "shards" / INDEX
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))
    with pytest.raises(DataError, match=INDEX):
        read_index(tmp_path / "shards")
