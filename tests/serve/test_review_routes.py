"""Review over HTTP: queues, corrections, and what is refused."""

from __future__ import annotations

import time

import pytest
from PIL import Image

from weldon.data.corrections import read_corrections
from weldon.data.scenes import make_scenes


def queue_of(page, query: str) -> dict:
    for _ in range(2400):  # two minutes: heads are fitted meanwhile
        found = page.get(f"/api/queue?{query}").json()
        if found["state"] in ("done", "failed"):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_queue_comes_piece_by_piece(page):
    first = queue_of(page, "kind=folder&folder=val&limit=5")
    assert (first["total"], len(first["items"]), first["reviewed"]) == (32, 5, 0)
    rest = queue_of(page, "kind=folder&folder=val&offset=30&limit=5")
    assert [item["file_name"] for item in rest["items"]] == ["val/00030.png", "val/00031.png"]


@pytest.mark.slow
def test_suspects_are_those_that_the_command_lists(page, run):
    from weldon.review.suspect_search import search_suspects

    found = queue_of(page, "kind=suspects&limit=500")
    assert found["problem"] == ""
    search = search_suspects(run, device="cpu")
    expected = [(search.maps.records[place].file_name, column) for place, column in search.cells()]
    classes = list(run.class_names)
    assert [(item["file_name"], classes.index(item["class"])) for item in found["items"]] == expected
    told = [round(suspect.probability, 4) for suspect, _ in search.suspects(500)]
    assert [round(item["chance"], 4) for item in found["items"]] == told


@pytest.mark.slow
def test_suspects_come_with_how_probably_they_are_wrong(page):
    found = queue_of(page, "kind=suspects&limit=500")
    doubts = [item["doubt"] for item in found["items"]]
    assert doubts == sorted(doubts, reverse=True)
    assert found["expected"] is None  # of few pictures it cannot be told
    assert queue_of(page, "kind=folder&limit=1")["expected"] is None


@pytest.mark.slow
def test_a_suspect_is_explained_by_the_head_that_had_not_seen_it(page):
    item = queue_of(page, "kind=suspects")["items"][0]
    answer = page.get(f"/api/images/{item['number']}?class={item['class']}&parts=views&unseen=1").json()
    assert answer["probabilities"][item["class"]] == pytest.approx(item["chance"], abs=1e-4)


@pytest.mark.slow
def test_pictures_to_label_next_are_those_that_the_command_chooses(open_page, scenes, run, tmp_path):
    from weldon.review.label_next import next_images

    photos = tmp_path / "photos"
    photos.mkdir()
    for number, scene in enumerate(make_scenes(6, split="test", seed=7)):
        Image.fromarray(scene.pixels).save(photos / f"new{number}.png")
    found = queue_of(open_page(photos=photos), "kind=next")
    assert found["problem"] == ""
    expected = [f"photos/{image.file_name}" for image in next_images(run, photos, device="cpu")]
    assert [item["file_name"] for item in found["items"]] == expected
    assert {item["class"] for item in found["items"]} == {None}
    assert all(set(item["chances"]) == set(run.class_names) for item in found["items"])


@pytest.mark.slow
def test_a_picture_that_people_labelled_is_not_asked_again_when_the_page_opens_again(open_page, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, scene in enumerate(make_scenes(3, split="test", seed=7)):
        Image.fromarray(scene.pixels).save(photos / f"new{number}.png")
    page = open_page(photos=photos)
    item = queue_of(page, "kind=next")["items"][0]
    assert page.post("/api/corrections", json=correction(item, "8", "present")).status_code == 200
    again = queue_of(open_page(photos=photos), "kind=next")["items"]
    assert {one["file_name"] for one in again} == {f"photos/new{n}.png" for n in range(3)} - {
        item["file_name"]
    }


def test_without_pictures_that_joined_the_page_says_how_to_have_some(page):
    assert "--photos" in queue_of(page, "kind=next")["problem"]


def correction(item: dict, name: str, after: str, **more) -> dict:
    return {"number": item["number"], "class": name, "from": item["labels"][name], "to": after, **more}


def test_a_correction_is_written_and_told(page, tmp_path):
    item = queue_of(page, "kind=class&class=8&limit=1")["items"][0]
    answer = page.post("/api/corrections", json=correction(item, "8", "unknown", who="Ada"))
    assert answer.json()["labels"]["8"] == "unknown"
    (row,) = read_corrections(tmp_path / "corrections.csv")
    assert (row.file_name, row.who) == (item["file_name"], "Ada")
    told = page.get("/api/corrections").json()
    assert (told["total"], told["labels"], told["conflicts"]) == (1, 1, [])
    assert queue_of(page, "kind=class&class=8")["reviewed"] == 1


def test_an_answer_that_is_taken_back_is_not_counted(page):
    item = queue_of(page, "kind=class&class=8&limit=1")["items"][0]
    page.post("/api/corrections", json=correction(item, "8", "unknown"))
    back = {"number": item["number"], "class": "8", "from": "unknown", "to": "withdrawn"}
    assert page.post("/api/corrections", json=back).json()["labels"] == item["labels"]
    assert queue_of(page, "kind=class&class=8")["reviewed"] == 0
    assert page.get("/api/corrections").json()["labels"] == 0
    assert page.post("/api/corrections", json=back).status_code == 409


def test_who_saw_an_older_label_is_told_and_nothing_is_written(page, tmp_path):
    item = queue_of(page, "kind=class&class=8&limit=1")["items"][0]
    page.post("/api/corrections", json=correction(item, "8", "unknown", who="Ada"))
    late = page.post("/api/corrections", json=correction(item, "8", "absent", who="Bea"))
    assert (late.status_code, late.json()["label"]) == (409, "unknown")
    assert len(read_corrections(tmp_path / "corrections.csv")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"number": "0"},
        {"number": 10_000},
        {"number": True},
        {"class": "cat"},
        {"from": "maybe"},
        {"to": None},
        {"who": 3},
    ],
)
def test_what_is_no_correction_is_refused(page, tmp_path, change):
    item = queue_of(page, "kind=folder&folder=val&limit=1")["items"][0]
    answer = page.post("/api/corrections", json={**correction(item, "8", "unknown"), **change})
    assert answer.status_code == 400
    assert not (tmp_path / "corrections.csv").exists()


@pytest.mark.parametrize("query", ["kind=all", "kind=class&class=cat", "kind=folder&folder=../.."])
def test_what_is_no_queue_is_refused(page, query):
    page.state.used.book.wait()
    assert page.get(f"/api/queue?{query}").status_code == 400
