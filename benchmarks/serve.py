"""The page of `weldon serve` under use: a key to the next of 10,000 pictures, and twenty clients at once.

python benchmarks/serve.py                # about five minutes on two cores, nothing else running
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from provenance import write_results
from weldon.data.scenes import CLASSES, make_scenes

PICTURES, DIFFERENT, LEARNT = 10_000, 250, 120
SIZE = (500, 375)
ADDRESS = re.compile(r"http://\S+")
COMMAND = [sys.executable, "-c", "from weldon.cli import main; main()"]
# From the key until the next picture is decoded and the frame with it has been handed on.
KEY = """
const done = arguments[arguments.length - 1];
const place = document.getElementById("large");
const begun = performance.now();
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
(async () => {
  while (place.dataset.number === arguments[0]) await frame();
  const photo = new Image();
  photo.src = place.querySelector("image").getAttribute("href");
  await photo.decode();
  await frame();
  done([performance.now() - begun, place.dataset.number]);
})();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.4, help="seconds between two keys")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--asked", type=int, default=2000, help="pictures that all clients ask for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weldon-serve-") as folder:
        home = Path(folder)
        contents = write_pictures(home)
        train(home)
        with served(home) as (address, server):
            keys = measure_keys(address, options.keys, options.pause)
            clients = measure_clients(address, server, contents, options.clients, options.asked)
    results = {"load_average": os.getloadavg(), "keys": keys, "clients": clients}
    print(results)
    write_results("serve", results)


def write_pictures(home: Path) -> list[bytes]:
    """Write a few hundred scenes as large JPEGs, ten thousand names for them, and a table of the first."""
    scenes = make_scenes(DIFFERENT, split="train", seed=0)
    contents = []
    (home / "learnt").mkdir()
    (home / "photos").mkdir()
    generator = np.random.default_rng(0)
    for number, scene in enumerate(scenes):
        grey = np.asarray(Image.fromarray(scene.pixels).resize(SIZE), dtype=np.int16)
        noisy = np.clip(grey[..., None] + generator.integers(-12, 12, (*grey.shape, 3)), 0, 255)
        stream = io.BytesIO()
        Image.fromarray(noisy.astype(np.uint8)).save(stream, "JPEG", quality=85)
        contents.append(stream.getvalue())
        (home / "learnt" / f"{number:05d}.jpg").write_bytes(contents[-1])
    for number in range(PICTURES):
        os.link(home / "learnt" / f"{number % DIFFERENT:05d}.jpg", home / "photos" / f"p{number:05d}.jpg")
    with (home / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", *CLASSES, "split"])
        for number, scene in enumerate(scenes[:LEARNT]):
            split = "val" if number % 4 == 0 else "train"
            writer.writerow([f"{number:05d}.jpg", *(int(name in scene.labels) for name in CLASSES), split])
    return contents


def train(home: Path) -> None:
    """Train the default network, frozen, on the first pictures."""
    said = ["train", home / "learnt", "--labels", home / "labels.csv", "--out", home / "run"]
    said += ["--freeze", "--image-size", "224", "--workers", "0", "--cache", home / "cache", "--lr", "0.1"]
    subprocess.run([*COMMAND, *map(str, said)], check=True, capture_output=True)


@contextmanager
def served(home: Path) -> Any:
    """Serve the run, with the ten thousand pictures beside its own, in a process of its own."""
    said = ["serve", str(home / "run"), "--photos", str(home / "photos"), "--port", "0"]
    with subprocess.Popen([*COMMAND, *said], stderr=subprocess.PIPE, text=True) as server:
        try:
            address = next(filter(None, map(ADDRESS.search, server.stderr)))[0]
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield address, server
        finally:
            server.terminate()
            server.wait(60)


def measure_keys(address: str, count: int, pause: float) -> dict[str, Any]:
    """Press a key, wait for the next picture, pause as a person does, and again."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from fixtures.browser import open_browser, show

    profile = tempfile.mkdtemp(prefix="weldon-profile-")
    browser = open_browser(profile)
    try:
        show(browser, f"{address}#review")
        browser.execute_script(
            "const kind = document.getElementById('kind'); kind.value = 'folder';"
            "kind.dispatchEvent(new Event('change'));"
        )
        while not (
            number := browser.execute_script("return document.getElementById('large').dataset.number")
        ):
            time.sleep(0.2)
        total = browser.execute_script("return document.getElementById('progress').textContent")
        browser.execute_script("document.activeElement.blur()")
        time.sleep(3)
        taken = []
        for _ in range(count):
            milliseconds, number = browser.execute_async_script(KEY, number)
            taken.append(milliseconds)
            time.sleep(pause)
    finally:
        browser.quit()
        shutil.rmtree(profile, ignore_errors=True)
    ranked = sorted(taken)
    return {
        "queue": total,
        "keys": count,
        "pause_seconds": pause,
        "median_ms": statistics.median(ranked),
        "p95_ms": ranked[int(0.95 * (len(ranked) - 1))],
        "longest_ms": ranked[-1],
    }


def measure_clients(
    address: str, server: subprocess.Popen[str], contents: list[bytes], clients: int, asked: int
) -> dict[str, Any]:
    """Let clients ask for predictions at once; count the answers and watch the memory of the server."""
    statuses: Counter[int] = Counter()
    memory, turn = [resident(server.pid)], threading.Lock()
    order = iter(random.Random(0).choices(contents, k=asked))
    begun = time.perf_counter()

    def ask() -> None:
        while True:
            with turn:
                content = next(order, None)
            if content is None:
                return
            request = urllib.request.Request(f"{address}api/predict", content, {"Content-Type": "image/jpeg"})
            try:
                with urllib.request.urlopen(request, timeout=600) as answer:
                    answer.read()
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                status = 0
            with turn:
                statuses[status] += 1
                if sum(statuses.values()) % 100 == 0:
                    memory.append(resident(server.pid))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    return {
        "clients": clients,
        "pictures": asked,
        "statuses": dict(statuses),
        "pictures_per_second": asked / seconds,
        "resident_mib_each_100": memory,
    }


def resident(process: int) -> int:
    """Return the memory of a process, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) >> 10


if __name__ == "__main__":
    main()
