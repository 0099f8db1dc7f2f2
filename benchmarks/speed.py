"""What the library does in a second on a processor, each row beside a rival that takes turns with it.

OMP_NUM_THREADS=1 python benchmarks/speed.py           # about five minutes on one quiet core
OMP_NUM_THREADS=1 python benchmarks/speed.py --dry     # the same at small sizes; nothing is written
OMP_NUM_THREADS=1 python benchmarks/speed.py --only frozen,predict,check,one    # some rows, in four minutes

Photographs are made, with detail at every scale, so that no data set is needed. The rival of predicting a
folder is the plainest loop over timm's network: decode, timm's own transform, forward, no maps, no files.
Results: benchmarks/results/speed.json, docs/speed.md and its figure of cost against size.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib as mpl
import numpy as np
import timm
import torch
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch.nn import functional

import weldon
from provenance import read_results, write_results
from speed_rows import POOLED, compiled_ways, loss_ways, pooling_ways, step_ways
from taking_turns import Way, in_turn, tell
from weldon.data.dataset import collate
from weldon.data.image import load_image, load_reduced
from weldon.data.record import Record
from weldon.data.transforms import EvalTransform
from weldon.device import keep_freed_memory, leaving_a_core
from weldon.files import read_csv
from weldon.losses import logistic_loss
from weldon.models import save_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.callbacks import BestWeights
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.heads import Heads, Setting, fit_heads
from weldon.training.loggers import build_loggers
from weldon.training.module import TrainingModule
from weldon.training.run_loss import build_objective
from weldon.training.trainer import Loaders, build_trainer

mpl.use("agg")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--only", default="", help="rows whose name holds one of these; the others stay")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    results: dict[str, Any] = {} if options.dry else read_results("speed")
    with tempfile.TemporaryDirectory() as home:
        for title, (build, rounds) in rows(Path(home), dry=options.dry).items():
            if any(part in title for part in options.only.split(",")):
                results[title] = in_turn(build(), rounds=1 if options.dry else rounds)
                tell(title, results[title])
        if not options.only or "frozen" in options.only.split(","):
            results |= whole_epochs(Path(home), dry=options.dry)
        if options.dry:
            draw_costs(results, Path(home) / "cost.png")
    if not options.dry:
        print(write_results("speed", results))
        draw_costs(results, FIGURE)


def rows(folder: Path, *, dry: bool) -> dict[str, tuple[Callable[[], dict[str, Way]], int]]:
    """Return what is timed by its name: what builds the ways, and how often they take turns."""
    found: dict[str, tuple[Callable[[], dict[str, Way]], int]] = {}
    for shape, k in POOLED[-1:] if dry else POOLED:
        for backward in (False, True):
            title = f"pooling {shape}, k = {k}" + (", forward and backward" if backward else "")
            found[title] = partial(pooling_ways, shape, k, backward=backward, device="cpu"), 7
    found["AP loss, 64 x 80"] = partial(loss_ways, 64, "cpu"), 101
    for count, size in ((8, (500, 375)), (2, (4000, 3000))) if dry else ((64, (500, 375)), (4, (4000, 3000))):
        title = f"reading {count} of {size[0]} x {size[1]} for 448 px"
        found[title] = partial(reading_ways, folder / f"reading{size[0]}", count, size), 5
    side = 64 if dry else 224
    step = partial(step_ways, DEFAULT_MODEL, side=side, batch=8, device="cpu", narrow=False)
    found[f"training step, 8 images of {side} px"] = step, 5
    wide = 64 if dry else 448
    found[f"pass of 8 images of {wide} px"] = partial(compiled_ways, wide, 8), 5
    images = 256 if dry else 1358
    title = f"frozen head, {images} images of 320 px, batches of 128"
    found[title] = partial(frozen_ways, folder, images), 3
    run = cache(partial(small_run, folder))
    few = ((1, 20, 49), 10)
    for backward in (False, True):
        title = f"pooling of one picture {few[0]}, k = {few[1]}" + (
            ", forward and backward" if backward else ""
        )
        found[title] = partial(pooling_ways, *few, backward=backward, device="cpu"), 301
    for times in (1, 2) if dry else (1, 4, 16):
        title = f"predict {8 * times} of 500 x 375 at 224 px"
        found[title] = partial(predict_ways, run, folder / f"x{times}", 8 * times), 3
    for count in (50, 200) if dry else (625, 2500, 10_000):
        found[f"check {count} files"] = partial(check_ways, folder, count), 1
    found["weldon --help"] = start_ways, 5
    return found


def write_photographs(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Write pictures with coarse and fine detail, so that decoding costs what it does for photographs."""
    folder.mkdir()
    rows = ["file_name,labels"]
    for number in range(count):
        fine = Image.effect_noise(size, 25)
        coarse = Image.effect_noise((8, 6), 90).resize(size, Image.Resampling.BICUBIC)
        picture = Image.merge("RGB", [coarse, Image.blend(fine, coarse, 0.8), Image.blend(fine, coarse, 0.6)])
        picture.save(folder / f"{number:05}.jpg", quality=90)
        rows.append(f"{number:05}.jpg,{'cat' if number % 2 else 'dog'}")
    labels_of(folder).write_text("\n".join(rows) + "\n")
    return sorted(folder.glob("*.jpg"))


