"""Full and read-only disks: a refusal in words, nothing lost, and with room the same result."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stress.attempt import attempt
from stress.case import Verdict
from stress.judge import judge_outcome
from stress.kills import compared, drafts, json_values, undisturbed
from stress.kind import Place
from stress.targets import TARGETS, Target
from stress.verbs import run

SIZES = ("16k", "64k", "256k", "1m", "2m", "4m", "6m", "8m")
ROOM = "256m"


def disk_names() -> list[str]:
    """Return the names of all cases: each command on disks of several sizes, and on one that is read-only."""
    return [f"disk/{target}#{size}" for target in TARGETS for size in ("readonly", *SIZES)]


def why_not() -> str | None:
    """Return why no small disk can be made here; None where one can."""
    if os.geteuid() != 0:
        return "only root may mount a small disk"
    return None if shutil.which("mount") else "there is no `mount` here"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a disk of ``size`` in memory on ``folder``."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "stress", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def remount(folder: Path, options: str) -> None:
    """Change the size of a disk, or whether it may be written."""
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def run_disk(target: Target, size: str, world: Path, cases: Path) -> Verdict:
    """Run the command on the disk, then again with room."""
    folder = cases / f"disk-{target.name}#{size}"
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(world, folder / "disk" / "files", folder / "disk" / "out")
    with small_disk(folder / "disk", ROOM):
        faults, accepted = _on_disk(target, size, place, folder, undisturbed(target, world, cases).result)
    if not faults:
        shutil.rmtree(folder)
    return Verdict(f"disk/{target.name}#{size}", f"a disk: {size}", accepted, tuple(faults[:8]))


def _on_disk(target: Target, size: str, place: Place, folder: Path, whole: object) -> tuple[list[str], bool]:
    place.files.mkdir()
    target.prepare(place)
    used = sum(path.stat().st_blocks * 512 for path in place.files.parent.rglob("*"))
    remount(folder / "disk", "ro" if size == "readonly" else f"size={used // 1024 + _kilobytes(size)}k")
    outcome = attempt(target.command(place), folder, run, before=lambda: target.before(place))
    faults = judge_outcome(outcome, (str(folder / "disk"),))
    remount(folder / "disk", f"rw,size={ROOM}")
    faults += target.left(place)
    if outcome.status == 0:
        return [*faults, *compared(whole, json_values(target.result(place)))], True
    refused = []
    for arguments in target.again(place):
        again = attempt(arguments, folder, run, before=lambda: target.before(place))
        if again.status == 0:
            return [*faults, *compared(whole, json_values(target.result(place))), *drafts(place)], False
        refused.append(f"{again.status}: {again.err.strip()[-300:]}")
    return [*faults, f"with room nothing goes on: {'; '.join(refused)}"], False


def _kilobytes(size: str) -> int:
    return int(size[:-1]) * (1024 if size.endswith("m") else 1)
