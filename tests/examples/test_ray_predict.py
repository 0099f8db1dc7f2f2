"""The example on Ray Data: two actors between S3 and S3, one of them killed; a job that fails and goes on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from weldon.inference import load

pytest.importorskip("ray.data", reason="the extra ray is not installed: `make extras`")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
]  # Ray takes a minute or two to start on a busy machine

EXAMPLE = Path(__file__).parents[2] / "examples" / "ray_predict.py"
DISTURBED = """
import os, runpy, signal, sys, time
from pathlib import Path
example = runpy.run_path(sys.argv[1])
notes, how, listed = Path(sys.argv[2]), sys.argv[3], Path(sys.argv[6] + ".done")  # an actor has other words
class Disturbed(example["Look"]):
    def __call__(self, row):
        name = Path(row["path"]).name
        with (notes / "seen").open("a") as file:
            file.write(name + "\\n")
        if name == "p6.png" and how == "kill" and not (notes / "killed").exists():
            (notes / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "fail" and len((notes / "seen").read_text().split()) == 7:  # the last one
            for _ in range(3000):  # until something is done
                if list(listed.glob("*.parquet")):
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
    quiet["RAY_worker_niceness"] = "0"  # else its processes give way to whatever else a busy machine does
    quiet.pop("RAY_ADDRESS", None)
    command = [sys.executable, "job.py", str(EXAMPLE), str(notes), how, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=600, check=False
    )
    seen = (notes / "seen").read_text().split() if (notes / "seen").exists() else []
    return done, seen


def rows_of(files):
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


@pytest.fixture
def bucket(monkeypatch):
    """Return an empty bucket of a server that speaks S3, and let Ray find it as anybody's."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed: `make extras`")
    boto3 = pytest.importorskip("boto3")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        told = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
        for name, value in (told | {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}).items():
            monkeypatch.setenv(name, value)
        yield boto3.resource("s3").create_bucket(Bucket="bucket")
    finally:
        server.stop()


def rows_in(bucket, folder):
    files = [one for one in bucket.objects.filter(Prefix=folder) if one.key.endswith(".parquet")]
    return rows_of(io.BytesIO(one.get()["Body"].read()) for one in files)


def test_from_s3_to_s3_a_killed_actor_costs_no_picture(make_run, photos, bucket, tmp_path):
    (photos / "bad.png").write_bytes(b"no picture")
    for path in photos.rglob("*.png"):
        bucket.upload_file(str(path), f"photos/{path.relative_to(photos)}")
    run = make_run()
    done, _ = job(tmp_path, "kill", run, "s3://bucket/photos", "s3://bucket/out", 2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "kill" / "killed").exists()
    found, listed = rows_in(bucket, "out/"), rows_in(bucket, "out.done/")
    rows = {Path(row["path"]).name: row for row in found}
    assert len(found) == len(rows) == 8
    assert sorted(row["path"] for row in listed) == sorted(row["path"] for row in found)
    assert rows["bad.png"]["skipped"]
    expected = load(run).predict_one(photos / "p3.png")
    assert rows["p3.png"]["labels"] == expected.labels
    assert rows["p3.png"]["probabilities"] == pytest.approx(list(expected.probabilities.values()), abs=1e-5)


def test_a_job_that_failed_goes_on_with_the_pictures_that_are_left(make_run, photos, tmp_path):
    run, out, listed = make_run(), tmp_path / "out", tmp_path / "out.done"
    failed, _ = job(tmp_path, "fail", run, photos, out, 1)
    assert failed.returncode != 0
    kept = [row["path"] for row in rows_of(out.glob("*.parquet"))]
    assert kept
    assert sorted(row["path"] for row in rows_of(listed.glob("*.parquet"))) == sorted(kept)
    done, seen = job(tmp_path, "resume", run, photos, out, 1)
    assert done.returncode == 0, done.stderr[-3000:]
    everything = {path.name for path in photos.rglob("*.png")}
    assert sorted(seen) == sorted(everything - {Path(path).name for path in kept})
    names = [Path(row["path"]).name for row in rows_of(out.glob("*.parquet"))]
    assert sorted(names) == sorted(everything)
