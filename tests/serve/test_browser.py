"""The page in a real browser: each part by keyboard alone, on a phone, with an empty console."""

from __future__ import annotations

import base64
import io
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures.browser import show
from fixtures.dicom_files import write_dicom
from weldon.data.corrections import read_corrections

pytestmark = pytest.mark.slow
pytest.importorskip("uvicorn", reason="the extra serve is not installed")

PARTS = ("look", "review", "train", "take")


@pytest.fixture(scope="module")
def live(run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page of a copy of the run, so that what is trained lies beside no other."""
    from serve.live import LivePage

    home = tmp_path_factory.mktemp("live")
    shutil.copytree(run.path, home / "first")
    page = LivePage(home / "first", home / "corrections.csv")
    page.state.used.book.wait()
    yield page
    page.close()


@pytest.fixture
def visit(browser: Any, live: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a part; afterwards the console must be empty."""
    live.corrections.unlink(missing_ok=True)

    def load(part: str = "look", width: int = 1280, *, dark: bool = False) -> Any:
        page = show(browser, f"{live.address}#{part}", width, dark=dark)
        until(page, f"!document.getElementById('{part}').hidden")
        return page

    browser.get_log("browser")
    yield load
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def find(browser: Any, selector: str) -> list[Any]:
    return browser.find_elements("css selector", selector)


def until(browser: Any, condition: str, seconds: float = 60) -> Any:
    """Wait until a JavaScript expression is true and return its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := browser.execute_script(f"return {condition}"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"not true after {seconds} s: {condition}")


def reach(found: Callable[[], object], wanted: object, seconds: float = 60) -> None:
    """Wait until the server, to which an answer is on its way, has what is wanted."""
    end = time.monotonic() + seconds
    while (last := found()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert last == wanted


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def tab_to(browser: Any, selector: str) -> None:
    """Press the tabulator until the focus is on an element, and on nothing that cannot be seen."""
    from selenium.webdriver.common.keys import Keys

    for _ in range(120):
        press(browser, Keys.TAB)
        if browser.execute_script("return document.activeElement.matches(arguments[0])", selector):
            return
    raise AssertionError(f"no tabulator leads to {selector}")


def rows(live: Any, count: int) -> list[Any]:
    """Return the corrections once there are that many."""
    for _ in range(1200):
        found = read_corrections(live.corrections) if live.corrections.exists() else ()
        if len(found) >= count:
            return list(found)
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} corrections, not {count}")


def keys() -> Any:
    from selenium.webdriver.common.keys import Keys

    return Keys


def test_look_by_keyboard_alone(visit):
    browser = visit("look")
    tab_to(browser, "#sample")
    press(browser, keys().ENTER)
    until(browser, "document.querySelector('#pictures .picture .regions rect') !== null")
    tab_to(browser, "#pictures .picture")
    press(browser, keys().ENTER, keys().ARROW_RIGHT)
    assert "row" in find(browser, "#cell h3")[0].text
    assert len(find(browser, "#cell li")) == 6
    tab_to(browser, "#answers [aria-pressed=false]")
    asked = browser.execute_script("return document.activeElement.dataset.class")
    press(browser, keys().ENTER)
    until(browser, f"document.getElementById('sentence').textContent.includes('{asked}')")
    assert browser.execute_script("return document.activeElement.dataset.class") == asked


def test_a_threshold_moves_by_keyboard_and_says_what_it_costs(visit):
    browser = visit("look")
    until(browser, "document.querySelector('#limits input') !== null")
    tab_to(browser, "#limits input")
    before = find(browser, "#limits tr")[0].text
    press(browser, keys().HOME)
    after = find(browser, "#limits tr")[0].text
    assert after != before
    assert " 100.0 " in after
    assert find(browser, "#reset")[0].is_displayed()
    tab_to(browser, "#reset")
    press(browser, keys().ENTER)
    assert find(browser, "#limits tr")[0].text == before


def draw_a_validation_picture(browser):
    """Let the page's own picture be one whose scores the sliders go along, whatever chance would draw."""
    until(
        browser,
        "fetch('/api/images?limit=1000').then((told) => told.json()).then((list) => {"
        "  const number = (list.images ?? []).findIndex((image) => image.split === 'val');"
        "  Math.random = () => (number + 0.5) / list.total;"
        "  return list.state === 'done' && number >= 0;"
        "})",
    )


def test_a_class_that_is_no_longer_reported_is_asked_why_not(visit):
    browser = visit("look")
    draw_a_validation_picture(browser)
    find(browser, "#sample")[0].click()
    until(browser, "document.querySelector('#limits input') !== null")
    for number in range(len(find(browser, "#limits input"))):  # every class is reported, however the run is
        find(browser, "#limits input")[number].send_keys(keys().HOME)
    until(browser, "document.querySelectorAll('#answers .yes').length > 1")
    name = find(browser, "#answers .yes")[-1].get_attribute("data-class")
    slider = find(browser, f'#limits input[aria-label="threshold of {name}"]')[0]
    slider.send_keys(keys().END)
    button = find(browser, f"#answers .no[data-class='{name}']")[0]
    assert "why not" in button.text
    button.send_keys(keys().ENTER)
    until(browser, "document.querySelectorAll('#pictures .picture').length === 2")
    assert "scores" in find(browser, "#sentence")[0].text


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_pictures_are_pasted_and_dropped(visit, way):
    browser = visit("look")
    browser.execute_async_script(
        """
        const [way, done] = arguments;
        const canvas = document.createElement('canvas');
        canvas.width = 60; canvas.height = 40;
        canvas.getContext('2d').fillRect(5, 5, 20, 20);
        canvas.toBlob((blob) => {
          const moved = new DataTransfer();
          moved.items.add(new File([blob], 'drawn.png', { type: 'image/png' }));
          const event = way === 'paste' ? new ClipboardEvent('paste', { clipboardData: moved, bubbles: true })
            : new DragEvent('drop', { dataTransfer: moved, bubbles: true, cancelable: true });
          document.body.dispatchEvent(event);
          done();
        });
        """,
        way,
    )
    until(browser, "document.querySelectorAll('#answers li').length === 6")
    assert find(browser, "#strip img")[0].get_attribute("alt") == "drawn.png"


def test_a_file_that_is_no_picture_is_told_and_the_others_are_shown(visit, scenes, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    browser = visit("look", 390)
    chosen = [tmp_path / "notes.png", scenes / "val" / "00001.png", scenes / "val" / "00002.png"]
    find(browser, "#files")[0].send_keys("\n".join(map(str, chosen)))
    until(browser, "document.querySelectorAll('#strip li').length === 2")
    assert "notes.png" in find(browser, "#say")[0].text
    browser.get_log("browser")  # the browser itself notes the answer 422


def test_of_many_pictures_it_is_said_how_many_were_looked_at(visit, scenes, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    browser = visit("look")
    browser.execute_script(
        """
        const place = document.getElementById('coming');
        window.told = [];
        new MutationObserver(() => window.told.push(place.textContent)).observe(place, { childList: true });
        """
    )
    chosen = [scenes / "val" / "00001.png", tmp_path / "notes.png", scenes / "val" / "00002.png"]
    find(browser, "#files")[0].send_keys("\n".join(map(str, chosen)))
    until(browser, "document.querySelectorAll('#strip li').length === 2")
    until(browser, "document.getElementById('coming').hidden")
    told = browser.execute_script("return window.told")
    assert told == [*(f"{number} of 3 pictures looked at …" for number in range(3)), ""]
    browser.get_log("browser")  # the browser itself notes the answer 422


def test_a_dicom_picture_is_shown_as_it_was_read(visit, tmp_path):
    pytest.importorskip("pydicom")
    values = np.zeros((48, 64), np.int16)
    values[:, :32] = 200
    path = write_dicom(tmp_path / "slice.dcm", values, WindowCenter=100, WindowWidth=200)
    browser = visit("look")
    find(browser, "#files")[0].send_keys(str(path))
    until(browser, "document.querySelectorAll('#strip li').length === 1")
    assert until(browser, "document.querySelector('#strip img').naturalWidth") == 64
    href = browser.execute_script(
        "return document.querySelector('#pictures image.photo').getAttribute('href')"
    )
    shown = Image.open(io.BytesIO(base64.b64decode(href.split(",", 1)[1]))).convert("L")
    assert (shown.size, shown.getpixel((10, 20)) > 240, shown.getpixel((50, 20)) < 10) == (
        (64, 48),
        True,
        True,
    )


def open_queue(browser: Any, kind: str) -> None:
    """Choose a queue by keyboard."""
    tab_to(browser, "#kind")
    press(browser, *{"class": [keys().ARROW_DOWN], "folder": [keys().ARROW_DOWN] * 2}[kind])
    until(browser, f"document.querySelector('#desk:not([hidden])')?.dataset.kind === '{kind}'")
    browser.execute_script("document.activeElement.blur()")


def test_review_by_keyboard_alone(visit, live, scenes):
    table = (scenes / "labels.csv").read_bytes()
    browser = visit("review")
    tab_to(browser, "#who")
    press(browser, "Ada")
    browser.execute_script("document.activeElement.blur()")
    open_queue(browser, "class")
    first = find(browser, "#file")[0].text
    press(browser, "u")
    assert find(browser, "#file")[0].text != first
    press(browser, "p", "a")
    found = rows(live, 3)
    assert [row.after for row in found] == ["unknown", "present", "absent"]
    assert {row.who for row in found} == {"Ada"}
    press(browser, "z")
    until(browser, "document.querySelectorAll('#done tr').length === 2")
    assert "2 reviewed" in find(browser, "#progress")[0].text
    assert len(rows(live, 2)) == 2
    press(browser, keys().ARROW_LEFT, keys().ARROW_LEFT)
    assert find(browser, "#file")[0].text == first
    assert "unknown" in find(browser, "#says")[0].text
    press(browser, keys().ARROW_DOWN)
    assert find(browser, "#question b")[0].text == "3"
    assert live.corrections.read_text().splitlines()[-1].split(",")[3] == "withdrawn"
    assert (scenes / "labels.csv").read_bytes() == table


def test_keys_in_a_field_are_letters(visit, live):
    browser = visit("review")
    open_queue(browser, "folder")
    tab_to(browser, "#who")
    press(browser, "p", "a", "u")
    assert find(browser, "#who")[0].get_property("value").endswith("pau")
    time.sleep(0.3)
    assert not live.corrections.exists()


def displayed(browser: Any) -> tuple[bool, ...] | None:
    """Whether heat map and regions of the large picture are seen; None while it is drawn anew."""
    from selenium.common.exceptions import StaleElementReferenceException

    try:
        return tuple(find(browser, f"#large {part}")[0].is_displayed() for part in (".map", ".regions"))
    except (IndexError, StaleElementReferenceException):
        return None


def test_regions_and_heat_map_are_switched_by_key(visit):
    browser = visit("review")
    open_queue(browser, "folder")
    until(browser, "document.querySelector('#large .map') !== null")
    assert not find(browser, "#large .map")[0].is_displayed()
    press(browser, "h", "r")
    end = time.monotonic() + 60
    while time.monotonic() < end and displayed(browser) != (True, False):  # the picture is drawn anew
        time.sleep(0.05)
    assert displayed(browser) == (True, False)


def test_two_tabs_lose_nothing_and_the_later_one_is_told(visit, browser, live):
    first = visit("review")
    open_queue(first, "folder")
    one = first.current_window_handle
    first.switch_to.new_window("tab")
    second = visit("review")
    open_queue(second, "folder")
    press(second, "u")
    rows(live, 1)
    second.close()
    browser.switch_to.window(one)
    label = browser.execute_script("return document.querySelector('#chips button').className")
    press(browser, "a" if label == "present" else "p")
    until(browser, "document.getElementById('say').textContent.includes('not written down')")
    assert [row.after for row in rows(live, 1)] == ["unknown"]
    browser.get_log("browser")  # the browser itself notes the answer 409


def test_an_answer_given_while_the_server_is_down_arrives_when_it_is_back(visit, browser, live):
    browser = visit("review")
    open_queue(browser, "folder")
    live.close()
    try:
        press(browser, "u", "u")
        until(browser, "document.getElementById('say').textContent.includes('2 answers wait')")
        assert not live.corrections.exists()
    finally:
        live.open()
    assert [row.after for row in rows(live, 2)] == ["unknown", "unknown"]
    browser.get_log("browser")  # the browser itself notes that nobody answered


def test_take_away_by_keyboard_alone(visit):
    browser = visit("take")
    until(browser, "document.querySelectorAll('#take-folder option').length > 1")
    tab_to(browser, "#order [value=coco]")
    press(browser, keys().SPACE)
    tab_to(browser, "#take-start")
    press(browser, keys().ENTER)
    until(browser, "!document.getElementById('take-file').hidden")
    size = browser.execute_async_script(
        "const done = arguments[0]; fetch(document.getElementById('take-file').href)"
        ".then((answer) => answer.blob()).then((blob) => done(blob.size));"
    )
    assert size > 1000


@pytest.fixture
def live_new(run: Any, tmp_path: Any) -> Iterator[Any]:
    """The page with a flat folder of two new pictures, and thirteen answers of earlier."""
    from PIL import Image

    from serve.live import LivePage

    (tmp_path / "new").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 30), "red").save(tmp_path / "new" / name)
    page = LivePage(run.path, tmp_path / "corrections.csv", tmp_path / "new")
    try:
        book = page.state.used.book.wait()
        for number in range(13):
            book.correct(number, "8", book.label(number, "8"), "unknown")
        yield page
    finally:
        page.close()


def test_the_folder_of_new_pictures_is_chosen_and_taken_away_with_the_root_to_serve(browser, live_new):
    show(browser, f"{live_new.address}#take", 1280)
    until(browser, "document.getElementById('take-folder').value === 'new'")
    chosen = "document.querySelector('#take-folder option:checked').textContent"
    assert browser.execute_script(f"return {chosen}") == "new (2)"
    find(browser, "#take-start")[0].click()
    until(browser, "!document.getElementById('take-file').hidden")
    words = find(browser, "#take-hint")[0].text
    assert f"DOCUMENT_ROOT={live_new.photos.parent} " in words
    assert f"{live_new.photos} is a Local files storage" in words
    # Another part and back: what somebody chose meanwhile stays.
    browser.execute_script("document.getElementById('take-folder').value = 'val'")
    browser.execute_script("document.getElementById('take').dispatchEvent(new Event('shown'))")
    time.sleep(0.3)
    assert browser.execute_script("return document.getElementById('take-folder').value") == "val"


def test_review_begins_with_the_new_pictures_and_says_which_answers_it_lists(browser, live_new):
    show(browser, f"{live_new.address}#review", 1280)
    until(browser, "document.querySelectorAll('#done tr').length === 12")
    assert find(browser, "#done-latest")[0].text == "The latest 12:"
    open_queue(browser, "folder")
    until(browser, "document.getElementById('of-folder').value === 'new'")
    until(browser, "document.getElementById('file').textContent.includes('new/a.png')")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_part_scrolls_sideways(visit, part, width):
    browser = visit(part, width)
    if part == "look":
        find(browser, "#sample")[0].click()
        until(browser, "document.querySelector('#pictures .picture') !== null")
    if part == "review":
        open_queue(browser, "folder")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_review_on_a_phone_needs_no_keys(visit, live):
    browser = visit("review", 390)
    open_queue(browser, "class")
    for to in ("unknown", "absent"):
        find(browser, f".verdicts [data-to={to}]")[0].click()
    assert [row.after for row in rows(live, 2)] == ["unknown", "absent"]
    find(browser, "#undo")[0].click()
    until(browser, "document.querySelectorAll('#done tr').length === 1")
    assert "1 reviewed" in find(browser, "#progress")[0].text


def test_dark_follows_the_system_and_the_button(visit):
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = visit("look").execute_script(paper)
    browser = visit("look", dark=True)
    assert browser.execute_script(paper) != light
    find(browser, "#theme")[0].click()
    assert browser.execute_script(paper) == light


def test_train_again_by_keyboard_alone(visit, live, quick_training):
    browser = visit("review")
    open_queue(browser, "folder")
    press(browser, "u")
    rows(live, 1)
    browser = visit("train")
    tab_to(browser, "#train-start")
    press(browser, keys().ENTER)
    until(browser, "!document.getElementById('compared').hidden", 240)
    assert len(find(browser, "#compare-classes tr")) == 6
    for cell in find(browser, "#compare-classes td:last-child"):  # a colour only with a whole interval
        low, high = (float(end.replace("−", "-")) for end in find(cell, ".reach")[0].text.split(" to "))
        coloured = bool(find(cell, ".text-for, .text-against"))
        assert not (coloured and low < 0 < high)
    assert " to " in find(browser, "#compare-headline .reach")[0].text
    assert "32 validation images" in find(browser, "#compare-state")[0].text
    tab_to(browser, "#use-new")
    press(browser, keys().ENTER)
    until(
        browser,
        "document.readyState === 'complete' && document.getElementById('run-name').textContent === 'first2'",
    )
    live.state.used.book.wait()


def test_review_says_when_to_stop_and_asks_first_what_the_run_is_unsure_of(visit, live, scenes, browser):
    from serve.live import LivePage

    page = LivePage(live.run, live.corrections.with_name("next.csv"), scenes / "test")
    try:
        show(browser, f"{page.address}#review")
        until(browser, "!document.getElementById('desk').hidden")
        assert "wrong" not in find(browser, "#progress")[0].text  # of few pictures it cannot be told
        asked = find(browser, "#question b")[0].text
        assert "wrong with probability" in find(browser, "#says")[0].text
        assert f"gives {asked} a probability of" in find(browser, "#says")[0].text
        assert find(browser, "#review .frames-key")[0].is_displayed()
        until(browser, "document.querySelector('#large .regions rect') !== null")
        browser.execute_script(
            "const kind = document.getElementById('kind'); kind.value = 'next';"
            "kind.dispatchEvent(new Event('change', { bubbles: true }));"
        )
        until(browser, "document.getElementById('says').textContent.includes('The run gives')")
        (first, *_) = page.state.used.next_ones.value()
        unsure = sorted(first.chances, key=lambda name: abs(first.chances[name] - 0.5))
        shown = [chip.get_attribute("data-class") for chip in find(browser, "#chips button")]
        assert shown == unsure
        assert find(browser, "#question b")[0].text == unsure[0]
        press(browser, "a")
        assert find(browser, "#question b")[0].text == unsure[1]
        assert "1 reviewed" in find(browser, "#progress")[0].text
        reach(lambda: {name for _, name in page.state.used.book.value().page().reviewed}, {unsure[0]})
        press(browser, "z")
        assert "0 reviewed" in find(browser, "#progress")[0].text
        until(browser, "document.getElementById('done').closest('.scroll').hidden")
        reach(lambda: page.state.used.book.value().page().reviewed, frozenset())
    finally:
        browser.get("about:blank")
        page.close()
