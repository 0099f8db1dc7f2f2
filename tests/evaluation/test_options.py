"""Options of a measurement are checked once, and what does not go together is refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.errors import UsageError
from weldon.evaluation.options import read_options


def test_what_was_not_given_is_not_there():
    options = read_options({"split": None, "boxes": None, "crf": False, "masks": Path("m")})
    assert options.split is None
    assert options.flags == {"masks": Path("m")}
    assert not options.several


def test_text_of_the_command_line_and_values_of_python_are_the_same():
    spoken = read_options({"scales": "224,320", "scale_k": "5,20%", "data": "photos", "min_positives": "3"})
    given = read_options(
        {"scales": [224, 320], "scale_k": [5, 0.2], "data": Path("photos"), "min_positives": 3}
    )
    assert spoken == given
    assert (spoken.scales, spoken.scale_k, spoken.min_positives) == ((224, 320), (5, 0.2), 3)


def test_a_file_of_tuning_images_may_be_a_path():
    assert read_options({"tune_on": Path("list.txt")}).tune_on == "list.txt"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scales": "64,big"}, "scales: must be image sizes as 224,320,448, got '64,big'"),
        ({"scale_k": "run"}, "scale-k 'run' is for several looks: give --scales or --with too"),
        ({"combine": "product", "scales": [64]}, "combine: .*object-bank.*, got 'product'"),
        ({"ten_crops": True, "scales": [64]}, "ten-crops cannot be combined with scales or with"),
        ({"ten_crops": True, "boxes": "b.json"}, "boxes and masks are measured with one look"),
        ({"others": ["run"], "tune_on": "val"}, "boxes and masks are measured with one look"),
        ({"min_positives": -1}, "min_positives: .*greater than or equal to 0, got -1"),
        ({"boxs": 1}, r"unknown option 'boxs'; the options are .*scales.*, boxes, masks"),
        ({"tune_crf": True, "masks": "m"}, "tune_crf needs masks, and tune_on"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, words):
    with pytest.raises(UsageError, match=words):
        read_options(given)
