"""Names of classes against what other packages know, and the numbers of Table 2."""

from __future__ import annotations

from weldon.data.public.class_lists import ACTION_CLASSES, COCO_CLASSES, MIT67_CLASSES
from weldon.data.public.voc import VOC_CLASSES


def test_there_are_as_many_as_table_2_says():
    lists = (VOC_CLASSES, ACTION_CLASSES, COCO_CLASSES, MIT67_CLASSES)
    assert [len(set(names)) for names in lists] == [20, 10, 80, 67]


def test_coco_classes_are_those_torchvision_has():
    from torchvision.models._meta import _COCO_CATEGORIES

    assert [name for name in _COCO_CATEGORIES if name not in ("__background__", "N/A")] == list(COCO_CLASSES)


def test_voc_classes_are_those_torchvision_has():
    from torchvision.models._meta import _VOC_CATEGORIES

    assert _VOC_CATEGORIES[1:] == list(VOC_CLASSES)


def test_lists_from_folders_are_sorted():
    assert list(MIT67_CLASSES) == sorted(MIT67_CLASSES)
    assert list(ACTION_CLASSES) == sorted(ACTION_CLASSES)
