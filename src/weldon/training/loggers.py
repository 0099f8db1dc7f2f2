"""The loggers of a run: where the figures of its steps and epochs go beside its folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from weldon.errors import MissingPackageError, UsageError
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory

PROJECT = "weldon"  # how experiments are called where nobody gives another name
PACKAGES = {"mlflow": "mlflow", "wandb": "wandb"}  # of the extras of the same names


def refuse_absent_loggers(recipe: Recipe) -> None:
    """Refuse a logger whose package is not installed.

    Raises:
        UsageError: it names the extra.
    """
    for name in recipe.logger:
        if name in PACKAGES and find_spec(PACKAGES[name]) is None:
            raise MissingPackageError(f"for the logger {name!r}", PACKAGES[name], name)


def build_loggers(recipe: Recipe, run: RunDirectory, home: Path) -> list[Logger]:
    """Return the loggers that a recipe names; those that keep figures elsewhere are told where the run is.

    Args:
        recipe: its field ``logger``.
        run: where the run is written.
        home: where it stands in the end.

    Raises:
        UsageError: a store that cannot be reached.
    """
    loggers = [_opened(name, partial(_LOGGERS[name], run, home)) for name in recipe.logger]
    said = {"run_directory": str(home.absolute()), **recipe.model_dump(mode="json", exclude_none=True)}
    for name, logger in zip(recipe.logger, loggers, strict=True):
        if name in PACKAGES:
            _opened(name, partial(logger.log_hyperparams, said))
    return loggers


def finish(loggers: Iterable[Logger]) -> None:
    """Close what goes on in the background: a second run in this process begins its own record."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.experiment.finish()


def _opened(name: str, open_it: Callable[[], Any]) -> Any:
    try:
        return open_it()
    except OSError:  # a full disk, no permission: it is said with its file
        raise
    except Exception as error:  # each store has errors of its own
        reason = f"{error or type(error).__name__}".splitlines()[0][:300]
        raise UsageError(f"logger {name!r} cannot begin: {reason}") from error


def _tensorboard(run: RunDirectory, home: Path) -> Logger:
    return TensorBoardLogger(str(run.path), name="", version="tensorboard")


def _csv(run: RunDirectory, home: Path) -> Logger:
    """Return a logger into ``csv/steps.1``, ``csv/steps.2``, …: a resumed run would empty the first."""
    taken = len(list((run.path / "csv").glob("steps.*")))
    return CSVLogger(str(run.path), name="csv", version=f"steps.{taken + 1}", flush_logs_every_n_steps=10)


def _mlflow(run: RunDirectory, home: Path) -> Logger:
    """Return a logger to ``MLFLOW_TRACKING_URI``, else into the file ``mlflow.db`` beside the run."""
    store = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.absolute().parent / 'mlflow.db'}"
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
    return MLFlowLogger(
        experiment, run_name=home.name, tracking_uri=store, tags={"run": str(home.absolute())}
    )


def _wandb(run: RunDirectory, home: Path) -> Logger:
    """Return a logger to the server that wandb knows; with ``WANDB_MODE=offline`` all stays in the run."""
    run.path.mkdir(parents=True, exist_ok=True)
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    return WandbLogger(name=home.name, project=project, save_dir=str(run.path), notes=str(home.absolute()))


_LOGGERS: dict[str, Callable[[RunDirectory, Path], Logger]] = {
    "tensorboard": _tensorboard,
    "csv": _csv,
    "mlflow": _mlflow,
    "wandb": _wandb,
}
