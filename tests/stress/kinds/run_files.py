"""The files of a run, read back by predict, val, export and resume."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from stress import answers
from stress.kind import Kind, Place, nothing
from stress.kinds.labels import JSON, ROWS, TABLE, TEXT, unreadable
from stress.line_damage import LINES, neutral, of_lines, shuffled_rows, windows_ends, with_mark
from stress.mutation import ANY_BYTES, Effect, Mutation, Mutator
from stress.world import train_arguments

Commands = Callable[[Place], Sequence[Sequence[str]]]
TEXT_FILE = (*TEXT, *(of_lines(damage) for damage in LINES), *ANY_BYTES)


def _plant(run: str) -> Callable[[Place], None]:
    left_out = shutil.ignore_patterns("tensorboard", "index.html")
    return lambda place: shutil.copytree(place.world / run, place.files / "run", ignore=left_out)  # type: ignore[return-value]


def _predict(place: Place) -> list[list[str]]:
    pictures = [str(place.world / "pictures" / f"p0{number}.png") for number in range(4)]
    return [["predict", str(place.files / "run"), *pictures, "--out", str(place.out), "--device", "cpu"]]


def _val(place: Place) -> list[list[str]]:
    return [["val", str(place.files / "run"), "--json"]]


def _resume(place: Place) -> list[list[str]]:
    return [train_arguments(place.world, place.files / "run", "--resume", "--epochs", "2")]


def _hub(place: Place) -> list[list[str]]:
    return [["export", str(place.files / "run"), "--format", "hub", "--out", str(place.out)]]


def _run_answer(place: Place, outcomes: Sequence[Any]) -> answers.Answer:
    return answers.Answer({"run": answers.run_values(place.files / "run")}, answers.told(outcomes))


def _hub_answer(place: Place, outcomes: Sequence[Any]) -> answers.Answer:
    return answers.Answer(
        {"hub": json.loads((place.out / "config.json").read_text())}, answers.told(outcomes)
    )


def same(
    parse: Callable[[bytes], Any], items: Collection[str] | None = None
) -> Callable[[bytes, bytes], Any]:
    """Return a judge of bytes: nothing is touched where both parse alike, else ``items`` (None: all)."""
    return lambda before, after: () if parse(before) == parse(after) else items


def toml(content: bytes) -> Any:
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    return tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))


def rows(content: bytes) -> Any:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def _thresholds(before: bytes, after: bytes) -> Collection[str]:
    """Scores never depend on thresholds; what is predicted does."""
    changed = json.loads(before) != json.loads(after)
    return [f"p0{number}.png predicted" for number in range(4)] if changed else []


def _kind(name: str, file: str, commands: Commands, mutators: Sequence[Mutator], **options: Any) -> Kind:
    run = "half" if commands is _resume else "run"
    found = {_predict: answers.predictions, _val: answers.figures, _resume: _run_answer, _hub: _hub_answer}
    verb = {_predict: "predict", _val: "val", _resume: "resume", _hub: "hub"}[commands]
    return Kind(
        f"run/{name}-{verb}",
        _plant(run),
        f"run/{file}",
        commands,
        mutators,
        found[commands],
        needs_world=True,
        may_change=(lambda name: True) if commands is _resume else (lambda name: False),
        **options,
    )


_toml: dict[str, Any] = {"touched": same(toml, None), "must_fail": unreadable(toml), "quotes": True}
_json = {"must_fail": unreadable(json.loads)}


def _nan_is_null(mutator: Mutator) -> Mutator:
    """Return the mutator where NaN is no damage: a class without a fitted threshold was once written so."""

    def mutate(data: bytes, chance: Any) -> Mutation:
        done = mutator(data, chance)
        return replace(done, effect=Effect.CHANGED) if b"NaN" in done.content else done

    return mutate


# Without the first: the order of the classes in thresholds.json is that of the scores.
ORDERED = tuple(map(_nan_is_null, JSON[1:]))
IN_ORDER = tuple(mutator for mutator in TABLE if mutator not in ROWS)  # that of the rows is that of training
NAMES_FILE = (
    *map(neutral, (windows_ends, with_mark)),
    *(of_lines(d) for d in LINES),
    of_lines(lambda lines, chance: lines[::-1]),
    *ANY_BYTES,
)
KINDS = (
    _kind("config", "config.toml", _predict, TEXT_FILE, **_toml),
    _kind("config", "config.toml", _val, TEXT_FILE, **_toml),
    _kind("config", "config.toml", _resume, TEXT_FILE, **_toml),
    _kind("classes", "classes.txt", _predict, NAMES_FILE, touched=nothing),
    _kind("classes", "classes.txt", _val, NAMES_FILE, touched=nothing),
    _kind("classes", "classes.txt", _resume, NAMES_FILE, touched=nothing),
    _kind("thresholds", "thresholds.json", _predict, ORDERED, touched=_thresholds, **_json),
    _kind("splits", "splits.csv", _val, TABLE, touched=same(rows, None)),
    _kind("splits", "splits.csv", _resume, IN_ORDER, touched=same(rows, None)),
    _kind("metrics", "metrics.csv", _resume, TABLE, touched=same(rows, None)),
    _kind("manifest", "manifest.json", _hub, JSON, touched=same(json.loads, None)),
    _kind("best", "weights/best.safetensors", _predict, ANY_BYTES, touched=nothing),
    _kind("best", "weights/best.safetensors", _val, ANY_BYTES, touched=nothing),
    _kind("last", "weights/last.ckpt", _resume, ANY_BYTES, touched=nothing),
)


RECIPE = 'batch_size = 4\nworkers = 0\ndevice = "cpu"\npool = "max"\nseed = 3\nschedule = "constant"\n'


def _recipe(place: Place) -> None:
    (place.files / "recipe.toml").write_text(RECIPE)


def _train(place: Place) -> list[list[str]]:
    data = [str(place.world / "pictures"), "--labels", str(place.world / "labels.csv")]
    small = ["--model", "test_resnet", "--weights", "none", "--image-size", "64", "--epochs", "1"]
    config = ["--config", str(place.files / "recipe.toml")]
    return [["train", *data, *small, *config, "--out", str(place.out)]]


def _list(place: Place) -> None:
    names = [f"p0{number}.png" for number in range(5)]
    (place.files / "list.txt").write_text("".join(f"{place.world / 'pictures' / name}\n" for name in names))


def _predict_list(place: Place) -> list[list[str]]:
    return [
        [
            "predict",
            str(place.world / "run"),
            str(place.files / "list.txt"),
            "--out",
            str(place.out),
            "--device",
            "cpu",
        ]
    ]


def _listed(before: bytes, after: bytes) -> set[str]:
    new = after.decode("utf-8-sig", errors="replace").splitlines()
    lost = [line.rsplit("/", 1)[-1] for line in before.decode().splitlines() if line not in new]
    return {item for name in lost for item in (name, f"{name} predicted")}


def _by_name(place: Place, outcomes: Sequence[Any]) -> answers.Answer:
    found = answers.predictions(place, outcomes)
    return answers.Answer(
        {name.rsplit("/", 1)[-1]: value for name, value in found.values.items()}, found.told
    )


KINDS += (
    Kind("recipe/toml", _recipe, "recipe.toml", _train, TEXT_FILE, answers.trained, **_toml),
    Kind(
        "lists/paths",
        _list,
        "list.txt",
        _predict_list,
        (*TEXT, neutral(shuffled_rows), *map(of_lines, LINES), *ANY_BYTES),
        _by_name,
        touched=_listed,
    ),
)
