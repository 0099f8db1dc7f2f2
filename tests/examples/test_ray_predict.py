"""The example on Ray Data: two actors, one of which is killed, and a job that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from weldon.inference import load

pytest.importorskip("ray.data", reason="the extra ray is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]  # Ray takes a minute or two to start on a busy machine

EXAMPLE = Path(__file__).parents[2] / "examples" / "ray_predict.py"
DISTURBED = """
import os, runpy, signal, sys, time
from pathlib import Path
example = runpy.run_path(sys.argv[1])
notes, how = Path(sys.argv[2]), sys.argv[3]
class Disturbed(example["Look"]):
    def __call__(self, row):
        name = Path(row["path"]).name
        with (notes / "seen").open("a") as file:
            file.write(name + "\\n")
        if name == "p6.png" and how == "kill" and not (notes / "killed").exists():
            (notes / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "p4.png" and how == "fail":  # the last one
            for _ in range(600):  # until something is done
                if list(Path(sys.argv[6] + ".done").glob("*.parquet")):
                    break
                time.sleep(0.1)
            raise SystemError("a fault that the example does not foresee")
        return super().__call__(row)
example["main"].__globals__["Look"] = Disturbed
example["main"](*sys.argv[4:])
"""


def job(folder, how, *arguments):
    """Run the example as a job of its own; return its exit status and the pictures that actors looked at."""
    notes = folder / how
    notes.mkdir(exist_ok=True)
    (folder / "job.py").write_text(DISTURBED)
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "job.py", str(EXAMPLE), str(notes), how, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=300, check=False
    )
    seen = (notes / "seen").read_text().split() if (notes / "seen").exists() else []
    return done, seen


def rows_of(out):
    return [row for path in sorted(out.glob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]


def test_a_killed_actor_costs_no_picture(make_run, photos, tmp_path):
    (photos / "bad.png").write_bytes(b"no picture")
    run, out = make_run(), tmp_path / "out"
    done, _ = job(tmp_path, "kill", run, photos, out, 2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "kill" / "killed").exists()
    rows = {Path(row["path"]).name: row for row in rows_of(out)}
    assert len(rows_of(out)) == len(rows) == 8
    assert rows["bad.png"]["skipped"]
    expected = load(run).predict_one(photos / "p3.png")
    assert rows["p3.png"]["labels"] == expected.labels
    assert rows["p3.png"]["probabilities"] == pytest.approx(list(expected.probabilities.values()), abs=1e-5)


def test_a_job_that_fails_keeps_what_was_done_and_its_list(make_run, photos, tmp_path):
    failed, _ = job(tmp_path, "fail", make_run(), photos, tmp_path / "out", 1)
    assert failed.returncode != 0
    kept = {row["path"] for row in rows_of(tmp_path / "out")}
    assert kept
    assert {row["path"] for row in rows_of(tmp_path / "out.done")} == kept
