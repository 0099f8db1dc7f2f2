"""VOC 2007 and VOC 2012 by the divisions that the paper measures on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data.public.entry import FLICKR, TABLE_2, Archive, Entry, find_folder
from weldon.data.public.voc import VOC_CLASSES, Devkit, read_voc
from weldon.data.record import LabelSet, Record

_VOC_HOSTS = (
    "https://thor.robots.ox.ac.uk/pascal/VOC/",
    "https://host.robots.ox.ac.uk/pascal/VOC/",
)
_MIRROR = "https://pjreddie.com/media/files/"


def find_devkit(root: Path, year: int, image_set: str = "Main") -> Path:
    """Return the devkit of a year: the folder itself, or where the archive unpacks it.

    Raises:
        DataError: it is not there.
    """
    inner = (f"VOC{year}", f"VOCdevkit/VOC{year}")
    return find_folder(root, inner, ("JPEGImages", f"ImageSets/{image_set}"), f"VOC {year}")


def read_voc2007(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``trainval`` to train on and ``test`` to measure on; only difficult objects is unknown.

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("trainval",), "test": ("test",)}
    return read_voc(find_devkit(root, 2007), classes=classes or VOC_CLASSES, lists=lists)


def read_voc2012(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``trainval`` to train on; ``test``, where it was unpacked, has no public labels: all is unknown.

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    folder = find_devkit(root, 2012)
    found = read_voc(folder, classes=classes or VOC_CLASSES, lists={"train": ("trainval",)})
    hidden = Devkit(folder).splits("main", {"test": ("test",)})
    if not hidden:
        return found
    unknown = frozenset(found.classes)
    test = [
        Record(path, path.name, frozenset(), unknown, "test")
        for stem in hidden["test"][1]
        if (path := folder / "JPEGImages" / f"{stem}.jpg").is_file()
    ]
    return found.with_records((*found.records, *test))


def read_voc2012_val(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train`` to train on and ``val`` to measure on, as for localisation (Table 10).

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("train",), "test": ("val",)}
    return read_voc(find_devkit(root, 2012), classes=classes or VOC_CLASSES, lists=lists)


def read_voc2012_segmentation(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train_aug`` with labels from its masks, and ``val`` with masks to measure on (Table 11).

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("train_aug",), "test": ("val",)}
    folder = find_devkit(root, 2012, "Segmentation/train_aug.txt")
    return read_voc(folder, image_set="segmentation", classes=classes, lists=lists)


def _voc_archive(year: int, name: str, size: int, checksum: str) -> Archive:
    hosts = tuple(f"{host}voc{year}/{name}" for host in _VOC_HOSTS)
    return Archive(name, (*hosts, _MIRROR + name), size, f"sha256:{checksum}")


VOC2007 = Entry(
    name="voc2007",
    title="PASCAL VOC 2007",
    classes=VOC_CLASSES,
    num_classes=20,
    train=5_011,
    test=4_952,
    measure="mAP",
    source=TABLE_2,
    home="voc2007",
    page="https://host.robots.ox.ac.uk/pascal/VOC/voc2007/",
    licence=FLICKR,
    layout=(
        "VOCdevkit/VOC2007/JPEGImages/*.jpg",
        "VOCdevkit/VOC2007/Annotations/*.xml",
        "VOCdevkit/VOC2007/ImageSets/Main/{trainval,test}.txt, CLASS_{trainval,test}.txt",
    ),
    archives=(
        _voc_archive(
            *(2007, "VOCtrainval_06-Nov-2007.tar", 460_032_000),
            "7d8cd951101b0957ddfd7a530bdc8a94f06121cfc1e511bb5937e973020c7508",
        ),
        _voc_archive(
            *(2007, "VOCtest_06-Nov-2007.tar", 451_020_800),
            "6836888e2e01dca84577a849d339fa4f73e1e4f135d312430c4856b5609b4892",
        ),
    ),
    read=read_voc2007,
)

VOC2012 = Entry(
    name="voc2012",
    title="PASCAL VOC 2012",
    classes=VOC_CLASSES,
    num_classes=20,
    train=11_540,
    test=10_991,
    measure="mAP (evaluation server: the test labels are not public)",
    source=TABLE_2,
    home="voc2012",
    page="https://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
    licence=FLICKR,
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/Annotations/*.xml",
        "VOCdevkit/VOC2012/ImageSets/Main/trainval.txt, CLASS_trainval.txt, test.txt",
    ),
    archives=(
        _voc_archive(
            *(2012, "VOCtrainval_11-May-2012.tar", 1_999_639_040),
            "e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
        ),
        Archive(
            "VOC2012test.tar",
            (f"{_MIRROR}VOC2012test.tar",),
            1_850_626_560,
            "sha256:f08582b1935816c5eab3bbb1eb6d06201a789eaa173cdf1cf400c26f0cac2fb3",
        ),
    ),
    read=read_voc2012,
)

VOC2012_VAL = replace(
    VOC2012,
    name="voc2012-val",
    title="PASCAL VOC 2012, measured on val",
    train=5_717,
    test=5_823,
    measure="mAP, pointwise localisation (Table 10)",
    source="VOC 2012 development kit, Table 1",
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/Annotations/*.xml",
        "VOCdevkit/VOC2012/ImageSets/Main/{train,val}.txt, CLASS_{train,val}.txt",
    ),
    archives=VOC2012.archives[:1],
    read=read_voc2012_val,
)

VOC2012_SEGMENTATION = replace(
    VOC2012_VAL,
    name="voc2012-segmentation",
    title="PASCAL VOC 2012 segmentation, labels only",
    train=10_582,
    test=1_449,
    measure="mIoU (Table 11)",
    source="paper, section 6.5",
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/SegmentationClassAug/*.png (VOC's masks and SBD's, as class indices)",
        "VOCdevkit/VOC2012/ImageSets/Segmentation/{train_aug,val}.txt",
    ),
    read=read_voc2012_segmentation,
)
