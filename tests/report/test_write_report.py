import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from weldon.data.scenes import CLASSES
from weldon.errors import UsageError
from weldon.report import write_report
from weldon.report.write_report import build_page
from weldon.runs.calibration_file import read_reliability

AWKWARD = "<b>nought</b> & 'co'"
VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """Remembers links, ids and text, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.addresses += [values[name] for name in ("src", "href", "action") if values.get(name)]
        self.ids += [values["id"]] if "id" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data


def outline_of(path: Path) -> Outline:
    outline = Outline()
    outline.feed(path.read_text(encoding="utf-8"))
    return outline


@pytest.fixture(scope="module")
def page(run, scenes) -> Path:
    with pytest.warns(RuntimeWarning, match="skipped"):
        return write_report(run, masks=scenes / "masks")


@pytest.fixture(scope="module")
def outline(page: Path) -> Outline:
    return outline_of(page)


def test_page_is_where_the_run_says(page, run):
    assert page == run.report / "index.html"


def test_every_tag_is_closed_and_every_id_unique(outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))


def test_page_needs_no_other_file(outline):
    assert all(address.startswith(("#", "data:")) for address in outline.addresses)
    inside = {address[1:] for address in outline.addresses if address.startswith("#")}
    assert inside <= set(outline.ids)


def test_names_are_text_not_markup(page, outline):
    assert AWKWARD not in page.read_text(encoding="utf-8")
    assert AWKWARD in outline.text
    assert "run <1>" in outline.text


def test_headline_is_the_mean_over_the_table(split, outline):
    built = build_page(split, limit=0)
    assert f"{100 * built.mean_ap:.1f}%" in outline.text
    assert built.images == 31
    assert built.pictures[0].right == ()


def test_calibration_is_shown_before_and_after(run, page):
    text = page.read_text(encoding="utf-8")
    before, after = read_reliability(run)
    changed = f"from {100 * before.error:.1f} to {100 * after.error:.1f} points"
    left = f"is {100 * before.error:.1f} points"
    assert (changed if after.error != before.error else left) in text
    dots = sum(int((side.curve.counts > 0).sum()) for side in (before, after))
    section = text.split('<section id="reliability">')[1].split("</section>")[0]
    assert section.count("<circle") == dots


def test_file_that_broke_is_listed_with_the_reason(outline):
    assert "val/00003.png" in outline.text
    assert "not an image that Pillow can open" in outline.text


def test_every_class_shows_its_pictures_and_its_rival(page, outline):
    text = page.read_text(encoding="utf-8")
    assert text.count('<details class="class"') == len(CLASSES)
    assert re.search(r"Why (not|[^?]*, and not)", outline.text)
    assert "Surest right answers" in outline.text


def test_masks_are_shown_beside_the_truth(outline):
    assert outline.text.count("true mask") >= 1
    assert "Which classes go together" in outline.text


def test_resolved_counts_are_printed(outline):
    assert "k+ = 20% → 1 of 4 regions" in outline.text


def test_two_reports_of_one_run_are_the_same(page, run, scenes, tmp_path):
    before = page.read_bytes()
    with pytest.warns(RuntimeWarning, match="skipped"):
        write_report(run.path, masks=scenes / "masks")
    assert page.read_bytes() == before


def test_one_class_an_image_shows_accuracy_and_mixups_instead_of_thresholds(one_class_run):
    outline = outline_of(write_report(one_class_run, split="test"))
    assert "accuracy" in outline.text
    assert "Mix-ups" in outline.text
    assert "threshold" not in outline.text
    assert "test images" in outline.text


def test_split_without_images_is_refused(run):
    with pytest.raises(UsageError, match=r"split must be one with images \(.*train.*\), got 'holdout'"):
        write_report(run, split="holdout")
