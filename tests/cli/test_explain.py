"""The verb writes one picture and the sum behind a score."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from cli.shell import run
from weldon.inference import load


def test_json_holds_the_parts_of_the_score(make_run, photos, tmp_path, capsys):
    folder, image = make_run(), photos / "p0.png"
    out = ("--out", tmp_path / "why.png", "--json")
    code, said = run(capsys, "explain", folder, image, "--class", "cat", *out)
    assert code == 0, said.err
    found = json.loads(said.out)
    cat = found["classes"]["cat"]
    assert found["picture"] == str(tmp_path / "why.png")
    assert cat["score"] == pytest.approx(load(folder).predict_one(image).scores["cat"])
    assert cat["top_sum"] + cat["low_sum"] == pytest.approx(cat["score"], abs=1e-4)
    assert sum(region["contribution"] for region in cat["top"]) == pytest.approx(cat["top_sum"], abs=1e-4)


def test_a_person_reads_lines_that_add_up(make_run, photos, tmp_path, capsys):
    out = ("--out", tmp_path / "why.png", "--rows", 0)
    code, said = run(capsys, "explain", make_run(), photos / "p0.png", "--class", "cat", *out)
    assert code == 0, said.err
    parts = [
        float(line.split()[-1]) for line in said.out.splitlines() if line.startswith(("highest", "lowest"))
    ]
    total = next(float(line.split()[-1]) for line in said.out.splitlines() if line.startswith("score"))
    assert sum(parts) == pytest.approx(total, abs=1e-4)
    assert len(parts) > 1
    assert f"picture: {tmp_path / 'why.png'}" in said.err


def test_the_picture_is_named_after_image_and_classes_and_a_rival_has_a_panel_more(
    make_run, photos, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = make_run()
    for more in ((), ("--versus", "rolled-in/scale")):
        code, said = run(capsys, "explain", folder, photos / "p0.png", "--class", "cat", *more)
        assert code == 0, said.err
    one, two = (Image.open(f"p0.cat{name}.png") for name in ("", ".versus.rolled-in-scale"))
    assert two.width > one.width
    assert two.height == one.height


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--class", "cow"), "'cow'"),
        (("--class", "cat", "--versus", "cat"), "versus must be another class"),
        (("--class", "cat", "--out", "why.txt"), "why.txt"),
        (("--class", "cat", "--out", "mine.png"), "mine.png' exists"),
    ],
)
def test_what_cannot_be_explained_is_said_and_nothing_is_written(
    make_run, photos, tmp_path, capsys, monkeypatch, options, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.png").write_text("mine")
    folder = make_run()
    before = sorted(tmp_path.iterdir())
    code, said = run(capsys, "explain", folder, photos / "p0.png", *options)
    assert (code, words in said.err) == (2, True), said.err
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "mine.png").read_text() == "mine"
