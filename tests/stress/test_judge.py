"""The judge notices what it is there for: each kind of fault, planted by hand."""

from __future__ import annotations

from stress.attempt import Outcome
from stress.judge import Answer, judge_files, judge_outcome, judge_values, snapshot
from stress.mutation import Effect

WHOLE = Answer({"a.png": {"cat": True, "dog": False}, "b.png": {"cat": False, "dog": None}})


def ended(status, *, out="", err="", seconds=1.0, megabytes=10.0):
    return judge_outcome(Outcome(("check",), status, out, err, seconds, megabytes), ["labels.csv"])


def test_a_refusal_that_names_the_file_is_right():
    assert ended(1, err="error: labels.csv row 3: no such class") == []
    assert ended(2, err="error: labels must end in .csv, got labels.csv") == []


def test_ways_to_end_that_are_faults():
    assert "exit status 70" in ended(70, err="labels.csv")[0]
    assert "exit status -9" in ended(-9)[0]
    assert ended(None) == ["it did not end in time"]
    assert "names none of labels.csv" in ended(1, err="error: bad data")[0]
    assert ended(0, err="Traceback (most recent call last)") == ["a traceback"]


def test_time_and_memory_are_bounded():
    assert "of the processor" in ended(0, seconds=1000.0)[0]
    assert "MB of memory" in ended(0, megabytes=5000.0)[0]


def test_an_untouched_image_must_keep_its_values():
    after = Answer({"a.png": {"cat": True, "dog": True}, "b.png": {"cat": False, "dog": None}})
    for effect in Effect:
        assert judge_values(WHOLE, after, effect, ["b.png"]) == ["a.png: dog is True in place of False"]
        assert judge_values(WHOLE, Answer({"b.png": WHOLE.values["b.png"]}, ["a note"]), effect, ["b.png"])


def test_a_class_that_vanished_is_absent_everywhere():
    after = Answer({"a.png": {"dog": False}, "b.png": {"dog": None}})
    assert judge_values(WHOLE, after, Effect.NEUTRAL, ()) == ["a.png: cat is False in place of True"]


def test_what_is_garbled_is_unknown_and_never_absent():
    absent = Answer({**WHOLE.values, "a.png": {"cat": False, "dog": False}})
    unknown = Answer({**WHOLE.values, "a.png": {"cat": None, "dog": False}})
    assert judge_values(WHOLE, absent, Effect.GARBLED, ["a.png"])
    assert judge_values(WHOLE, absent, Effect.GARBLED, None)
    assert judge_values(WHOLE, unknown, Effect.GARBLED, ["a.png"]) == []
    assert judge_values(WHOLE, absent, Effect.CHANGED, ["a.png"]) == []


def test_what_is_left_out_is_said():
    values = {"b.png": WHOLE.values["b.png"]}
    assert judge_values(WHOLE, Answer(values), Effect.GARBLED, ["a.png"]) == ["a.png is lost without a word"]
    assert judge_values(WHOLE, Answer(values, ["row 2 was left out"]), Effect.GARBLED, ["a.png"]) == []


def test_scores_may_differ_by_rounding_only():
    before = Answer({"a.png": {"cat": 1.0}})
    assert judge_values(before, Answer({"a.png": {"cat": 1.0000001}}), Effect.NEUTRAL, ()) == []
    assert judge_values(before, Answer({"a.png": {"cat": 1.1}}), Effect.NEUTRAL, ())
    assert judge_values(before, Answer({"a.png": {"cat": float("nan")}}), Effect.NEUTRAL, ())


def test_files_of_the_user_stay_and_no_draft_is_left(tmp_path):
    (tmp_path / "a.csv").write_text("1")
    (tmp_path / "b.csv").write_text("1")
    before = snapshot(tmp_path)
    assert judge_files(before, snapshot(tmp_path)) == []
    (tmp_path / "a.csv").write_text("2")
    (tmp_path / "b.csv").unlink()
    (tmp_path / ".c.csv.5.part").write_text("2")
    assert judge_files(before, snapshot(tmp_path)) == [
        "a.csv was changed",
        "b.csv was removed",
        ".c.csv.5.part was left behind",
    ]
