"""The page of the demo: every pooling on the same scenes, each score with its sum."""

from __future__ import annotations

import json
import re

import pytest
import torch

from fixtures.browser import show
from weldon.data.scenes import CLASSES, make_scenes, write_scenes
from weldon.models import create_model, save_model
from weldon.report import demo_page
from weldon.report.demo import POOLINGS, DemoRow
from weldon.report.demo_page import HOW, SCENES_SHOWN, contrast, surest, write_demo_page

THRESHOLDS = {name: number / 4 - 0.6 for number, name in enumerate(CLASSES)}
FIGURES = {"max": (0.25, 0.75), "average": (0.5, 0.5), "negative evidence": (0.875, 0.625)}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Untrained runs in the places where a demo leaves trained ones, two for each pooling."""
    out = tmp_path_factory.mktemp("demo")
    write_scenes(out / "scenes", {part: make_scenes(24, split=part, seed=0) for part in ("train", "test")})
    folders = {p: tuple(_run(out / f"{p}{n}", p, n) for n in (0, 1)) for p in POOLINGS.values()}
    return [
        DemoRow(name, folders[pool], FIGURES[name], (0.2, 0.4), (30, 34)) for name, pool in POOLINGS.items()
    ]


def _run(folder, pool, seed):
    torch.manual_seed(seed)
    net = create_model("test_resnet", len(CLASSES), weights="none", pool=pool)
    torch.nn.init.normal_(net.transfer.weight, std=2.0)
    save_model(net, folder / "weights" / "best.safetensors")
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    (folder / "config.toml").write_text(
        f'image_size = 64\nresize = "keep"\npool = "{pool}"\ntask = "multilabel"\n'
    )
    values = {"scale": "score", "map_scale": 1.0, "classes": THRESHOLDS}
    (folder / "thresholds.json").write_text(json.dumps(values))
    return folder


@pytest.fixture(scope="module")
def path(rows):
    """Where the page stands; the full report of one run is asked for and not written here."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_page, "write_report", asked.append)
        path = write_demo_page(rows[0].folders[0].parent, rows)
    assert asked == [rows[-1].folders[0]]
    return path


@pytest.fixture(scope="module")
def page(path):
    return path.read_text(encoding="utf-8")


def views(page):
    """Return of each picture its class, its score, the parts of the sum, and what is said of it."""
    found = []
    for figure in page.split('<figure class="view">')[1:]:
        name, score = re.search(r"<b>(\d): (.*?)</b>", figure).groups()
        sides = figure.split('<p class="sides">')[1].split('<span class="muted">')[0]
        parts = re.findall(r">([+−][\d.]+)<", sides)
        threshold = re.search(r"reported from a score of (.*?)\"", figure)[1]
        verdict = re.search(r'<span class="verdict (right|wrong)".*?>(.*?)</span>', figure).groups()
        found.append((name, number(score), [number(part) for part in parts], number(threshold), verdict))
    return found


def number(text):
    return float(text.replace("−", "-"))


def test_every_pooling_shows_every_scene_for_the_digit_and_its_look_alike(page):
    assert page.count('<div class="scene">') == SCENES_SHOWN
    assert len(views(page)) == SCENES_SHOWN * len(POOLINGS) * 2
    for name in POOLINGS:
        assert page.count(f"<h3>{name}</h3>") == SCENES_SHOWN
        assert page.count(HOW[name]) == 1


def test_the_parts_that_are_printed_add_up_to_the_score(page):
    found = views(page)
    assert all(sum(parts) == pytest.approx(score, abs=0.011) for _, score, parts, *_ in found)
    counts = [len(parts) for _, _, parts, *_ in found[:6]]
    assert counts == [1, 1, 1, 1, 2, 2]  # nothing counts against a class but with negative evidence


def test_what_is_said_of_a_digit_follows_from_score_threshold_and_label(page):
    words = {
        (True, True): ("right", "found"),
        (True, False): ("wrong", "missed"),
        (False, True): ("wrong", "not there, yet reported"),
        (False, False): ("right", "not reported"),
    }
    for position, (name, score, _, threshold, verdict) in enumerate(views(page)):
        assert threshold == pytest.approx(THRESHOLDS[name], abs=0.0051)
        assert verdict == words[position % 2 == 0, score >= threshold]


def test_the_table_has_means_spreads_and_a_dot_a_run(page, rows):
    table = page.split('<table class="reached">')[1].split("</table>")[0]
    for row in rows:
        for cell in row.cells():
            assert f">{cell}<" in table
    assert "87.5 ± 17.7" not in table
    assert "75.0 ± 17.7" in table  # of 87.5 and 62.5
    assert table.count("<circle") == 2 * 2 * len(rows)
    assert '<circle cx="87.5"' in table


def test_the_page_needs_no_network_and_names_the_report_beside_it(page):
    assert 'href="weldon0/report/index.html"' in page
    assert not re.search(r'(?:src|href)="(?!data:|#|weldon0/)', page)


def test_the_surest_scenes_are_those_with_the_widest_margin():
    scores = [{"1": 1.0, "7": 0.0}, {"1": 5.0, "7": 0.0}, {"1": 3.0, "7": 0.5}]
    assert surest(scores, [frozenset("1")] * 3) == [1, 2, 0]


def test_a_digit_is_set_against_its_look_alike_of_the_other_room():
    assert contrast({"3": 1.0, "4": 2.0}, frozenset("34")) == ("4", "9")
    assert contrast({"8": 1.0}, frozenset("8")) == ("8", "3")


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(path, browser, width):
    show(browser, path.as_uri(), width)
    browser.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_the_idea_fits_one_screen_and_the_poolings_stand_side_by_side(path, browser):
    show(browser, path.as_uri(), 1280, height=900)
    boxes = browser.execute_script(
        "const columns = document.querySelectorAll('#summary .column');"
        "return [...columns].map(column => column.getBoundingClientRect().toJSON())"
    )
    assert len({box["top"] for box in boxes}) == 1
    assert [box["left"] for box in boxes] == sorted({box["left"] for box in boxes})
    assert max(box["bottom"] for box in boxes) <= 900
    assert browser.get_log("browser") == []


@pytest.mark.slow
def test_a_picture_enlarges_and_the_arrows_go_to_the_next(path, browser):
    from selenium.webdriver.common.keys import Keys

    show(browser, path.as_uri())
    browser.find_element("css selector", ".enlarge").click()
    dialog = browser.find_element("css selector", "#enlarged")
    first = browser.find_element("css selector", "#enlarged .score").text
    dialog.send_keys(Keys.ARROW_RIGHT)
    assert browser.find_element("css selector", "#enlarged .score").text != first
    dialog.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed()


@pytest.mark.slow
def test_light_and_dark_follow_the_system_and_the_button(path, browser):
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = show(browser, path.as_uri()).execute_script(paper)
    assert show(browser, path.as_uri(), dark=True).execute_script(paper) != light
    browser.find_element("css selector", "#theme").click()
    assert browser.execute_script(paper) == light
