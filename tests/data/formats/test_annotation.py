"""What is said about an image, in whichever way, names its classes."""

from __future__ import annotations

import pytest

from weldon.data.formats.annotation import ImageAnnotation, Keypoint, Polygon, refuse_strangers
from weldon.data.record import Box
from weldon.errors import DataError

MARKED = ImageAnnotation(
    "a.png",
    9,
    9,
    boxes=(Box("cat", 0, 0, 1, 1), Box("cat", 1, 1, 2, 2)),
    labels=("dog",),
    points=(Keypoint("hen", 1, 1),),
    polygons=(Polygon("cow", ((0, 0), (1, 0), (1, 1))),),
    unknown=("pig",),
)


def test_every_mark_names_its_class_and_what_is_disputed_does_not():
    assert MARKED.named == {"cat", "dog", "hen", "cow"}
    assert ImageAnnotation("b.png", 9, 9).named == frozenset()


def test_every_label_that_is_no_class_is_listed_with_its_image():
    other = ImageAnnotation("b.png", 9, 9, labels=("ant",))
    with pytest.raises(DataError) as caught:
        refuse_strangers([MARKED, other], ("cat", "dog"))
    assert caught.value.problems == ("a.png: 'cow'", "a.png: 'hen'", "b.png: 'ant'")
    assert "(cat, dog)" in caught.value.summary
    refuse_strangers([MARKED, other], ("ant", "cat", "cow", "dog", "hen"))
