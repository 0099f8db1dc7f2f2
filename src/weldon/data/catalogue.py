"""The public data sets of the paper: what they hold, where they are published, who reads them.

Counts are those of the paper's Table 2 unless ``source`` says otherwise. Sizes and checksums are those that
three libraries fetching the same files agree to expect: torchvision (``datasets/voc.py``, ``imagenet.py``),
TensorFlow Datasets (``url_checksums``) and, for MIT67, vipy. None was downloaded to write this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data.class_lists import ACTION_CLASSES, COCO_CLASSES, MIT67_CLASSES
from weldon.data.cub import read_cub
from weldon.data.entry import Archive, Entry
from weldon.data.ilsvrc import read_ilsvrc
from weldon.data.mit67 import read_mit67
from weldon.data.mscoco import read_coco2014, read_coco2017
from weldon.data.record import LabelSet
from weldon.data.voc import VOC_CLASSES
from weldon.data.voc_action import read_voc_action
from weldon.data.voc_years import (
    read_voc2007,
    read_voc2012,
    read_voc2012_segmentation,
    read_voc2012_val,
)
from weldon.errors import UsageError

TABLE_2 = "paper, Table 2"
DATA_ROOT = Path("data")  # where data sets lie unless --data-root or WELDON_DATA says otherwise

_FLICKR = "The photographs are Flickr's: their use must respect the Flickr terms of use."
_VOC_HOSTS = (
    "https://thor.robots.ox.ac.uk/pascal/VOC/",
    "http://host.robots.ox.ac.uk/pascal/VOC/",
)
_MIRROR = "https://pjreddie.com/media/files/"
_COCO_HOST = "http://images.cocodataset.org/"


def _voc_archive(year: int, name: str, size: int, checksum: str) -> Archive:
    hosts = tuple(f"{host}voc{year}/{name}" for host in _VOC_HOSTS)
    return Archive(name, (*hosts, _MIRROR + name), size, checksum)


def _coco_archive(path: str, size: int, checksum: str) -> Archive:
    return Archive(Path(path).name, (_COCO_HOST + path,), size, f"sha256:{checksum}")


def _coco_layout(year: int) -> tuple[str, ...]:
    return (
        f"train{year}/*.jpg",
        f"val{year}/*.jpg",
        f"annotations/instances_train{year}.json",
        f"annotations/instances_val{year}.json",
    )


_VOC2007 = Entry(
    name="voc2007",
    title="PASCAL VOC 2007",
    classes=VOC_CLASSES,
    num_classes=20,
    train=5_011,
    test=4_952,
    measure="mAP",
    source=TABLE_2,
    home="voc2007",
    page="http://host.robots.ox.ac.uk/pascal/VOC/voc2007/",
    licence=_FLICKR,
    layout=(
        "VOCdevkit/VOC2007/JPEGImages/*.jpg",
        "VOCdevkit/VOC2007/Annotations/*.xml",
        "VOCdevkit/VOC2007/ImageSets/Main/{trainval,test}.txt, CLASS_{trainval,test}.txt",
    ),
    archives=(
        _voc_archive(
            2007, "VOCtrainval_06-Nov-2007.tar", 460_032_000, "md5:c52e279531787c972589f7e41ab4ae64"
        ),
        _voc_archive(2007, "VOCtest_06-Nov-2007.tar", 451_020_800, "md5:b6e924de25625d8de591ea690078ad9f"),
    ),
    read=read_voc2007,
)

_VOC2012 = Entry(
    name="voc2012",
    title="PASCAL VOC 2012",
    classes=VOC_CLASSES,
    num_classes=20,
    train=11_540,
    test=10_991,
    measure="mAP (evaluation server: the test labels are not public)",
    source=TABLE_2,
    home="voc2012",
    page="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
    licence=_FLICKR,
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/Annotations/*.xml",
        "VOCdevkit/VOC2012/ImageSets/Main/trainval.txt, CLASS_trainval.txt, test.txt",
    ),
    archives=(
        _voc_archive(
            2012, "VOCtrainval_11-May-2012.tar", 1_999_639_040, "md5:6cd6e144f989b92b3379bac3b3de84fd"
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

_VOC2012_VAL = replace(
    _VOC2012,
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
    archives=_VOC2012.archives[:1],
    read=read_voc2012_val,
)

_VOC2012_SEGMENTATION = replace(
    _VOC2012_VAL,
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

_VOC2012_ACTION = replace(
    _VOC2012_VAL,
    name="voc2012-action",
    title="PASCAL VOC 2012 Action, whole images",
    classes=ACTION_CLASSES,
    num_classes=10,
    train=2_296,
    test=2_292,
    measure="mAP",
    source=TABLE_2,
    layout=(
        "VOCdevkit/VOC2012/JPEGImages/*.jpg",
        "VOCdevkit/VOC2012/Annotations/*.xml",
        "VOCdevkit/VOC2012/ImageSets/Action/{train,val}.txt, ACTION_{train,val}.txt",
    ),
    read=read_voc_action,
)

_COCO2014 = Entry(
    name="coco2014",
    title="MS COCO 2014",
    classes=COCO_CLASSES,
    num_classes=80,
    train=82_783,
    test=40_504,
    measure="mAP",
    source=TABLE_2,
    home="coco2014",
    page="https://cocodataset.org/#download",
    licence=f"Annotations: CC BY 4.0. {_FLICKR}",
    layout=_coco_layout(2014),
    archives=(
        _coco_archive(
            "zips/train2014.zip",
            13_510_573_713,
            "ede4087e640bddba550e090eae701092534b554b42b05ac33f0300b984b31775",
        ),
        _coco_archive(
            "zips/val2014.zip",
            6_645_013_297,
            "fe9be816052049c34717e077d9e34aa60814a55679f804cd043e3cbee3b9fde0",
        ),
        _coco_archive(
            "annotations/annotations_trainval2014.zip",
            252_872_794,
            "031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009",
        ),
    ),
    read=read_coco2014,
)

_COCO2017 = replace(
    _COCO2014,
    name="coco2017",
    title="MS COCO 2017",
    train=118_287,
    test=5_000,
    source="cocodataset.org (not in the paper)",
    home="coco2017",
    layout=_coco_layout(2017),
    archives=(
        _coco_archive(
            "zips/train2017.zip",
            19_336_861_798,
            "69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929",
        ),
        _coco_archive(
            "zips/val2017.zip",
            815_585_330,
            "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
        ),
        _coco_archive(
            "annotations/annotations_trainval2017.zip",
            252_907_541,
            "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
        ),
    ),
    read=read_coco2017,
)

_MIT67 = Entry(
    name="mit67",
    title="MIT Indoor Scenes 67",
    classes=MIT67_CLASSES,
    num_classes=67,
    train=5_360,
    test=1_340,
    measure="accuracy",
    source=TABLE_2,
    home="mit67",
    page="https://web.mit.edu/torralba/www/indoor.html",
    licence="For research; the photographs come from the web and keep their owners' rights.",
    layout=("Images/CLASS/*.jpg", "TrainImages.txt", "TestImages.txt"),
    archives=(
        Archive(
            "indoorCVPR_09.tar",
            ("http://groups.csail.mit.edu/vision/LabelMe/NewImages/indoorCVPR_09.tar",),
            checksum="sha1:0b252516e746ba428b96af408d2e8162d9b08ac5",
        ),
        Archive("TrainImages.txt", ("https://web.mit.edu/torralba/www/TrainImages.txt",)),
        Archive("TestImages.txt", ("https://web.mit.edu/torralba/www/TestImages.txt",)),
    ),
    read=read_mit67,
)

_CUB200 = Entry(
    name="cub200",
    title="Caltech-UCSD Birds 200 (2011)",
    classes=(),
    num_classes=200,
    train=5_994,
    test=5_794,
    measure="accuracy",
    source=TABLE_2,
    home="cub200",
    page="https://www.vision.caltech.edu/datasets/cub_200_2011/",
    licence="For non-commercial research and education; the photographs are Flickr's.",
    layout=(
        "CUB_200_2011/images/CLASS/*.jpg",
        "CUB_200_2011/{images,image_class_labels,train_test_split,classes}.txt",
        "CUB_200_2011/bounding_boxes.txt (for measuring only)",
    ),
    archives=(
        Archive(
            "CUB_200_2011.tgz",
            ("https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",),
            1_150_585_339,
            "md5:97eceeb196236b17998738112f37df78",
        ),
    ),
    read=read_cub,
)

_ILSVRC2012 = Entry(
    name="ilsvrc2012",
    title="ImageNet, ILSVRC 2012",
    classes=(),
    num_classes=1000,
    train=1_281_167,
    test=50_000,
    measure="top-1 and top-5 error",
    source=TABLE_2,
    home="ilsvrc2012",
    page="https://image-net.org/challenges/LSVRC/2012/2012-downloads.php",
    licence="For non-commercial research and education, under ImageNet's terms of access.",
    layout=(
        "train/nXXXXXXXX/*.JPEG",
        "val/*.JPEG (or val/nXXXXXXXX/*.JPEG)",
        "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt, meta.mat",
    ),
    archives=(
        Archive("ILSVRC2012_devkit_t12.tar.gz", (), None, "md5:fa75699e90414af021442c21a62c3abf"),
        Archive("ILSVRC2012_img_val.tar", (), 6_744_924_160, "md5:29b22e2961454d5413ddabcf34fc5622", "val"),
        Archive(
            "ILSVRC2012_img_train.tar", (), 147_897_477_120, "md5:1d675b47d978889d74fa0da5fadfb00e", "train"
        ),
    ),
    read=read_ilsvrc,
    by_hand="ImageNet asks everybody to accept its terms: sign in, accept, and fetch the files in a browser.",
)

CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        _VOC2007,
        _VOC2012,
        _VOC2012_VAL,
        _VOC2012_ACTION,
        _VOC2012_SEGMENTATION,
        _COCO2014,
        _COCO2017,
        _MIT67,
        _CUB200,
        _ILSVRC2012,
    )
}


def find_entry(name: str) -> Entry:
    """Return the entry of that name.

    Raises:
        UsageError: there is none; the message lists them.
    """
    if name not in CATALOGUE:
        raise UsageError(f"`dataset` must be one of {', '.join(CATALOGUE)}, got {name!r}")
    return CATALOGUE[name]


def place_of(name: str, data_root: str | Path) -> Path:
    """Return the folder of a data set below the data root; the root itself where that is no folder.

    Raises:
        UsageError: no such data set.
    """
    own = Path(data_root) / find_entry(name).home
    return own if own.is_dir() else Path(data_root)


def read_dataset(name: str, folder: str | Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return a public data set under the paper's protocol: splits ``train`` and ``test``, no ``val``.

    A note says whether the numbers of images are the published ones.

    Args:
        name: one of ``CATALOGUE``.
        folder: where it lies, in its published layout.
        classes: of a trained model, to keep its order.

    Raises:
        UsageError: no such data set.
        DataError: files that are missing or cannot be used.
    """
    entry = find_entry(name)
    found = entry.read(Path(folder), classes=classes)
    return replace(found, notes=(*found.notes, count_note(entry, found)))


def count_note(entry: Entry, found: LabelSet) -> str:
    """Return a sentence that compares the numbers of images with the published ones.

    Example:
        >>> count_note(CATALOGUE["voc2007"], LabelSet((), VOC_CLASSES, "voc"))
        'voc2007: 0 of 5,011 training and 0 of 4,952 test images are here: this is not the whole data set'
    """
    train, test = len(found.of_split("train")), len(found.of_split("test"))
    if (train, test) == (entry.train, entry.test):
        return f"{entry.name}: {train:,} training and {test:,} test images, as published ({entry.source})"
    return (
        f"{entry.name}: {train:,} of {entry.train:,} training and {test:,} of {entry.test:,} test images are "
        "here: this is not the whole data set"
    )
