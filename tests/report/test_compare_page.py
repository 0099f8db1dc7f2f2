"""The page and the table that compare trained runs."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from cli.shell import run as shell
from fixtures.browser import show
from weldon.data.scenes import make_scenes, write_scenes
from weldon.evaluation import evaluate
from weldon.training import train


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with two runs on the same scenes, of other poolings."""
    folder = tmp_path_factory.mktemp("compared")
    splits = {"train": 24, "val": 20}
    write_scenes(folder / "scenes", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})
    for name, pool in (("one", "weldon"), ("two", "max")):
        train(
            folder / "scenes",
            folder / "scenes" / "labels.csv",
            out=folder / name,
            pool=pool,
            **{"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "epochs": 1},
            **{"lrp": 1.0, "batch_size": 8, "device": "cpu", "progress": False},
        )
    return folder


@pytest.fixture(scope="module")
def told(home):
    """What the verb prints as JSON, its page and its table."""
    import contextlib
    import io

    from weldon.cli import main

    said = io.StringIO()
    command = ["compare", home / "one", home / "two", "--out", home / "both.csv", "--draws", "50", "--json"]
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as left:
        main([*map(str, command), "--device", "cpu", "--pictures", "2"])
    assert left.value.code == 0
    return json.loads(said.getvalue())


def test_figures_are_those_of_val(home, told):
    for said in told["runs"]:
        alone = evaluate(home / said["name"], device="cpu")
        assert said["map"] == pytest.approx(alone["map"], abs=1e-6)
        for name, values in said["per_class"].items():
            if told["positives"][name]:
                assert values["ap"] == pytest.approx(alone["per_class"][name]["ap"], abs=1e-6)
    first, second = told["runs"]
    assert second["difference"]["gain"] == pytest.approx(second["map"] - first["map"], abs=1e-9)


def test_options_that_differ_are_named(told):
    assert told["options"]["pool"] == ["weldon", "max"]
    assert not {"model", "epochs", "data"} & told["options"].keys()


def test_the_table_has_the_mean_and_a_row_a_class(home, told):
    with (home / "both.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["(mean)", *told["positives"]]
    assert float(rows[0]["two ap"]) == pytest.approx(told["runs"][1]["map"], abs=1e-6)
    assert float(rows[0]["two gain"]) == pytest.approx(told["runs"][1]["difference"]["gain"], abs=1e-6)


def test_nothing_is_overwritten_unasked(home, told, capsys):
    before = (home / "both.html").read_bytes()
    code, said = shell(capsys, "compare", home / "one", home / "two", "--out", home / "both.csv")
    assert (code, "exists" in said.err) == (2, True), said.err
    assert (home / "both.html").read_bytes() == before


def test_what_is_printed_names_runs_and_changes(home, capsys):
    command = (
        "compare",
        home / "one",
        home / "two",
        "--out",
        home / "p.csv",
        "--draws",
        "9",
        "--pictures",
        "0",
    )
    code, said = shell(capsys, *command)
    assert code == 0, said.err
    assert "gain of two" in said.out
    assert "two: " in said.err
    assert "answers changed" in said.err


@pytest.mark.slow
def test_the_page_shows_both_evidences_of_changed_answers(browser, home, told):
    page = show(browser, (home / "both.html").as_uri())
    assert "one, two" in page.title
    assert page.get_log("browser") == []
    pairs = page.find_elements("css selector", ".pair")
    assert pairs
    for pair in pairs:
        assert [run.get_attribute("textContent") for run in pair.find_elements("css selector", ".run")] == [
            "one",
            "two",
        ]
        assert len(pair.find_elements("css selector", ".enlarge svg .map")) == 2
    assert len(page.find_elements("css selector", "#table tbody tr")) == len(told["positives"])
    for width in (1280, 390):
        show(browser, (home / "both.html").as_uri(), width)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width


def test_runs_that_see_pictures_by_tiles_are_drawn_so(tmp_path, capsys):
    """Pictures of several tiles, and answers that change: a rate of zero leaves two seeds apart."""
    drawn = np.random.default_rng(0)
    table = ["file_name,labels,split"]
    for number in range(24):
        pixels = drawn.integers(0, 255, (200, 150, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        table.append(f"{number}.png,{'cat' if number % 2 else 'dog'},{'train' if number < 12 else 'val'}")
    (tmp_path / "labels.csv").write_text("\n".join(table))
    for seed in (0, 1):
        train(
            tmp_path,
            tmp_path / "labels.csv",
            out=tmp_path / f"run{seed}",
            seed=seed,
            **{
                "model": "test_resnet",
                "weights": "none",
                "tile": 64,
                "overlap": 32,
                "freeze": True,
                "lr": 1e-9,
            },
            **{"epochs": 1, "workers": 0, "cache": tmp_path / "maps", "device": "cpu", "progress": False},
        )
    options = [
        "--out",
        tmp_path / "both.csv",
        "--draws",
        "20",
        "--device",
        "cpu",
        "--pictures",
        "2",
        "--json",
    ]
    code, said = shell(capsys, "compare", tmp_path / "run0", tmp_path / "run1", *options)
    assert code == 0, said.err
    assert json.loads(said.out)["runs"][1]["changed"] > 0
    assert 'class="photo"' in (tmp_path / "both.html").read_text()
