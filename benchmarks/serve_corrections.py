"""From a spreadsheet with wrong labels to boxes in Label Studio, all through the page of `weldon serve`.

A person is played by the true labels: they answer the first suspects of the queue as the photographs are.

python benchmarks/serve_corrections.py                # about five minutes on one core that has other work
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from photographs import VOC
from provenance import write_results

CLASSES = ("cat", "cow", "dog", "horse", "sheep", "person", "sofa", "chair")
COUNTS = {"train": 600, "val": 300}
ADDRESS = re.compile(r"http://\S+")
COMMAND = [sys.executable, "-c", "from weldon.cli import main; main()"]
Truth = dict[str, tuple[str, dict[str, bool]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", type=float, default=0.05, help="share of present labels that are removed")
    parser.add_argument("--answered", type=int, default=60, help="suspects that the person answers")
    parser.add_argument("--cache", type=Path, help="folder for feature maps")
    options = parser.parse_args()
    if not VOC.exists():
        sys.exit(f"{VOC.name} is not here: set WELDON_DATA to the folder that holds it")
    with tempfile.TemporaryDirectory(prefix="weldon-corrections-") as folder:
        home = Path(folder)
        begun = time.monotonic()
        truth = true_labels()
        planted = plant_errors(truth, options.errors)
        write_table(home / "labels.csv", truth, planted)
        said = ["train", VOC / "JPEGImages", "--labels", home / "labels.csv", "--out", home / "run"]
        said += [
            "--freeze",
            "--image-size",
            "224",
            "--workers",
            "0",
            "--cache",
            options.cache or home / "cache",
        ]
        subprocess.run([*COMMAND, *map(str, said)], check=True, capture_output=True)
        trained = time.monotonic() - begun
        results = use_page(home / "run", truth, planted, options.answered)
        results |= {"seconds_until_trained": trained, "seconds_in_all": time.monotonic() - begun}
    print(results)
    write_results("serve_corrections", results)


def true_labels() -> Truth:
    """Return split and labels of some photographs, by file name."""
    truth: Truth = {}
    for split, count in COUNTS.items():
        found: dict[str, dict[str, bool]] = {}
        for name in CLASSES:
            for line in (VOC / "ImageSets/Main" / f"{name}_{split}.txt").read_text().splitlines():
                stem, value = line.split()
                found.setdefault(stem, {})[name] = value == "1"
        stems = sorted(found)
        random.Random(0).shuffle(stems)
        truth |= {f"{stem}.jpg": (split, found[stem]) for stem in stems[:count]}
    return truth


def plant_errors(truth: Truth, share: float) -> set[tuple[str, str]]:
    """Return labels to turn round: a share of the present ones, and as many absent ones."""
    generator = random.Random(3)
    cells = [(file, name, truth[file][1][name]) for file in truth for name in CLASSES]
    present = [(file, name) for file, name, there in cells if there]
    absent = [(file, name) for file, name, there in cells if not there]
    count = round(share * len(present))
    return {*generator.sample(present, count), *generator.sample(absent, count)}


def write_table(path: Path, truth: Truth, planted: set[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", *CLASSES, "split"])
        for name, (split, labels) in sorted(truth.items()):
            writer.writerow([name, *(int(labels[c] ^ ((name, c) in planted)) for c in CLASSES), split])


def use_page(run: Path, truth: Truth, planted: set[tuple[str, str]], answered: int) -> dict[str, Any]:
    """Answer the first suspects, train again, compare, let the new run answer, and take boxes away."""
    with subprocess.Popen(
        [*COMMAND, "serve", str(run), "--port", "0"], stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            page = Client(next(filter(None, map(ADDRESS.search, server.stderr)))[0])
            threading.Thread(target=server.stderr.read, daemon=True).start()
            queue = page.wait(f"api/queue?kind=suspects&limit={answered}")
            found = 0
            for item in queue["items"]:
                file, name = item["file_name"], item["class"]
                found += (file, name) in planted
                said = "present" if truth[file][1][name] else "absent"
                page.post(
                    "api/corrections",
                    {"number": item["number"], "class": name, "from": item["labels"][name], "to": said},
                )
            page.post("api/training", {})
            page.wait("api/training")
            compared = page.wait("api/comparison")["runs"]
            page.post("api/use", {"run": compared["new"]["run"]})
            page.post("api/take", {"folder": "", "formats": ["labelstudio"]})
            page.wait("api/take")
            tasks = page.label_studio_tasks()
        finally:
            server.terminate()
            server.wait(60)
    marks = [mark for task in tasks for mark in task["predictions"][0]["result"]]
    return {
        "labels": len(truth) * len(CLASSES),
        "planted": len(planted),
        "suspects": queue["total"],
        "answered": len(queue["items"]),
        "planted_among_them": found,
        "validation_images": compared["images"],
        "map_before": compared["old"]["map"],
        "map_after": compared["new"]["map"],
        "answers_changed": compared["changed"],
        "now_right": compared["now_right"],
        "label_studio_tasks": len(tasks),
        "boxes": sum(mark["type"] == "rectanglelabels" for mark in marks),
    }


class Client:
    """A program that uses the page as a person does."""

    def __init__(self, address: str) -> None:
        self.address = address

    def wait(self, path: str) -> dict[str, Any]:
        """Ask until the answer is there."""
        while True:
            with urllib.request.urlopen(self.address + path, timeout=600) as answer:
                found = json.load(answer)
            if found["state"] == "done":
                return found
            if found["state"] in ("failed", "stopped"):
                sys.exit(f"{path}: {found}")
            time.sleep(1)

    def post(self, path: str, values: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.address + path, json.dumps(values).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            answer.read()

    def label_studio_tasks(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.address}api/take/file", timeout=600) as answer:
            archive = zipfile.ZipFile(io.BytesIO(answer.read()))
        (name,) = [name for name in archive.namelist() if name.endswith("tasks.json")]
        return json.loads(archive.read(name))


if __name__ == "__main__":
    main()
