"""How many photographs a second ``weldon predict --to parquet`` and the example on Ray Data look at, on CPUs.

python benchmarks/predict_many.py /data/VOCdevkit/VOC2007/JPEGImages 400

One thread a process. Times are of whole commands, less those of the same command on a few photographs: what
is done once costs nothing in a million. The network is the installed backbone; nobody trained its transfer
layer, which takes as long.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import torch

from provenance import write_results
from weldon.files import write_json
from weldon.models import create_model, save_model
from weldon.models.embedded import DEFAULT_MODEL

CLASSES = [f"class {number}" for number in range(20)]
WELDON = [sys.executable, "-c", "from weldon.cli import main; main()", "predict"]
RAY = [sys.executable, str(Path(__file__).parents[1] / "examples" / "ray_predict.py")]
FEW = 8
SIZE = 448


def a_run(folder):
    """Write a run of the installed backbone."""
    torch.manual_seed(0)
    save_model(create_model(DEFAULT_MODEL, len(CLASSES)), folder / "weights" / "best.safetensors")
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    (folder / "config.toml").write_text(f'image_size = {SIZE}\nresize = "keep"\ntask = "multilabel"\n')
    thresholds = {"scale": "score", "map_scale": 1, "classes": dict.fromkeys(CLASSES, 0.0)}
    write_json(folder / "thresholds.json", thresholds)
    return folder


def seconds(commands):
    """Run commands side by side; return how long the last of them takes, and the processor time of all.

    What Ray's own processes take is not in the latter.
    """
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    started = time.monotonic()
    running = [
        subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    ended = [os.wait4(process.pid, 0) for process in running]
    if any(status for _, status, _ in ended):
        sys.exit(f"a command failed: {commands}")
    return time.monotonic() - started, sum(used.ru_utime + used.ru_stime for *_, used in ended)


def ways(run, photos, out):
    """Return the commands of each way to look at a folder of photographs."""
    parts = [
        *WELDON,
        str(run),
        str(photos),
        "--to",
        "parquet",
        "--part-images",
        "20",
        "--device",
        "cpu",
        "--out",
    ]
    said = {
        "one process": [[*parts, f"{out}/one"]],
        "two shares": [[*parts, f"{out}/two", "--shard", f"{n}/2"] for n in (1, 2)],
        "one process, with boxes and points": [[*parts, f"{out}/places", "--boxes", "--points"]],
    }
    if find_spec("ray"):
        said["Ray Data, two actors"] = [[*RAY, str(run), str(photos), f"{out}/ray", "2"]]
    return said


def main(photos, count, name="predict_many"):
    """Time every way on a few photographs and on ``count``."""
    before = os.getloadavg()[0]
    names = sorted(Path(photos).glob("*.jpg"))[:count]
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        run = a_run(home / "run")
        taken = {}
        for kind, some in (("few", names[:FEW]), ("all", names)):
            (home / kind).mkdir()
            for path in some:
                (home / kind / path.name).symlink_to(path)
            for way, commands in ways(run, home / kind, home / f"out-{kind}").items():
                taken[way, kind] = seconds(commands)
                wall, processor = taken[way, kind]
                print(
                    f"{way}, {len(some)} photographs: {wall:.1f} s, {processor:.1f} of processor", flush=True
                )
    found = {}
    for way in {way: None for way, _ in taken}:
        (wall, processor), (start, start_processor) = taken[way, "all"], taken[way, "few"]
        rate = (len(names) - FEW) / (wall - start)
        found[way] = {
            "images_per_second": rate,
            "start_seconds": start,
            "hours_a_million": 1e6 / rate / 3600,
            "processor_seconds_an_image": (processor - start_processor) / (len(names) - FEW),
            "load_before": before,
        }
    print(json.dumps(found, indent=1))
    write_results(name, {"photographs": len(names), "image_size": SIZE, "ways": found})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
