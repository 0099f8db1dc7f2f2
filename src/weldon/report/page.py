"""Fill the template of the report with everything that it prints."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from weldon import __version__
from weldon.counted import counted
from weldon.report.charts import Histogram, LineChart
from weldon.report.class_rows import ClassRow
from weldon.report.examples import ClassPictures
from weldon.report.triples import Triple
from weldon.report.views import Photo

HERE = Path(__file__).parent
SCRIPTS = ("sorting.js", "theme.js", "page.js")  # what is of use to other pages stands in a file of its own


@dataclass(frozen=True, slots=True)
class ClassCharts:
    """The charts of one class.

    Args:
        curve: path of precision over recall, None without positives.
        scores: spread of the scores.
    """

    curve: str | None
    scores: Histogram


@dataclass(frozen=True, slots=True)
class Matrix:
    """A square of shares.

    Args:
        names: of rows and columns.
        counts: images of each row.
        shares: ``names`` x ``names``, NaN where nothing is known.
        pairs: the highest off the diagonal, in words.
        left_out: classes that did not fit.
    """

    names: Sequence[str]
    counts: Sequence[int]
    shares: Sequence[Sequence[float]]
    pairs: Sequence[tuple[str, str, float]]
    left_out: int


@dataclass(frozen=True, slots=True)
class ReliabilityChart:
    """What probabilities say beside what is so, without and with calibration.

    Args:
        before: expected calibration error of the network's own probabilities.
        after: of the calibrated ones.
        dots_before: x, y and radius in a box of 100 x 100.
        dots_after: the same.
    """

    before: float
    after: float
    dots_before: Sequence[tuple[float, float, float]]
    dots_after: Sequence[tuple[float, float, float]]

    @property
    def calibrated(self) -> bool:
        """Whether calibration changed anything; what it does not help is left as it is."""
        return self.after != self.before


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is printed; names are those of the template."""

    title: str
    split: str
    task: str
    noun: str
    images: int
    mean_ap: float
    measured: int
    accuracy: float | None
    facts: Sequence[tuple[str, str]]
    adds_up: bool
    map_scale: float
    rows: Sequence[ClassRow]
    charts: Sequence[ClassCharts]
    pictures: Sequence[ClassPictures]
    undrawn: int
    photos: Sequence[Photo]
    matrix: Matrix
    confusion: Matrix | None
    triples: Sequence[Triple]
    reliability: ReliabilityChart | None
    curves: Sequence[LineChart]
    left_out: Sequence[tuple[str, str]]


def render_page(page: Page) -> str:
    """Return the page as HTML that needs no other file and no network."""
    return render_template("page.html", page=page)


def render_template(name: str, *folders: Path, **values: Any) -> str:
    """Return a page in the report's style, with its style sheet, scripts, macros and filters.

    Args:
        name: of the template.
        folders: where it lies, beside the templates of the report.
        values: what it prints.
    """
    style, *scripts = (Markup((HERE / name).read_text(encoding="utf-8")) for name in ("page.css", *SCRIPTS))
    return (
        _environment(folders)
        .get_template(name)
        .render(style=style, script=Markup("\n").join(scripts), version=__version__, **values)
    )


@cache
def _environment(folders: tuple[Path, ...]) -> Environment:
    """Return what compiles templates: kept, for a template takes a fifth of a second to compile."""
    environment = Environment(
        loader=FileSystemLoader([*folders, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "signed": signed,
        "change": change,
        "share": share,
        "minus": minus,
        "sortable": sortable,
        "plural": counted,
    }
    return environment


def percent(value: float | None) -> str:
    """Return a share as percent with one decimal, a dash for what could not be measured.

    Example:
        >>> percent(0.8431), percent(float("nan"))
        ('84.3', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}"


def share(value: float) -> str:
    """Return a share as whole percent, as it stands in a matrix.

    Example:
        >>> share(0.774), share(0.001), share(0.0), share(float("nan"))
        ('77', '<1', '0', '')
    """
    if math.isnan(value):
        return ""
    return "<1" if 0 < value < 0.005 else f"{100 * value:.0f}"


def signed(value: float) -> str:
    """Return a score with its sign, a true minus and two decimals; what rounds to nothing has no minus.

    Example:
        >>> signed(1.5), signed(-0.25)
        ('+1.50', '−0.25')
    """
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")


def change(value: float) -> str:
    """Return a difference in percent with its sign and one decimal, a dash for what could not be measured.

    Example:
        >>> change(1.25), change(-0.04), change(float("nan"))
        ('+1.2', '0.0', '–')
    """
    if math.isnan(value):
        return "–"
    rounded = round(value, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def minus(text: str) -> str:
    """Return a sentence with true minus signs before numbers.

    Example:
        >>> minus("gives -0.5 for t-shirt-2")
        'gives −0.5 for t-shirt-2'
    """
    return re.sub(r"(?<![\w])-(?=\d)", "−", text)


def sortable(value: float | str) -> str:
    """Return what a cell is sorted by; empty sorts last.

    Example:
        >>> sortable(0.5), sortable(float("nan")), sortable("cat")
        ('0.5', '', 'cat')
    """
    return "" if isinstance(value, float) and math.isnan(value) else str(value)