def labels_of(photos: Path) -> Path:
    return photos.parent / f"{photos.name}.csv"


def reading_ways(folder: Path, count: int, size: tuple[int, int]) -> dict[str, Way]:
    """Decode and lay files, and stack them: as bytes no larger than needed, or as floats and whole."""
    files = write_photographs(folder, count, size)
    transform = EvalTransform(448)

    def item(image: Any, mask: Any) -> dict[str, Any]:
        nothing = torch.zeros(1)
        rest = {"target": nothing, "known": nothing, "weight": 1.0, "index": 0, "size": nothing}
        return {"image": image, "mask": mask, **rest}

    def ours() -> None:
        read = [load_reduced(path, transform.needed) for path in files]
        collate([item(*transform.laid(image, None, size)[:2]) for image, size in read])

    def before() -> None:
        collate([item(*transform(load_image(path))[:2]) for path in files])

    return {"ours": ours, "floats, decoded whole": before}


CLASSES = tuple(f"class {number}" for number in range(6))


def made_up_maps(file: Path, images: int) -> FeatureDataset:
    """Keep maps in a file, as a run does: a quarter of their cells is padding, as of photographs of 4:3."""
    maps = np.maximum(np.random.default_rng(0).standard_normal((images, 10, 10, 1280), dtype=np.float32), 0)
    np.save(file, maps.astype(np.float16))
    masks = np.ones((images, 10, 10), dtype=bool)
    masks[:, 8:] = False
    records = [
        Record(Path(f"/{n}.jpg"), f"{n}.jpg", frozenset({CLASSES[n % 6]}), frozenset()) for n in range(images)
    ]
    rows = {record.path: n for n, record in enumerate(records)}
    return FeatureDataset(records, CLASSES, CachedFeatures(np.load(file, mmap_mode="r"), masks, rows))


def whole_epochs(folder: Path, *, dry: bool) -> dict[str, Any]:
    """Epochs as ``weldon train --freeze`` runs them, with validation, by threads and pooling."""
    train, val = (
        made_up_maps(folder / f"{name}.npy", count)
        for name, count in (("train", 256 if dry else 1358), ("val", 64 if dry else 340))
    )
    found: dict[str, Any] = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        title = f"frozen epoch, {len(train)} and {len(val)} images of 320 px, {threads} threads"
        seconds = {pool: epoch_seconds(pool, train, val, folder, 3 if dry else 9) for pool in POOLS}
        own = statistics.median(seconds["weldon"])
        found[title] = {
            pool: {
                "ms": 1e3 * statistics.median(taken),
                "least_ms": 1e3 * min(taken),
                "ratio": statistics.median(taken) / own,
            }
            for pool, taken in seconds.items()
        }
        tell(title, found[title])
    torch.set_num_threads(1)
    return found


POOLS: dict[str, dict[str, Any]] = {"weldon": {"k_max": 0.2}, "max": {}, "avg": {}}


def epoch_seconds(
    pool: str, train: FeatureDataset, val: FeatureDataset, folder: Path, epochs: int
) -> list[float]:
    """Return what each epoch but the first took, by the run's own ``metrics.csv``."""
    recipe = build_recipe(
        {
            "data": ".",
            "freeze": True,
            "device": "cpu",
            "batch_size": 128,
            "epochs": epochs,
            "lr": 0.1,
            "optimizer": "sgd",
            "pool": pool,
        }
    )
    net = weldon.create_model(DEFAULT_MODEL, 6, weights="none", pool=pool, **POOLS[pool])
    net.freeze_backbone()
    objective = build_objective(recipe, "multilabel", train.target, train.known)
    module = TrainingModule(net, objective, recipe, "multilabel", CLASSES)
    run = RunDirectory(Path(tempfile.mkdtemp(dir=folder)))
    best = BestWeights(lambda trained: save_model(trained.net, run.best))
    trainer = build_trainer(recipe, run, best, monitor=module.monitor, steps=1, progress=False)
    trainer.loggers = build_loggers(recipe, run, run.path)
    loaders = Loaders(train, val, collate_fn=keep_batch, batch_size=128, workers=0, seed=0)
    with leaving_a_core(wanted=loaders.read_in_a_thread):
        trainer.fit(module, datamodule=loaders)
    return [float(row["seconds"]) for row in read_csv(run.metrics)[1:]]


FIGURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "cost.png"
COSTS = {"predict ": "weldon predict, labels and boxes, 224 px", "check ": "weldon check, 160 x 120"}


