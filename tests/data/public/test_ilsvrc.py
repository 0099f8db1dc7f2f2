"""ILSVRC 2012 in miniature, in its three layouts: sorted, with the official list, and as Kaggle packs it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from weldon.data.public.catalogue import read_dataset
from weldon.data.public.ilsvrc import read_ilsvrc
from weldon.errors import DataError

FISH, CRANE = "n01440764", "n02012849"
VAL = ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000002.JPEG", "ILSVRC2012_val_00000003.JPEG"]
TRUTH = [CRANE, FISH, CRANE]


@pytest.fixture
def train(tmp_path, photograph):
    for name in (f"{FISH}/{FISH}_18.jpeg", f"{FISH}/{FISH}_36.jpeg", f"{CRANE}/{CRANE}_7.jpeg"):
        photograph(f"train/{name}").rename(tmp_path / "train" / name.replace(".jpeg", ".JPEG"))
    return tmp_path


def flat_val(root, photograph, folder="val"):
    for name in VAL:
        path = photograph(f"{folder}/{name.replace('.JPEG', '.jpeg')}")
        path.rename(path.with_suffix(".JPEG"))


def devkit(folder, synsets={7: FISH, 3: CRANE}):  # noqa: B006
    """Write meta.mat as MATLAB does: a struct array; ids are not in the order of the synsets."""
    folder.mkdir(parents=True)
    fields = [("ILSVRC2012_ID", object), ("WNID", object), ("words", object), ("num_children", object)]
    rows = [(float(number), name, "words, here", 0.0) for number, name in synsets.items()]
    savemat(folder / "meta.mat", {"synsets": np.array(rows, dtype=fields).reshape(-1, 1)})
    numbers = {name: number for number, name in synsets.items()}
    lines = "".join(f"{numbers[name]}\n" for name in TRUTH)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(lines)


def test_labels_of_val(found):
    assert found.classes == (FISH, CRANE)
    assert len(found.of_split("train")) == 3
    test = {record.path.name: set(record.labels) for record in found.of_split("test")}
    assert test == {name: {label} for name, label in zip(VAL, TRUTH, strict=True)}


@pytest.fixture(params=["sorted", "official list", "official list beside", "kaggle"])
def found(request, train, photograph):
    if request.param == "sorted":
        flat_val(train, photograph)
        for name, label in zip(VAL, TRUTH, strict=True):
            (train / "val" / label).mkdir(exist_ok=True)
            (train / "val" / name).rename(train / "val" / label / name)
    elif request.param.startswith("official"):
        flat_val(train, photograph)
        devkit(train / ("ILSVRC2012_devkit_t12/data" if request.param == "official list" else "devkit/data"))
    else:
        home = train / "ILSVRC" / "Data" / "CLS-LOC"
        home.mkdir(parents=True)
        flat_val(train, photograph)
        for name in ("train", "val"):
            (train / name).rename(home / name)
        rows = [f"{name[:-5]},{label} 85 1 499 272 \n" for name, label in zip(VAL, TRUTH, strict=True)]
        (train / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "".join(rows))
    return read_dataset("ilsvrc2012", train)


def test_without_any_list_it_says_what_to_put_where(train, photograph):
    flat_val(train, photograph)
    with pytest.raises(
        DataError, match=r"ILSVRC2012_validation_ground_truth.txt and meta.mat of ILSVRC2012_dev"
    ):
        read_dataset("ilsvrc2012", train)


def test_folders_that_are_no_synsets_are_named(train, photograph):
    photograph("train/goldfish/a.png")
    photograph(f"val/{FISH}/a.png")
    with pytest.raises(DataError, match=r"train/goldfish: no synset"):
        read_dataset("ilsvrc2012", train)


def test_a_model_measures_on_val_alone(tmp_path, photograph):
    photograph(f"val/{FISH}/a.png")
    found = read_ilsvrc(tmp_path, classes=(CRANE, FISH))
    assert found.classes == (CRANE, FISH)
    assert [record.labels for record in found.records] == [{FISH}]


def test_images_of_a_class_share_their_labels(found):
    one, two = (record for record in found.of_split("train") if FISH in record.labels)
    assert one.labels is two.labels  # 1.3 million sets would take 280 MB
