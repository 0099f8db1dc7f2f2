"""``weldon data``: list and fetch the public data sets of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weldon.cli.console import err, print_json, print_table, say
from weldon.counted import counted
from weldon.progress import progress_bar

data_app = typer.Typer(
    help="Public data sets under the paper's protocols: list them, fetch them.", no_args_is_help=True
)

Root = Annotated[Path, typer.Option("--data-root", help="where public data sets lie", envvar="WELDON_DATA")]


@data_app.command("list")
def list_datasets(
    data_root: Root = Path("data"),
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """List the public data sets: images, classes, measure, size, and whether they are here."""
    from weldon.data.public.catalogue import CATALOGUE
    from weldon.data.public.fetch import is_done

    rows: list[dict[str, Any]] = []
    for entry in CATALOGUE.values():
        done = [is_done(data_root / entry.home, archive) for archive in entry.archives]
        state = "here" if all(done) else "in part" if any(done) else ""
        rows.append(
            {"name": entry.name, "train": entry.train, "test": entry.test, "classes": entry.num_classes}
            | {"bytes": entry.size, "state": state, "title": entry.title, "page": entry.page}
            | {"licence": entry.licence, "measure": entry.measure, "source": entry.source}
        )
    if json:
        print_json({"data_root": str(data_root), "datasets": rows})
        return
    columns = ["name", "train", "test", "classes", "GB", "state"]
    print_table(f"public data sets, in {data_root}", columns, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    counts = (f"{row[name]:,}" for name in ("train", "test", "classes"))
    return [row["name"], *counts, f"{row['bytes'] / 1e9:.1f}", row["state"]]


@data_app.command("get")
def get(
    names: Annotated[list[str], typer.Argument(help="voc2007, coco2014, … (weldon data list)")],
    data_root: Root = Path("data"),
    keep: Annotated[bool, typer.Option("--keep", help="keep archives after unpacking them")] = False,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Fetch and unpack public data sets; interrupted, run it again to go on where it stopped."""
    from weldon.data.public.catalogue import find_entry
    from weldon.data.public.fetch import fetch_dataset

    homes = {}
    for entry in [find_entry(name) for name in names]:
        say(f"{entry.title}: {entry.licence} {entry.page}")
        with TransferBars() as bars:
            homes[entry.name] = str(fetch_dataset(entry.name, data_root, keep=keep, progress=bars.show))
        say(
            f"{homes[entry.name]}: done; `weldon check {entry.name} --data-root {data_root}` looks through it"
        )
    if json:
        print_json({"folders": homes})


@data_app.command("shards")
def shards(
    name: Annotated[
        str, typer.Argument(help="folder of images, or voc2007, ilsvrc2012, … (weldon data list)")
    ],
    out: Annotated[Path, typer.Option(help="folder for the shards")],
    labels: Annotated[Path | None, typer.Option(help="table of labels of a folder of images")] = None,
    data_root: Root = Path("data"),
    megabytes: Annotated[int, typer.Option(help="size of a shard", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="of the order in which images are written")] = 0,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write a labelled set as WebDataset shards, which `weldon train OUT` reads: few large files."""
    from weldon.data import read_labels
    from weldon.data.public.catalogue import place_of, read_dataset
    from weldon.data.shards import write_shards
    from weldon.errors import UsageError

    if Path(name).exists():
        label_set = read_labels(name, labels)
    elif labels is not None:
        raise UsageError(f"with --labels a folder of images must be given, got {name!r}, which is none")
    else:
        label_set = read_dataset(name, place_of(name, data_root))
    with progress_bar(shown=not json) as progress:
        bar = progress.add_task("images", total=len(label_set.records))
        index = write_shards(
            label_set,
            out,
            shard_bytes=megabytes * 1_000_000,
            seed=seed,
            progress=lambda done: progress.update(bar, completed=done),
        )
    counts = {split: {"images": n, "shards": len(names)} for split, (n, names) in index.splits.items()}
    for split, count in counts.items():
        images, shards = counted(count["images"], "image"), counted(count["shards"], "shard")
        say(f"{split}: {images} in {shards} in {out}")
    say(f"`weldon train {out}` trains from them; `weldon check {out}` looks through them")
    if json:
        print_json({"folder": str(out), "splits": counts})


class TransferBars:
    """A bar for each thing that goes on; on a pipe a line when one begins."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=err, disable=not err.is_terminal)
        self.tasks: dict[str, object] = {}

    def __enter__(self) -> TransferBars:
        self.progress.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self.progress.stop()

    def show(self, what: str, done: int, total: int | None) -> None:
        """Move the bar of ``what`` to ``done`` of ``total`` bytes."""
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=total)
            if not err.is_terminal:
                say(what if total is None else f"{what}: {total / 1e6:,.1f} MB")
        self.progress.update(self.tasks[what], completed=done, total=total)  # type: ignore[arg-type]
