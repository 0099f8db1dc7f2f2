"""The kinds of values that options take, and the words in which those that cannot be used are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, create_model

from weldon.class_options import Finite, Option, kind_of, number_of, options_of
from weldon.device import check_device_name
from weldon.errors import DataError, UsageError
from weldon.files import parse_json
from weldon.pooling import parse_count

MOST_IMAGES = 65_536  # a batch
MOST_WORKERS = 256  # processes that read
MOST_SHOWN = 200  # letters of a value in an error


def _count(value: Any) -> Any:
    return parse_count(value) if isinstance(value, str) else value


def _count_or_auto(value: Any) -> Any:
    return value if value == "auto" else _count(value)


def _json(value: Any) -> Any:
    try:
        return parse_json(value, "it") if isinstance(value, str) else value
    except DataError as error:
        raise ValueError(f"must be JSON: {error}") from None


def _numbers(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("must name each once")
    return names


def _whole_or_auto(least: int, most: int) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        whole = isinstance(number, int) and not isinstance(number, bool)
        if number == "auto" or (whole and least <= number <= most):
            return number
        raise ValueError(f"must be auto or a whole number from {least} to {most}")

    return read


def _rising(value: tuple[float, float] | None) -> tuple[float, float] | None:
    if value is not None and not value[0] < value[1]:
        raise ValueError("must be two numbers, LOW below HIGH")
    return value


def _share(value: str) -> str:
    if not Path(value).exists() and not 0 < number_of(value, otherwise=0.5) < 1:
        raise ValueError("must be a share between 0 and 1, a folder or a table")
    return value


Device = Annotated[str, AfterValidator(check_device_name)]
Workers = Annotated[int | Literal["auto"], BeforeValidator(_whole_or_auto(0, MOST_WORKERS))]
ImagesAPass = Annotated[int | Literal["auto"], BeforeValidator(_whole_or_auto(1, MOST_IMAGES))]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Colours = Annotated[tuple[Finite, Finite, Finite] | None, BeforeValidator(_numbers)]
Deviations = Annotated[tuple[Positive, Positive, Positive] | None, BeforeValidator(_numbers)]
GreyWindow = Annotated[tuple[Finite, Finite] | None, BeforeValidator(_numbers), AfterValidator(_rising)]
Share = Annotated[str, AfterValidator(_share)]
Object = Annotated[dict[str, Any] | None, BeforeValidator(_json)]
Count = Annotated[int | float | Literal["all"] | None, BeforeValidator(_count)]
CountOrAuto = Annotated[int | float | Literal["all", "auto"] | None, BeforeValidator(_count_or_auto)]


Loggers = Annotated[
    tuple[Literal["tensorboard", "csv", "mlflow", "wandb"], ...],
    Field(min_length=1),
    AfterValidator(_once),
    BeforeValidator(_names),
]


Fields = TypeVar("Fields", bound=BaseModel)
Place = str | Callable[..., Any]


def with_options(places: Mapping[str, Place], *, defaults: bool) -> Callable[[type[Fields]], type[Fields]]:
    """Return a class decorator that adds a field for each option of some poolings or losses.

    An option that several of them have is one field; one that the class has as a field stays as it is.

    Args:
        places: where each stands, by name.
        defaults: True gives a field the default of the option, else None stands for "not given".

    Raises:
        TypeError: two of them mean different things by one name.
    """

    def decorate(fields: type[Fields]) -> type[Fields]:
        found: dict[str, list[tuple[str, Option]]] = defaultdict(list)
        for owner, place in places.items():
            for option in options_of(place):
                found[option.name].append((owner, option))
        added: dict[str, Any] = {
            name: _field(owners, defaults=defaults)
            for name, owners in found.items()
            if name not in fields.model_fields
        }
        return create_model(fields.__name__, __base__=fields, __module__=fields.__module__, **added)

    return decorate


def _field(owners: Sequence[tuple[str, Option]], *, defaults: bool) -> Any:
    (_, first), *others = owners
    for owner, option in others:
        if option.annotation != first.annotation:
            raise TypeError(
                f"{owner} has another option {option.name} than {owners[0][0]}: call it otherwise"
            )
    kind, named = kind_of(first, {"Count": Count}), ", ".join(owner for owner, _ in owners)
    shown = "" if defaults else f" [{', '.join(dict.fromkeys(f'{option.default}' for _, option in owners))}]"
    description = f"{first.help} ({named}){shown}"
    if defaults:
        return kind, Field(first.default, description=description)
    return kind | None, Field(None, description=description)


Options = TypeVar("Options", bound=BaseModel)


def checked(model: type[Options], given: Mapping[str, Any], *, more: Iterable[str] = ()) -> Options:
    """Return options as an object.

    Args:
        model: which options there are.
        given: by name; None counts as not given.
        more: names of options that somebody else reads, for the error that lists all.

    Raises:
        UsageError: an unknown option or a value that cannot be used, each named with its value.
    """
    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UsageError("\n".join(refusals(error, [*model.model_fields, *more]))) from None


def refusals(error: ValidationError, names: Iterable[str]) -> list[str]:
    """Return why options were refused, a sentence each, with what was given.

    Args:
        error: of the model that refused them.
        names: the options that there are.
    """
    return [_refusal(item, names) for item in error.errors()]


def _refusal(item: Any, names: Iterable[str]) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:  # what does not go together
        return message
    name = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return f"unknown option {name!r}; the options are {', '.join(names)}"
    if item["type"] == "missing":
        return f"{name} must be given"
    return f"{name}: {message}, got {_short(item['input'])}"


def _short(value: Any) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a number of thousands of digits
        return "a number of thousands of digits"
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}…"
