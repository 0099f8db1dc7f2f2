"""Every field of an option object is a flag of its kind, and its description is the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import pytest
from pydantic import BaseModel, Field

from cli.shell import run
from weldon.cli.option_flags import field_parameters, flag_parameter, flag_type


class Options(BaseModel):
    """Some options."""

    size: int = Field(default=3, description="how large")
    place: Path | None = Field(default=None, description="where")
    quick: bool = Field(default=False, description="hurry")
    hidden: str = Field(default="", description="not for people")


def spelt(parameter) -> tuple[object, tuple[str, ...], str]:
    kind, info = get_args(parameter.annotation)
    return kind, (info.default, *info.param_decls), info.help


def test_a_flag_for_each_field_with_the_default_in_its_help():
    found = {one.name: spelt(one) for one in field_parameters(Options, but=["hidden"])}
    assert list(found) == ["size", "place", "quick"]
    assert found["size"][0] == int | None
    assert found["size"][2] == "how large [3]"
    assert found["place"][2] == "where"


@pytest.mark.parametrize(("off", "flag"), [(True, "--quick/--no-quick"), (False, "--quick")])
def test_a_switch_may_be_turned_off_where_a_file_may_have_turned_it_on(off, flag):
    (quick,) = field_parameters(Options, but=["size", "place", "hidden"], off=off)
    assert flag in spelt(quick)[1]


def test_a_flag_may_have_a_name_that_python_keeps_for_itself():
    assert "--with" in spelt(flag_parameter("others", list[Path], None, "more", flag="with"))[1]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (int, int),
        (float | None, float),
        (Annotated[Path, "a remark"], Path),
        (Literal["a", "b"], Literal["a", "b"]),
        (int | str, str),
        (tuple[int, ...], str),
        (tuple[Path, ...], list[Path]),
        (tuple[Annotated[float, "a remark"], float] | None, tuple[float, float]),
    ],
)
def test_text_is_read_as_what_the_field_takes_or_left_to_it(annotation, kind):
    assert flag_type(annotation) == kind


@pytest.mark.parametrize(
    ("verb", "slip", "meant"),
    [("train", "--epoch", "--epochs"), ("predict", "--box", "--boxes"), ("val", "--spilt", "--split")],
)
def test_an_unknown_flag_is_answered_with_the_one_that_was_meant(capsys, verb, slip, meant):
    code, said = run(capsys, verb, "x", slip, "1")
    assert (code, meant in said.err) == (2, True), said.err


@pytest.mark.parametrize(("verb", "strange"), [("train", "--learning-rate"), ("predict", "--classes")])
def test_an_unknown_flag_like_no_other_is_answered_with_no_other(capsys, verb, strange):
    code, said = run(capsys, verb, "x", strange, "1")
    assert (code, strange in said.err, "ossible" in said.err, "Did you mean" in said.err) == (
        *(2, True, False, False),
    ), said.err


@pytest.mark.parametrize(
    "words",
    [
        ["train", "photos", "--out", "s3://bucket/run"],
        ["train", "photos", "--cache", "s3://bucket/maps"],
        ["predict", "run", "photos", "--out", "s3://bucket/answers"],
        ["export", "run", "--out", "s3://bucket/model.onnx"],
        ["next", "run", "photos", "--out", "s3://bucket/next.csv"],
    ],
    ids=" ".join,
)
def test_nothing_is_written_to_an_address(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, *words)
    assert code == 2
    assert f"{words[-2]} must be on a disk of this machine, got {words[-1]}" in " ".join(said.err.split())
    assert list(tmp_path.iterdir()) == []