def draw_costs(results: dict[str, Any], path: Path) -> None:
    """Draw the seconds of each size that was timed, on logarithmic axes."""
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for start, label in COSTS.items():
        points = sorted(
            (int(title.split()[1]), found["ours"]["ms"] / 1e3)
            for title, found in results.items()
            if title.startswith(start) and "ours" in found
        )
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlabel="images", ylabel="seconds")
    for axis, steps in ((axes.xaxis, (1,)), (axes.yaxis, (1, 3))):
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def frozen_ways(folder: Path, images: int) -> dict[str, Way]:
    """One pass of a head over cached maps of 1,280 features and 10 x 10 cells, and its arithmetic alone.

    The arithmetic: the product of maps and weights, and that of maps and slopes, of maps that are in memory
    as floats already; nothing is read, pooled or compared with labels.
    """
    dataset = made_up_maps(folder / "head.npy", images)

    def epoch(pool: str, **options: Any) -> Way:
        net = weldon.create_model(DEFAULT_MODEL, 6, weights="none", pool=pool, **options)
        heads = Heads(net, [Setting(0.1, 1e-4)])
        return lambda: fit_heads(
            heads, dataset, range(images), [build_loss], epochs=1, batch_size=128, seed=0
        )

    weight = torch.randn(6, 1280, 1, 1, requires_grad=True)
    batch = dataset.__getitems__(list(range(128)))["features"].float()

    def arithmetic() -> None:
        for _ in range(-(-images // 128)):
            product = functional.conv2d(batch, weight)
            torch.autograd.grad(product, weight, torch.ones_like(product))

    ways = {"ours": epoch("weldon", k_max=0.2), "average": epoch("avg"), "max": epoch("max")}
    return {**ways, "arithmetic alone": arithmetic}


def build_loss(scores: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return logistic_loss(scores, batch["target"], batch["known"])


def small_run(folder: Path) -> Path:
    """Train a run on the installed backbone, just enough to predict with."""
    photos = write_photographs(folder / "train", 16, (500, 375))[0].parent
    options = {"epochs": 1, "workers": 0, "image_size": 224, "device": "cpu", "batch_size": 8}
    weldon.train(photos, labels_of(photos), out=folder / "run", progress=False, **options)
    return folder / "run"


def predict_ways(run: Callable[[], Path], photos: Path, count: int) -> dict[str, Way]:
    """A folder's labels, points, boxes and files, beside scores alone from a loop over timm's network."""
    from weldon.inference import PredictionWriter
    from weldon.inference.loading import load_images

    predictor = load_images(run(), device="cpu", workers=1)
    net = timm.create_model(DEFAULT_MODEL, num_classes=2).eval()
    config = {**resolve_data_config({}, model=net), "input_size": (3, 224, 224)}
    transform = create_transform(**config)
    files = write_photographs(photos, count, (500, 375))
    out = photos.parent / "out"

    def ours() -> None:
        with PredictionWriter(out, predictor.classes, overwrite=True) as writer:
            for result in predictor.predict(photos):
                writer.add(result)
                for name in result.labels:
                    result.boxes(name)

    @torch.no_grad()
    def plain() -> None:
        for start in range(0, len(files), 8):
            pictures = [Image.open(path).convert("RGB") for path in files[start : start + 8]]
            net(torch.stack([transform(picture) for picture in pictures])).sigmoid()

    return {"ours": ours, "timm, scores alone": plain}


def check_ways(folder: Path, count: int) -> dict[str, Way]:
    """``weldon check`` of many files, beside Pillow decoding each of them."""
    few = write_photographs(folder / f"few{count}", 50, (160, 120))
    contents = [path.read_bytes() for path in few]
    photos = folder / f"check{count}"
    photos.mkdir()
    files = [photos / f"{n:05}.jpg" for n in range(count)]
    for n, path in enumerate(files):  # what stands behind a picture makes its bytes its own
        path.write_bytes(contents[n % 50] + n.to_bytes(4, "big"))
    lines = [
        "file_name,labels",
        *(f"{path.name},{'cat' if n % 2 else 'dog'}" for n, path in enumerate(files)),
    ]
    labels_of(photos).write_text("\n".join(lines) + "\n")

    def decode() -> None:
        for path in files:
            with Image.open(path) as image:
                image.load()

    words = ["check", str(photos), "--labels", str(labels_of(photos))]
    return {"ours": lambda: command(words), "Pillow decodes them": decode}


def start_ways() -> dict[str, Way]:
    return {
        "ours": lambda: command(["--help"]),
        "import torch": lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True),
    }


def command(words: list[str]) -> None:
    program = "import sys; from weldon.cli import main; main(sys.argv[1:])"
    subprocess.run([sys.executable, "-c", program, *words], capture_output=True, check=False)


if __name__ == "__main__":
    main()
