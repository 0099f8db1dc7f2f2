"""Name every file of a training run, and read its class names, recipe and manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weldon.errors import DataError, UsageError
from weldon.files import near_name, read_text, read_toml, write_text
from weldon.runs.manifest_file import read_manifest

if TYPE_CHECKING:
    from weldon.runs.recipe import Recipe


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run, by name; nothing is read or written until asked for.

    Args:
        path: the run's folder, for example ``runs/train``.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The recipe that ran, as TOML."""
        return self.path / "config.toml"

    @property
    def classes(self) -> Path:
        """The class names, one a line, in the order of the network's outputs."""
        return self.path / "classes.txt"

    @property
    def splits(self) -> Path:
        """Which image went to which split."""
        return self.path / "splits.csv"

    @property
    def corrections_used(self) -> Path:
        """A copy of the corrections that the run learnt from; missing where there were none."""
        return self.path / "corrections_used.csv"

    @property
    def thresholds(self) -> Path:
        """The score above which each class is predicted, fitted on validation images."""
        return self.path / "thresholds.json"

    @property
    def calibration(self) -> Path:
        """How scores become probabilities, fitted on validation images; missing with ``--no-calibrate``."""
        return self.path / "calibration.json"

    @property
    def segmentation(self) -> Path:
        """How maps become masks, chosen by ``weldon val --tune-on``; missing until then."""
        return self.path / "segmentation.json"

    @property
    def localisation(self) -> Path:
        """Where boxes are cut, chosen by ``weldon val --tune-on``; missing until then."""
        return self.path / "localisation.json"

    @property
    def search(self) -> Path:
        """The rates and decays that were tried for a frozen run; missing where they were given."""
        return self.path / "search.json"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def manifest(self) -> Path:
        """Versions, seed, data fingerprint, figures and times."""
        return self.path / "manifest.json"

    @property
    def log(self) -> Path:
        """What training said."""
        return self.path / "train.log"

    @property
    def best(self) -> Path:
        """The weights with the best validation figure."""
        return self.path / "weights" / "best.safetensors"

    @property
    def refit(self) -> Path:
        """The weights that learnt from validation images too (``--refit``); missing where nobody asked."""
        return self.path / "weights" / "refit.safetensors"

    def for_new_images(self) -> Path:
        """The weights that look at new images: :attr:`refit` where it is there, else :attr:`best`."""
        return self.refit if self.refit.is_file() else self.best

    @property
    def last(self) -> Path:
        """The state after the last whole epoch, for ``--resume``."""
        return self.path / "weights" / "last.ckpt"

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    @property
    def per_class(self) -> Path:
        """The figures of each class on the validation images, one row a class."""
        return self.report / "per_class.csv"

    @property
    def parts(self) -> tuple[Path, ...]:
        """Every file and folder that has a name here, whether it is there or not."""
        kind = type(self)
        names = [name for name, value in vars(kind).items() if isinstance(value, property)]
        return tuple(getattr(self, name) for name in names if name != "parts")

    def corrections_table(self) -> Path:
        """Return the table that people's corrections go to; it need not be there.

        A run that learnt from corrections goes on with the same table, which still grows; for any other it
        is ``RUN.corrections.csv``, beside the run.
        """
        path = self.path.resolve()
        return self.recipe.corrections or path.with_name(f"{path.name}.corrections.csv")

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The class names, read from :attr:`classes`.

        Raises:
            DataError: it cannot be read, is cut off, or a name is empty or there twice.
        """
        *names, rest = read_text(self.classes).split("\n")
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if rest or not names or twice or not all(name.strip() for name in names):
            empty = "has an empty line" if names else "names none"
            what = "ends within a line" if rest else f"names {twice[0]!r} twice" if twice else empty
            raise DataError(
                f"{self.classes} must hold a class name a line and {what}: put back the file that "
                "`weldon train` wrote"
            )
        return tuple(names)

    def write_class_names(self, names: Iterable[str]) -> None:
        """Write :attr:`classes` so that :attr:`class_names` reads them back."""
        write_text(self.classes, "".join(f"{name}\n" for name in names))

    @cached_property
    def config_values(self) -> dict[str, Any]:
        """The recipe as it stands in :attr:`config`, read once; :attr:`recipe` has it checked.

        Raises:
            DataError: it is no TOML.
        """
        return read_toml(self.config)

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that ran.

        Raises:
            DataError: it cannot be read, or has options that cannot be used.
        """
        from weldon.runs.recipe_file import stored_recipe  # it names the poolings, which load torch

        return stored_recipe(self.config, self.config_values)

    @cached_property
    def manifest_values(self) -> dict[str, Any]:
        """The manifest, read.

        Raises:
            DataError: it cannot be read, or is not as ``weldon train`` writes it.
        """
        return read_manifest(self.manifest)


def open_run(path: str | Path) -> RunDirectory:
    """Return the run in ``path``, or say which file keeps it from being one.

    Raises:
        UsageError: ``path`` is not a folder with trained weights and class names.
    """
    run = RunDirectory(Path(path))
    if not run.path.exists():
        raise UsageError(
            f"run must be a folder that `weldon train` wrote, no folder {str(path)!r}{near_name(run.path)}"
        )
    for needed in (run.best, run.classes, run.config):
        if not needed.is_file():
            raise UsageError(
                f"run must be a folder that `weldon train` wrote, got {str(path)!r}: "
                f"{needed.relative_to(run.path)} is missing"
            )
    return run
