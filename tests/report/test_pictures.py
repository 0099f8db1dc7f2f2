import base64
import io
import re
from dataclasses import replace
from itertools import combinations
from math import dist

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data.scenes import SIDE
from weldon.errors import DataError, UsageError
from weldon.inference import Predictor
from weldon.inference.overlay import AGAINST, FOR
from weldon.report.data_uri import class_colour, map_uri, mask_uri, photo_uri, shrink
from weldon.report.examples import share_out
from weldon.report.triples import draw_triples, image_iou, read_truth, spread_evenly
from weldon.report.views import DRAWN_SIDE, STRONGEST, make_photo, make_view
from weldon.training.inputs.images import eval_transform


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


@pytest.fixture(scope="module")
def result(split):
    predictor = Predictor(split.net, split.decision, eval_transform(split.recipe, split.net))
    return predictor.predict(split.records[0].path)


def test_map_is_transparent_at_zero_and_full_at_the_scale():
    picture = opened(map_uri(np.array([[-9.0, 0.0, 2.0]], dtype=np.float32), scale=2.0)).convert("RGBA")
    against, nothing, speaks_for = (picture.getpixel((x, 0)) for x in range(3))
    assert (against[:3], speaks_for[:3]) == (AGAINST, FOR)
    assert nothing[3] == 0
    assert against[3] == speaks_for[3] > 150


def test_map_scale_must_be_positive():
    with pytest.raises(UsageError, match="scale must be"):
        map_uri(np.zeros((1, 1), dtype=np.float32), scale=0.0)


def test_masks_keep_every_index():
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (np.asarray(opened(mask_uri(mask))) == mask).all()


def test_no_two_of_twenty_classes_are_nearly_of_one_colour():
    colours = [class_colour(number) for number in range(1, 22)]
    assert min(dist(one, other) for one, other in combinations(colours, 2)) > 50


def test_photographs_shrink_but_never_grow():
    assert shrink(Image.new("RGB", (800, 400)), 360).size == (360, 180)
    assert shrink(Image.new("RGB", (80, 40)), 360).size == (80, 40)
    assert opened(photo_uri(Image.new("RGB", (80, 40)))).size == (80, 40)


def test_frames_lie_on_the_drawing_and_the_strongest_show_their_score(result):
    photo = make_photo(result, 0, name="x.png", side=64)
    view = make_view(result, photo, result.classes[0], labels=["1"])
    assert max(photo.width, photo.height) == DRAWN_SIDE
    for side in (view.top, view.low):
        assert 1 <= len(side.strong) <= STRONGEST
        assert all(frame.text for frame in side.strong)
        for frame in side.strong + side.others:
            assert 0 <= frame.x <= frame.x + frame.width <= photo.width + 0.1


def test_scores_of_ten_and_more_are_written_without_decimals(result):
    maps = torch.zeros_like(result.class_maps)  # (C, 2, 2)
    maps[0] = torch.tensor([[104.6, 9.97], [9.94, -33.5]])
    seen = replace(result, class_maps=maps, positive=(maps > 0).float(), negative=(maps < 0).float())
    shown = make_view(seen, make_photo(seen, 0, name="x.png", side=64), seen.classes[0])
    written = {frame.text for side in (shown.top, shown.low) for frame in side.strong + side.others}
    assert written == {"+105", "+10", "+9.9", "−34"}


def test_the_addition_ends_with_the_score(result):
    view = make_view(result, make_photo(result, 0, name="x.png", side=64), result.classes[1])
    printed = [float(line.split()[-1]) for line in view.addition.splitlines() if re.search(r"\d$", line)]
    assert sum(printed[:-1]) == pytest.approx(printed[-1], abs=1e-4)
    assert printed[-1] == pytest.approx(view.score, abs=1e-4)


@pytest.mark.parametrize(("classes", "each", "shown"), [(20, 3, 20), (60, 1, 60), (1000, 1, 100), (0, 3, 0)])
def test_many_classes_show_fewer_pictures_each(classes, each, shown):
    fitting = share_out(3, range(classes))
    assert (fitting[0], len(fitting[1])) == (each, shown)


def test_limit_below_zero_is_refused():
    with pytest.raises(UsageError, match="limit must be at least 0"):
        share_out(-1, range(3))


def test_triples_are_spread_over_the_list():
    assert spread_evenly(100, 4) == [12, 37, 62, 87]
    assert spread_evenly(0, 4) == []


def test_iou_leaves_out_what_nobody_labelled():
    truth = np.array([[0, 1, 255, 255]], dtype=np.uint8)
    assert image_iou(truth, np.array([[0, 1, 1, 3]], dtype=np.uint8)) == 1.0


def test_truth_has_the_numbers_of_the_runs_own_masks(split, scenes):
    truth = read_truth(split.records, split.classes, folder=scenes / "masks")
    record = split.records[0]
    numbers = set(np.unique(truth.read(record.file_name, (SIDE, SIDE))).tolist()) - {0}
    assert {split.classes[number - 1] for number in numbers} == record.labels


def test_without_masks_there_are_no_triples(split):
    assert read_truth(split.records, split.classes, folder=None) is None
    assert draw_triples(split.records, None, None, limit=3, first_key=0) == []


def test_folder_without_any_mask_is_refused(split, tmp_path):
    with pytest.raises(DataError, match="masks must be a folder"):
        read_truth(split.records, split.classes, folder=tmp_path)
