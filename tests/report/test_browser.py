"""The page in a real browser: it renders, sorts, enlarges, fits a phone, and says nothing on the console."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.browser import show
from weldon.data.scenes import CLASSES
from weldon.report import write_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(run, scenes) -> str:
    with pytest.warns(RuntimeWarning, match="skipped"):
        return Path(write_report(run, masks=scenes / "masks")).as_uri()


@pytest.fixture
def visit(browser: Any, address: str) -> Callable[..., Any]:
    """Return a function that opens the page at a width, in light or dark."""

    def load(width: int = 1280, *, dark: bool = False) -> Any:
        return show(browser, address, width, dark=dark)

    return load


def find(browser: Any, selector: str) -> list[Any]:
    return browser.find_elements("css selector", selector)


def column(browser: Any, number: int) -> list[str]:
    return [
        cell.get_attribute("data-value") for cell in find(browser, f"#table tbody tr > :nth-child({number})")
    ]


def header(browser: Any, number: int) -> Any:
    return find(browser, f"#table thead th:nth-child({number})")[0]


def test_page_renders_without_a_word_on_the_console(visit):
    browser = visit()
    assert "weldon report" in browser.title
    assert len(find(browser, "#table tbody tr")) == len(CLASSES)
    shown = browser.execute_script("return document.querySelector('.view svg').getBoundingClientRect().width")
    assert shown > 100
    assert browser.get_log("browser") == []


def test_photographs_and_maps_are_decoded(visit):
    sources = "[...document.querySelectorAll('svg image')].map(i => i.getAttribute('href'))"
    loaded = visit().execute_async_script(
        f"const done = arguments[0]; Promise.all({sources}.map(s => new Promise(r => {{"
        "const i = new Image(); i.onload = () => r(i.naturalWidth > 0); i.onerror = () => r(false);"
        "i.src = s; }))).then(done);"
    )
    assert len(loaded) > 20
    assert all(loaded)


def test_click_sorts_numbers_downwards_then_upwards(visit):
    browser = visit()
    header(browser, 3).find_element("tag name", "button").click()
    falling = [float(value) for value in column(browser, 3) if value]
    assert falling == sorted(falling, reverse=True)
    assert header(browser, 3).get_attribute("aria-sort") == "descending"
    header(browser, 3).find_element("tag name", "button").click()
    assert [float(value) for value in column(browser, 3) if value] == falling[::-1]
    assert header(browser, 3).get_attribute("aria-sort") == "ascending"


def test_keyboard_sorts_names(visit):
    from selenium.webdriver.common.keys import Keys

    browser = visit()
    button = header(browser, 1).find_element("tag name", "button")
    button.send_keys(Keys.ENTER)
    rising = column(browser, 1)
    button.send_keys(Keys.SPACE)
    assert column(browser, 1) == rising[::-1]
    assert header(browser, 1).get_attribute("aria-sort") == "descending"


def test_sorting_by_one_column_forgets_the_other(visit):
    browser = visit()
    for number in (3, 2):
        header(browser, number).find_element("tag name", "button").click()
    states = [cell.get_attribute("aria-sort") for cell in find(browser, "#table th[aria-sort]")]
    assert [state for state in states if state != "none"] == ["descending"]


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_page_never_scrolls_sideways(visit, width):
    browser = visit(width)
    browser.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_link_from_the_table_opens_the_class(visit):
    browser = visit()
    find(browser, "#table tbody a")[4].click()
    assert browser.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(document.getElementById('class-4').open), 200)"
    )


def test_picture_enlarges_and_gives_the_focus_back(visit):
    from selenium.webdriver.common.keys import Keys

    browser = visit()
    button = find(browser, "details[open] .enlarge")[0]
    button.send_keys(Keys.ENTER)
    dialog = find(browser, "#enlarged")[0]
    assert dialog.is_displayed()
    first = find(browser, "#enlarged figcaption")[0].text
    assert "score" in first
    dialog.send_keys(Keys.ARROW_RIGHT)
    assert find(browser, "#enlarged figcaption")[0].text != first
    dialog.send_keys(Keys.ARROW_LEFT, Keys.ESCAPE)
    assert not dialog.is_displayed()
    assert browser.switch_to.active_element == button


@pytest.mark.parametrize("width", [390, 1280])
def test_the_enlarged_addition_is_seen_up_to_its_total(visit, width):
    browser = visit(width)
    find(browser, "details[open] .enlarge")[0].click()
    (sum_,) = find(browser, "#enlarged pre")
    assert sum_.get_property("scrollWidth") <= sum_.get_property("clientWidth")


def test_switches_hide_maps_and_regions(visit):
    browser = visit()
    for box, part in zip(find(browser, ".tools input"), ("map", "regions"), strict=True):
        box.click()
        assert not find(browser, f"details[open] .{part}")[0].is_displayed()


def test_dark_follows_the_system_and_the_button(visit):
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = visit().execute_script(paper)
    browser = visit(dark=True)
    dark = browser.execute_script(paper)
    assert dark != light
    find(browser, "#theme")[0].click()
    assert browser.execute_script(paper) == light


def test_page_shows_everything_without_its_script(visit, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        assert find(visit(), "details[open] .view svg")[0].is_displayed()
        assert find(browser, "#table tbody tr")[0].is_displayed()
        assert not find(browser, "#theme")[0].is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_page_prints(visit):
    printed = visit().execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 10_000
