"""Pictures reach the network in order and upright, and only so many of them ahead."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from weldon.data.transforms import EvalTransform
from weldon.inference.image_list import NamedImage
from weldon.inference.reading import Canvas, Skipped, read_ahead, read_file, read_picture

TRANSFORM = EvalTransform(16, "keep", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture
def images(tmp_path: Path) -> list[NamedImage]:
    """Eight plain pictures, each with a grey of its own; the fourth file is broken."""
    for number in range(8):
        Image.new("RGB", (16, 8), (10 * number,) * 3).save(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    return [NamedImage(tmp_path / f"{number}.png", f"day/{number}.png") for number in range(8)]


@pytest.mark.parametrize("workers", [0, 3])
def test_pictures_come_in_order_with_the_reason_for_each_that_is_skipped(images, workers):
    found = list(read_ahead(images, TRANSFORM, workers=workers, ahead=2))
    assert [one.file_name for one in found] == [one.file_name for one in images]
    (skipped,) = (one for one in found if isinstance(one, Skipped))
    assert skipped.file_name == "day/3.png"
    assert "3.png" in skipped.reason
    greys = [float(one.pixels[0, 0, 0]) for one in found if isinstance(one, Canvas)]
    assert greys == pytest.approx([10 * number for number in (0, 1, 2, 4, 5, 6, 7)])


@pytest.mark.parametrize(("workers", "asked"), [(0, 1), (2, 4)])
def test_no_more_pictures_are_asked_for_than_may_be_held(images, workers, asked):
    taken = []

    def counted():
        for image in images:
            taken.append(image)
            yield image

    reading = read_ahead(counted(), TRANSFORM, workers=workers, ahead=3)
    next(reading)
    assert len(taken) == asked
    reading.close()


def test_fewer_pictures_than_may_be_held_all_come(images):
    assert len(list(read_ahead(images[:2], TRANSFORM, workers=1, ahead=50))) == 2
    assert list(read_ahead([], TRANSFORM, workers=1, ahead=5)) == []


def test_padding_is_no_picture(images):
    canvas = read_file(images[1], TRANSFORM)
    assert isinstance(canvas, Canvas)
    assert canvas.pixels.shape == (3, 16, 16)
    assert torch.equal(canvas.mask.any(1), torch.arange(16) < 8)
    assert (canvas.geometry.width, canvas.geometry.height) == (16, 8)


def test_a_picture_in_memory_is_turned_upright_as_its_camera_says():
    picture = Image.new("L", (4, 2))
    picture.getexif()[0x0112] = 6
    canvas = read_picture(picture, TRANSFORM)
    assert (canvas.geometry.width, canvas.geometry.height) == (2, 4)
    assert canvas.source.mode == "RGB"


def test_a_picture_is_named_as_told_else_by_its_file_else_image(images):
    opened = Image.open(images[0].path)
    assert read_picture(opened, TRANSFORM, file_name="mine").file_name == "mine"
    assert read_picture(opened, TRANSFORM).file_name == "0.png"
    assert read_picture(Image.new("RGB", (4, 4)), TRANSFORM).file_name == "image"
