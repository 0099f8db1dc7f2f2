"""``python -m stress``: damage everything that is read, kill everything that writes, and print one table."""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from stress.case import Verdict, run_case
from stress.catalogue import KINDS
from stress.disks import disk_names, run_disk, why_not
from stress.kills import kill_names, run_kill
from stress.serving import start_server
from stress.table import render
from stress.targets import TARGETS
from stress.twins import run_twins, twin_names
from stress.verbs import import_everything
from stress.world import build_world


def _one(world: Path, cases: Path, name: str) -> Verdict:
    kind, seed = name.rsplit("#", 1)
    family, _, rest = kind.partition("/")
    try:
        if family == "kill":
            return run_kill(TARGETS[rest], seed, world, cases)
        if family == "disk":
            return run_disk(TARGETS[rest], seed, world, cases)
        if family == "twins":
            return run_twins(rest, seed, world, cases)
        return run_case(KINDS[kind], int(seed), world, cases)
    except Exception:
        return Verdict(name, "?", False, (f"the test itself failed: {traceback.format_exc()[-1500:]}",))


def run_cases(names: Sequence[str], folder: Path, processes: int) -> list[Verdict]:
    """Run the cases of these names, ``kind#seed``, in several processes."""
    world, cases = folder / "world", folder / "cases"
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        verdicts = []
        for verdict in pool.imap_unordered(partial(_one, world, cases), names, chunksize=1):
            verdicts.append(verdict)
            for fault in verdict.faults:
                print(f"{verdict.name} ({verdict.damage[:80]}): {fault}", flush=True)
    return verdicts


def _names(options: argparse.Namespace, folder: Path) -> list[str]:
    """Return the names of the cases that were asked for."""
    chosen = options.cases or ["kill", "disk", "twins", *KINDS]
    alone = [name for name in chosen if "#" in name]
    kinds = [name for name in chosen if "#" not in name]
    prefixes = tuple(f"{part}{mark}" for part in kinds for mark in "#/")
    return alone + [name for name in _all_names(options, folder, kinds) if name.startswith(prefixes)]


def _all_names(options: argparse.Namespace, folder: Path, kinds: Sequence[str]) -> list[str]:
    families = {name.partition("/")[0] for name in kinds}
    names = [f"{kind}#{seed}" for kind in KINDS for seed in range(1 if options.sample else options.n)]
    rare = twin_names()
    if "disk" in families and (reason := why_not()) is None:
        rare += disk_names()
    elif "disk" in families:
        print(f"full and read-only disks are left out: {reason}")
    names += rare[::18] if options.sample else rare
    if "kill" in families:
        every, moments = (120, 1) if options.sample else (options.every, options.moments)
        names += kill_names(folder / "world", folder / "cases", every=every, moments=moments)
    return names


def main() -> int:
    parser = argparse.ArgumentParser(prog="stress", description=__doc__)
    parser.add_argument("cases", nargs="*", help="kind or kind#seed; none: all")
    parser.add_argument("--sample", action="store_true", help="one of everything, a quarter of a minute")
    parser.add_argument("-n", type=int, default=45, help="damages of each kind")
    parser.add_argument("--every", type=int, default=2, help="kill at every n-th file operation")
    parser.add_argument("--moments", type=int, default=10, help="kills of each command at random moments")
    parser.add_argument("-j", type=int, default=2, help="processes")
    parser.add_argument("--folder", type=Path, help="where to work; what failed stays there")
    options = parser.parse_args()
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="weldon-stress-"))).absolute()
    began = time.monotonic()
    import_everything()
    build_world(folder / "world")
    cases = folder / "cases"
    shutil.rmtree(cases, ignore_errors=True)
    cases.mkdir(parents=True)
    server = start_server(folder / "world")
    try:
        verdicts = run_cases(_names(options, folder), folder, options.j)
    finally:
        server.kill()
    print(render(verdicts))
    print(f"{time.monotonic() - began:.0f} s; what failed is in {folder}")
    return int(any(verdict.faults for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
