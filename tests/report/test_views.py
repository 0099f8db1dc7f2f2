"""One image seen by one class: frames, scores, and the sum."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch

from weldon.report.views import DRAWN_SIDE, STRONGEST, make_photo, make_view


def test_frames_lie_on_the_drawing_and_the_strongest_show_their_score(result):
    photo = make_photo(result, 0, name="x.png", side=64)
    view = make_view(result, photo, result.classes[0], labels=["1"])
    assert max(photo.width, photo.height) == DRAWN_SIDE
    for side in (view.top, view.low):
        assert 1 <= len(side.strong) <= STRONGEST
        assert side.count <= side.of == result.regions
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


def test_a_frame_says_whether_its_region_speaks_for_or_against_the_class_whichever_side_it_is_of(result):
    maps = torch.zeros_like(result.class_maps)  # (C, 2, 2)
    maps[0] = torch.tensor([[3.0, 2.0], [1.0, -4.0]])
    low = torch.zeros_like(maps)
    low[0, 1] = 0.5
    seen = replace(result, class_maps=maps, positive=(maps > 1).float(), negative=low)
    view = make_view(seen, make_photo(seen, 0, name="x.png", side=64), seen.classes[0])
    assert [frame.speaks for frame in view.top.strong] == ["for", "for"]
    assert [(frame.text, frame.speaks) for frame in view.low.strong] == [("−4.0", "against"), ("+1.0", "for")]


def test_the_addition_ends_with_the_score(result):
    view = make_view(result, make_photo(result, 0, name="x.png", side=64), result.classes[1])
    printed = [float(line.split()[-1]) for line in view.addition.splitlines() if re.search(r"\d$", line)]
    assert sum(printed[:-1]) == pytest.approx(printed[-1], abs=1e-4)
    assert printed[-1] == pytest.approx(view.score, abs=1e-4)
