"""How a list of images is divided: every part has its images and its process, and the plan stays."""

from __future__ import annotations

import json

import pytest

from weldon.errors import DataError, UsageError
from weldon.inference.image_list import expand_images
from weldon.inference.part_plan import PLAN, PartPlan, clear_own, planned, read_plan, read_shard
from weldon.runs.run_directory import RunDirectory


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9])
def test_the_shares_of_all_processes_are_every_part_once(count):
    shares = [read_shard(f"{number}/{count}").numbers(8) for number in range(1, count + 1)]
    assert sorted(part for share in shares for part in share) == list(range(8))


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2", "1.0/2"])
def test_what_is_no_share_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="as 1/8 to 8/8"):
        read_shard(text)


def test_the_last_part_has_what_is_left(tmp_path):
    plan = PartPlan(tmp_path, 7, 3, "key")
    assert (plan.parts, [plan.rows(n) for n in range(plan.parts)]) == (3, [3, 3, 1])
    assert plan.part(2) == tmp_path / "parts" / "part-000002.parquet"
    assert PartPlan(tmp_path, 6, 3, "key").parts == 2


def begun(folder, run, photos, *, part_images=3, **asked):
    with planned(folder, run, [str(photos)], asked, part_images) as (plan, _):
        return plan


@pytest.fixture
def run(make_run) -> RunDirectory:
    return RunDirectory(make_run())


def test_parts_hold_the_images_in_the_order_of_the_list(run, photos, tmp_path):
    plan = begun(tmp_path / "out", run, photos)
    names = [image.file_name for number in range(plan.parts) for image in plan.named(number)]
    assert names == [image.file_name for image in expand_images(photos)]
    assert len(names) == plan.images == 7


def test_a_plan_that_is_there_is_followed_whatever_came_since(run, photos, tmp_path):
    first = begun(tmp_path / "out", run, photos)
    (photos / "p9.png").write_bytes((photos / "p0.png").read_bytes())
    assert begun(tmp_path / "out", run, photos, part_images=None) == first


def test_another_question_in_the_same_folder_is_refused_by_its_name(run, photos, tmp_path):
    begun(tmp_path / "out", run, photos, boxes=False)
    with pytest.raises(UsageError, match=r"asked for differently \(--boxes\)"):
        begun(tmp_path / "out", run, photos, boxes=True)


@pytest.mark.parametrize("content", ['{"part_images": 3}', '{"number_of_images": true, "part_images": 3}'])
def test_a_damaged_plan_is_named(tmp_path, content):
    (tmp_path / PLAN).write_text(content)
    with pytest.raises(DataError, match=r"plan\.json is damaged"):
        read_plan(tmp_path, {}, None)


def test_the_key_changes_with_what_was_asked_and_with_nothing_else(tmp_path):
    keys = []
    for options in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}):
        (tmp_path / PLAN).write_text(json.dumps({**options, "number_of_images": 5, "part_images": 2}))
        keys.append(read_plan(tmp_path, options, None).key)
    assert keys[0] == keys[1] != keys[2]


def test_only_drafts_are_cleared(tmp_path):
    for name in (".plan.json.123.part", "a.part", ".hidden", "b.parquet"):
        (tmp_path / name).touch()
    clear_own(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.part", "b.parquet"]
