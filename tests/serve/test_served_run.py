"""A run that is open: what it calls itself, and what its queues hold before and after the heads are there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from weldon.data.corrections import label_of
from weldon.errors import UsageError
from weldon.runs.thresholds_file import read_thresholds
from weldon.serve.later import Later
from weldon.serve.served_run import open_served_run


@pytest.fixture
def served(run, tmp_path):
    opened = open_served_run(run.path, corrections=tmp_path / "c.csv", device="cpu")
    yield opened
    opened.stop()


def queue_of(served, kind, class_name="8", folder=""):
    served.book.wait()
    return served.queue(kind, class_name, folder).value


def test_it_goes_by_the_name_of_its_folder_and_has_the_classes_of_the_network(served, run):
    assert (served.name, served.classes) == ("first", run.class_names)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="a folder that `weldon train` wrote"):
        open_served_run(tmp_path)


def test_a_queue_is_known_only_once_pictures_and_labels_are(served):
    served.images = Later(lambda: pytest.fail("never asked"), "images")
    served.images.stop()
    found = served.queue("folder", "8", "")
    assert (found.state, found.value, "ending" in found.problem) == ("failed", None, True)


def test_without_heads_a_class_begins_with_the_pictures_that_show_it(served):
    served.doubts = SimpleNamespace(peek=lambda: None, stop=lambda: None)
    items = queue_of(served, "class")
    shown = [label_of(served.images.value().records[item.number], "8") for item in items]
    assert len(shown) == 88
    assert shown == sorted(shown, key=["present", "unknown", "absent"].index)


def test_with_heads_a_class_begins_with_its_most_doubtful_label(served):
    chances = dict.fromkeys(range(88), 0.5) | {17: 0.99 if not shows(served, 17) else 0.01}
    heads = SimpleNamespace(chances=lambda name: chances)
    served.doubts = SimpleNamespace(peek=lambda: heads, stop=lambda: None)
    first = queue_of(served, "class")[0]
    assert (first.number, first.class_name, first.chance) == (17, "8", chances[17])


def shows(served, number):
    return "8" in served.images.value().records[number].labels


def test_a_folder_and_a_class_that_are_not_there_are_refused(served):
    with pytest.raises(UsageError, match="folder"):
        queue_of(served, "folder", folder="nowhere")
    with pytest.raises(UsageError, match="class"):
        queue_of(served, "class", "cow")


def test_the_curve_of_a_class_is_best_where_the_runs_threshold_stands(served, run):
    """The threshold was chosen for F1 on these images, from maps in half precision."""
    curve = served.curves.wait(60)["8"]
    pairs = zip(curve.precision, curve.recall, strict=True)
    f1 = [2 * p * r / (p + r) if p and r else 0.0 for p, r in pairs]
    chosen = read_thresholds(run).classes["8"]
    assert f1[curve.thresholds.index(chosen)] == pytest.approx(max(f1), abs=0.05)
