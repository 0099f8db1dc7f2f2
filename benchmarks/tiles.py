"""Small photographs in large pictures: tiles against resizing to 448, 896, 1,792 pixels and against voting.

Photographs of VOC 2007 that show one of six classes and nothing else, an object of half their length or more,
are laid at a known size, 128, 192 or 256 pixels long, on canvases of 2,000 to 2,400 pixels made of
photographs of steel. A canvas holds two of them and is labelled with their classes; training photographs are
on training canvases only. For every way of looking the rate and the number of regions are chosen on the
training canvases, by heads that learnt from the other half of them; then three heads learn from all, and the
test canvases are looked at once by each: figures are the means of the three.

Voting cuts the same maps into tiles of 14 x 14 cells, trains on tiles labelled as their canvas, and takes the
mean or the largest score of a canvas's tiles.

python benchmarks/tiles.py accuracy /tmp/canvases   # about 20 minutes on one core
python benchmarks/tiles.py accuracy /tmp/canvases --chosen     # rates and counts as the results have them
python benchmarks/tiles.py seams /tmp/canvases      # tiles against one pass over a whole canvas
python benchmarks/tiles.py memory /tmp/canvases     # a TIFF of 20,000 x 20,000 pixels through the verb
python benchmarks/tiles.py memory /tmp/canvases --stand-in     # the same in a minute, without the backbone
python benchmarks/tiles.py memory /tmp/canvases --stand-in --verb explain      # or serve: another verb
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photographs import DATA
from provenance import read_results, write_results
from weldon.data import EvalTransform, Geometry, ImageDataset, Record, read_labels
from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.voc_xml import read_voc_xml
from weldon.data.record import Box
from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows
from weldon.evaluation.measures.measure import ImageMaps
from weldon.evaluation.measures.points import PointMeasure
from weldon.losses import logistic_loss
from weldon.metrics import average_precision
from weldon.models import WeldonNet, create_model, save_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.models.stitched import stitched_strips
from weldon.training.features.feature_cache import cache_features
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset
from weldon.training.head_search import mean_squared_norm, setting_at
from weldon.training.heads import Heads, Setting, fit_heads

VOC = DATA / "voc2007"
STEEL = DATA / "steel-defects" / "images"
CLASSES = ("bird", "boat", "car", "cat", "dog", "horse")
START_OF = 20  # classes for which the search started when this was measured
CANVASES = {"train": 60, "val": 40}  # VOC's official val photographs stand on the canvases that are measured
PHOTOS, LENGTHS, SIDES, PATCH = 2, (128, 192, 256), (2000, 2400), 256
LEAST = 0.5  # of a photograph's long side that its largest object takes
COUNTS, RATES = (1, 0.01, 0.05, 0.2), (0, 1)
EPOCHS, BATCH, SEEDS = 12, 8, 3
TILE = 14  # cells a side
SIZES = (448, 896, 1792)


@dataclass(frozen=True)
class Canvas:
    """A canvas, its photographs' boxes, and how long the photographs are."""

    record: Record
    boxes: tuple[Box, ...]
    length: int
    size: tuple[int, int]


def build(folder: Path) -> list[Canvas]:
    """Draw the canvases into ``folder``, the same each time; those that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, made = np.random.default_rng(0), []
    records = read_labels(VOC, VOC / "labels.csv").records
    plain = [r for r in records if len(r.labels) == 1 and not r.unknown and r.labels <= set(CLASSES)]
    plain = [r for r in plain if _share(r) >= LEAST]
    steel = sorted(STEEL.iterdir())
    for split, count in CANVASES.items():
        left = {c: [r for r in plain if r.split == split and c in r.labels] for c in CLASSES}
        for number in range(count):
            made.append(_draw(folder / f"{split}{number:03d}.png", split, left, steel, rng))
    return made


def _share(record: Record) -> float:
    """Return the longest side of an object as a share of the photograph's long side."""
    found = _annotation(record)
    sides = [side for box in found.boxes for side in (box.x2 - box.x1, box.y2 - box.y1)]
    return max(sides) / max(found.width, found.height)


def _annotation(record: Record) -> ImageAnnotation:
    return read_voc_xml(VOC / "VOCdevkit" / "VOC2007" / "Annotations" / f"{record.path.stem}.xml")


def _draw(
    path: Path, split: str, left: dict[str, list[Record]], steel: Sequence[Path], rng: np.random.Generator
) -> Canvas:
    width, height = (int(side) for side in rng.integers(*SIDES, 2))
    length = int(rng.choice(LENGTHS))
    canvas = Image.new("RGB", (width, height))
    for top in range(0, height, PATCH):
        for side in range(0, width, PATCH):
            patch = Image.open(steel[int(rng.integers(len(steel)))]).convert("RGB")
            canvas.paste(patch.resize((PATCH, PATCH), Image.Resampling.BICUBIC), (side, top))
    boxes: list[Box] = []
    halves = rng.permutation(4)  # photographs lie in different quarters, so that they do not overlap
    for quarter in halves[:PHOTOS]:
        name = CLASSES[int(rng.integers(len(CLASSES)))]
        record = left[name][int(rng.integers(len(left[name])))]
        photo = Image.open(record.path).convert("RGB")
        factor = length / max(photo.size)
        photo = photo.resize((round(photo.width * factor), round(photo.height * factor)))
        x = int(rng.integers(width // 2 - photo.width)) + width // 2 * int(quarter % 2)
        y = int(rng.integers(height // 2 - photo.height)) + height // 2 * int(quarter // 2)
        canvas.paste(photo, (x, y))
        boxes += [
            Box(b.label, x + factor * b.x1, y + factor * b.y1, x + factor * b.x2, y + factor * b.y2)
            for b in _annotation(record).boxes
            if b.label in CLASSES
        ]
    if not path.exists():
        canvas.save(path, compress_level=1)
    record = Record(path, path.name, frozenset(box.label for box in boxes), split=split)
    return Canvas(record, tuple(boxes), length, (width, height))


@dataclass(frozen=True)
class Look:
    """One way of looking: items to learn from, and where each lies on the grid of its canvas.

    Args:
        items: whole canvases, or tiles of them.
        owner: the canvas of each item.
        places: row and column of each item's first cell.
    """

    items: FeatureDataset
    owner: Tensor
    places: tuple[tuple[int, int], ...]

    def of(self, canvases: Sequence[int]) -> list[int]:
        return torch.isin(self.owner, torch.tensor(canvases)).nonzero().flatten().tolist()


def whole(records: Sequence[Record], cached: CachedFeatures) -> Look:
    """Look at each canvas as one bag."""
    items = FeatureDataset(records, CLASSES, cached)
    return Look(items, torch.arange(len(records)), ((0, 0),) * len(records))


def cut(records: Sequence[Record], cached: CachedFeatures) -> Look:
    """Look at tiles of the same maps, each labelled as its canvas."""
    assert cached.grids is not None
    maps, masks, owner, places = [], [], [], []
    for number, record in enumerate(records):
        row = cached.rows[record.path]
        rows, columns = cached.grids[row]
        cells = np.asarray(cached.cells(row)).reshape(rows, columns, -1)
        for top in range(0, rows, TILE):
            for left in range(0, columns, TILE):
                part = cells[top : top + TILE, left : left + TILE]
                tile = np.zeros((TILE, TILE, cells.shape[-1]), np.float16)
                tile[: part.shape[0], : part.shape[1]] = part
                mask = np.zeros((TILE, TILE), bool)
                mask[: part.shape[0], : part.shape[1]] = True
                maps.append(tile)
                masks.append(mask)
                owner.append(number)
                places.append((top, left))
    tiles = [Record(Path(f"{n}"), f"{n}", records[who].labels) for n, who in enumerate(owner)]
    found = CachedFeatures(np.stack(maps), np.stack(masks), {t.path: n for n, t in enumerate(tiles)})
    return Look(FeatureDataset(tiles, CLASSES, found), torch.tensor(owner), tuple(places))


def fitted(
    net: WeldonNet, look: Look, canvases: Sequence[int], settings: Sequence[Setting], seed: int = 0
) -> Heads:
    """Return heads that learnt from the items of some canvases."""
    torch.manual_seed(seed)
    net.transfer.reset_parameters()  # where heads start: another start moves mAP by ten points and more
    heads = Heads(net, settings)
    size = BATCH * max(1, round(len(look.items) / int(look.owner.max() + 1)))
    fit_heads(
        heads,
        look.items,
        look.of(canvases),
        [lambda scores, batch: logistic_loss(scores, batch["target"], batch["known"])] * len(settings),
        epochs=EPOCHS,
        batch_size=size,
        seed=seed,
    )
    return heads.eval()


@torch.no_grad()
def item_answers(heads: Heads, number: int, look: Look, item: int) -> tuple[Tensor, Tensor]:
    """Return scores ``(C,)`` and maps ``(C, h, w)`` of one item by one head."""
    batch = look.items.__getitems__([item])
    maps = heads.transfers[number](batch["features"].float())
    return heads.pools[number](maps, batch["mask"])[0], maps[0].masked_fill(~batch["mask"], -torch.inf)


def canvas_answer(
    heads: Heads, number: int, look: Look, canvas: int, *, grid: tuple[int, int], vote: str
) -> tuple[Tensor, Tensor]:
    """Return scores and maps of one canvas; where tiles vote, the map of the best tile of each class."""
    items = look.of([canvas])
    answers = [item_answers(heads, number, look, item) for item in items]
    if len(items) == 1:
        return answers[0]
    scores = torch.stack([part for part, _ in answers])  # (tiles, C)
    maps = torch.full((len(CLASSES), *grid), -torch.inf)
    for column, best in enumerate(scores.argmax(0).tolist()):
        (top, left), part = look.places[items[best]], answers[best][1][column]
        rows, columns = min(TILE, grid[0] - top), min(TILE, grid[1] - left)
        maps[column, top : top + rows, left : left + columns] = part[:rows, :columns]
    return scores.mean(0) if vote == "mean" else scores.amax(0), maps


def measured(
    net: WeldonNet,
    look: Look,
    canvases: Sequence[Canvas],
    geometries: Sequence[Geometry],
    *,
    vote: str,
    chosen: dict[str, float] | None,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Choose rate and count on halves of the training canvases, learn from all of them, and measure.

    With ``chosen``, what the halves said before, the choice is not made again.
    """
    target = FeatureTargets(canvases)
    train = [n for n, c in enumerate(canvases) if c.record.split == "train"]
    test = [n for n, c in enumerate(canvases) if c.record.split == "val"]
    size = mean_squared_norm(look.items, look.of(train))
    settings = [Setting(*_rate(rate, size), k_max=count, k_min=count) for rate in RATES for count in COUNTS]
    grids = [_grid(look, n, geometries[n]) for n in range(len(canvases))]

    def scores_of(heads: Heads, number: int, who: Sequence[int]) -> Tensor:
        return torch.stack([canvas_answer(heads, number, look, n, grid=grids[n], vote=vote)[0] for n in who])

    if chosen is None:
        held = torch.zeros(len(settings), len(train), len(CLASSES))
        for half in (0, 1):
            mine, other = train[half::2], train[1 - half :: 2]
            heads = fitted(net, look, other, settings)
            for number in range(len(settings)):
                held[number, half::2] = scores_of(heads, number, mine)
        told = [f"{s.k_max} at {s.lr:g}" for s in settings]
        chosen = {name: _map(part, target(train)) for name, part in zip(told, held, strict=True)}
    best = int(np.argmax(list(chosen.values())))
    seen = []
    for seed in reversed(range(SEEDS)):
        heads = fitted(net, look, train, [settings[best]], seed)
        points = {key: PointMeasure(_boxes(canvases), CLASSES) for key in ("all", *LENGTHS)}
        scores = []
        for n in test:
            score, maps = canvas_answer(heads, 0, look, n, grid=grids[n], vote=vote)
            answer = ImageMaps(n, canvases[n].record, score, geometries[n], maps)
            scores.append(score)
            for key in ("all", canvases[n].length):
                points[key].update(answer)
        found = {key: points[key].figures().overall for key in points}
        one = {"map": _map(torch.stack(scores), target(test)), "pointwise": found["all"]["pointwise"]}
        one |= {f"pointing {key}": figure["pointing_accuracy"] for key, figure in found.items()}
        seen.append(one)
    answer_of = {
        **{name: float(np.mean([one[name] for one in seen])) for name in seen[0]},
        "seeds": seen,
        "k": settings[best].k_max,
        "lr": settings[best].lr,
        "held_back": chosen,
        "scores": torch.stack(scores).tolist(),
    }
    return answer_of, heads.transfers[0].state_dict()


class FeatureTargets:
    """The labels of canvases as a tensor."""

    def __init__(self, canvases: Sequence[Canvas]) -> None:
        self.rows = torch.tensor([[float(c in one.record.labels) for c in CLASSES] for one in canvases])

    def __call__(self, who: Sequence[int]) -> Tensor:
        return self.rows[list(who)]


def _rate(rate: int, size: float) -> tuple[float, float]:
    setting = setting_at(rate, 0, size, START_OF)
    return setting.lr, setting.weight_decay


def _grid(look: Look, canvas: int, geometry: Geometry) -> tuple[int, int]:
    if geometry.resize == "tiles":
        return geometry.canvas[1] // geometry.image_size, geometry.canvas[0] // geometry.image_size
    return look.items.cached.maps.shape[1], look.items.cached.maps.shape[2]


def _map(scores: Tensor, target: Tensor) -> float:
    return float(average_precision(scores, target, torch.ones_like(target, dtype=torch.bool)).nanmean())


def _boxes(canvases: Sequence[Canvas]) -> dict[str, tuple[Box, ...]]:
    return {canvas.record.file_name: canvas.boxes for canvas in canvases}


def accuracy(folder: Path, most: tuple[int, int], *, chosen: bool) -> None:
    """Measure every way of looking, and write the results as they come.

    Args:
        folder: of the canvases.
        most: how many canvases to train on and to measure on.
        chosen: take rates and counts from the results that are there, of the same canvases.
    """
    drawn = build(folder)
    canvases = [c for c in drawn if c.record.split == "train"][: most[0]]
    canvases += [c for c in drawn if c.record.split == "val"][: most[1]]
    records = [canvas.record for canvas in canvases]
    net = create_model(DEFAULT_MODEL, len(CLASSES), pool="weldon").eval()
    colours = net.backbone.mean, net.backbone.std
    megapixels = sum(c.size[0] * c.size[1] for c in canvases) / 1e6
    results = read_results("tiles")

    def known(name: str) -> dict[str, float] | None:
        return results[name]["held_back"] if chosen else None

    looks: dict[str, EvalTransform] = {
        "tiles": Tiling(448, None, net.backbone.stride, *colours),
        "tiles of 896": Tiling(896, 128, net.backbone.stride, *colours),
    }
    looks |= {f"resized to {size}": EvalTransform(size, "keep", *colours) for size in SIZES}
    for name in ("resized to 448", "resized to 896", "tiles", "resized to 1792", "tiles of 896"):
        transform = looks[name]
        earlier, began = results.get(name, {}).get("seconds_a_megapixel"), time.process_time()
        cached = cache_features(net, ImageDataset(records, CLASSES, transform), folder / "cache", workers=0)
        seconds = time.process_time() - began
        if isinstance(transform, Tiling):
            geometries = [transform.geometry(canvas.size) for canvas in canvases]
        else:
            geometries = [Geometry(*canvas.size, transform.image_size) for canvas in canvases]
        look = whole(records, cached)
        results[name], transfer = measured(net, look, canvases, geometries, vote="none", chosen=known(name))
        # Maps that were there already took no time: what was measured then stays.
        results[name]["seconds_a_megapixel"] = earlier if seconds < 10 else seconds / megapixels
        _say(name, results)
        if name == "tiles":
            torch.save(transfer, folder / "transfer.pt")
            tiles = cut(records, cached)
            for vote in ("mean", "max"):
                way = f"voting, {vote}"
                results[way], _ = measured(net, tiles, canvases, geometries, vote=vote, chosen=known(way))
                _say(way, results)
    results["spread"] = _spread(results, FeatureTargets(canvases), canvases)
    print(results["spread"])
    write_results("tiles", results)


def _spread(results: dict[str, Any], target: FeatureTargets, canvases: Sequence[Canvas]) -> dict[str, float]:
    """Return the deviation of each way's lead of tiles, over 500 draws of the test canvases."""
    test = [n for n, c in enumerate(canvases) if c.record.split == "val"]
    labels, rng = target(test), np.random.default_rng(0)
    draws = [torch.from_numpy(rng.integers(len(test), size=len(test))) for _ in range(500)]
    scores = {name: torch.tensor(one["scores"]) for name, one in results.items() if "scores" in one}
    found = {name: [_map(part[draw], labels[draw]) for draw in draws] for name, part in scores.items()}
    return {name: float(np.std(np.array(found["tiles"]) - np.array(part))) for name, part in found.items()}


def _say(name: str, results: dict[str, Any]) -> None:
    print(name, {key: v for key, v in results[name].items() if key != "scores"}, flush=True)
    write_results("tiles", results)


def seams(folder: Path) -> None:
    """Compare the features of tiles with those of one pass over a whole canvas; time both.

    How far a cell is off is the length of the difference as a share of the length of its features.
    """
    net = create_model(DEFAULT_MODEL, len(CLASSES)).eval()
    canvas = build(folder)[0]
    side = -(-max(canvas.size) // 32) * 32
    found: dict[str, Any] = {}
    wanted = torch.empty(0)
    for tile, overlap in ((side, 0), (448, 0), (448, 64), (448, 128), (448, 224), (896, 128)):
        tiling = Tiling(tile, overlap, 32, net.backbone.mean, net.backbone.std)
        began = time.process_time()
        with open_windows(canvas.record.path) as picture:
            strips = list(stitched_strips(net.features, picture, tiling, batch_size=1))
        seconds = (time.process_time() - began) / (canvas.size[0] * canvas.size[1] / 1e6)
        maps = torch.cat(strips, dim=1)  # (F, h, w)
        wanted = maps if tile == side else wanted
        off = (maps - wanted).norm(dim=0) / wanted.norm(dim=0)
        found[f"{tile}, {overlap}"] = {
            "mean": float(off.mean()),
            "worst in twenty": float(off.flatten().quantile(0.95)),
            "seconds_a_megapixel": seconds,
        }
        print(tile, overlap, found[f"{tile}, {overlap}"], flush=True)
    write_results("tiles", read_results("tiles") | {"seams": found})


def trained(results: dict[str, Any], folder: Path) -> WeldonNet:
    """Return the network whose head learnt from the canvases by tiles."""
    count = results["tiles"]["k"]
    net = create_model(DEFAULT_MODEL, len(CLASSES), pool="weldon", k_max=count, k_min=count).eval()
    net.transfer.load_state_dict(torch.load(folder / "transfer.pt", weights_only=True))
    return net


STAND_IN = """
import torch
from weldon.models import WeldonNet
mixed = torch.randn(1280, 3)
WeldonNet.features = lambda net, x: torch.einsum(
    "fc,nchw->nfhw", mixed, torch.nn.functional.avg_pool2d(x, 32)
)
"""


def memory(folder: Path, side: int, threads: int, verb: str, *, stand_in: bool) -> None:
    """Show one TIFF of ``side`` x ``side`` pixels to a verb, and report time and memory.

    Where no head was trained here, one that was drawn at random does: time and memory do not know. With
    ``stand_in`` the backbone is replaced by mean colours, so that a gigapixel takes a minute: all memory that
    grows with the picture is there, and what the backbone takes for a tile is that of a small picture.
    """
    results = read_results("tiles")
    folder.mkdir(parents=True, exist_ok=True)
    run, picture = a_run(folder, results), a_large_picture(folder, side)
    code = f"import torch; torch.set_num_threads({threads})\n{STAND_IN if stand_in else ''}\n"
    weldon = [sys.executable, "-c", code + "from weldon.cli import main; main()"]
    began = time.monotonic()
    if verb == "serve":
        look_at_the_page([*weldon, "serve", *a_served_run(folder, picture, weldon)])
    else:
        asked = {
            "predict": ["--boxes", "--masks", "--out", folder / "out", "--overwrite"],
            "explain": ["--class", CLASSES[0], "--out", folder / "explained.png", "--overwrite"],
        }
        subprocess.run([*weldon, verb, *map(str, [run, picture, *asked[verb]])], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "gigabytes": used.ru_maxrss * 1024 / 1e9,
        "seconds": time.monotonic() - began,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "threads": threads,
    }
    print(found)
    name = f"memory {side}" + ("" if verb == "predict" else f", {verb}") + (", stand-in" if stand_in else "")
    write_results("tiles", results | {name: found})


def a_run(folder: Path, results: dict[str, Any]) -> Path:
    """Return a run of tiles, written by hand."""
    run = folder / "run"
    known = (folder / "transfer.pt").exists()
    net = trained(results, folder) if known else create_model(DEFAULT_MODEL, len(CLASSES), k_max=0.01)
    save_model(net, run / "weights" / "best.safetensors")
    (run / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    (run / "config.toml").write_text(
        'data = "."\nimage_size = 448\nresize = "keep"\ntask = "multilabel"\n'
        "freeze = true\ntile = 448\noverlap = 64\n"
    )
    thresholds = {"scale": "score", "map_scale": 5.0, "classes": dict.fromkeys(CLASSES, 0.0)}
    (run / "thresholds.json").write_text(json.dumps(thresholds))
    return run


def a_large_picture(folder: Path, side: int) -> Path:
    """Return a tiled TIFF of ``side`` x ``side`` pixels of steel; written where it is not there."""
    import tifffile

    picture = folder / f"{side}.tif"
    if not picture.exists():
        plates = [Image.open(path).convert("RGB") for path in sorted(STEEL.iterdir())[:9]]
        blocks = [np.asarray(plate.resize((512, 512))) for plate in plates]
        count = (-(-side // 512)) ** 2
        tiles = (blocks[n * 7 % 9] for n in range(count))
        tifffile.imwrite(
            picture, tiles, shape=(side, side, 3), dtype=np.uint8, tile=(512, 512), compression="jpeg"
        )
    return picture


def a_served_run(folder: Path, picture: Path, weldon: Sequence[str]) -> list[str]:
    """Train on a few small pictures, which a page needs; return what ``weldon serve`` is given."""
    small, large, run = folder / "small", folder / "large", folder / "served"
    for place in (small, large):
        place.mkdir(exist_ok=True)
    if not (large / picture.name).exists():
        (large / picture.name).symlink_to(picture)
    rows = ["file_name,labels"]
    for number, path in enumerate(sorted(STEEL.iterdir())[:24]):
        Image.open(path).convert("RGB").resize((600, 500)).save(small / f"{number}.png")
        rows.append(f"{number}.png,{CLASSES[number % 2]}")
    (small / "labels.csv").write_text("\n".join(rows))
    words = [
        "train",
        small,
        "--labels",
        small / "labels.csv",
        "--out",
        run,
        "--overwrite",
        "--freeze",
        "--tile",
        448,
    ]
    words += ["--lr", 0.01, "--epochs", 1, "--cache", folder / "cache", "-j", 0]
    subprocess.run([*weldon, *map(str, words)], check=True)
    return [str(run), "--photos", str(large), "--port", "0"]


def look_at_the_page(command: Sequence[str]) -> None:
    """Ask a page for the answer about its last picture, the large one, and for copies of it."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as page:
        assert page.stderr is not None
        said = ""
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", said)):
            said += page.stderr.readline()

        def asked(path: str) -> bytes:
            with urllib.request.urlopen(address[0] + path, timeout=3600) as reply:
                content: bytes = reply.read()
                return content

        while "total" not in (images := json.loads(asked("/api/images"))):
            time.sleep(0.2)
        number = images["total"] - 1
        for path in (f"/api/images/{number}", *(f"/api/images/{number}/photo?side={n}" for n in (160, 1280))):
            print(path, f"{len(asked(path)):,} bytes", flush=True)
        page.terminate()
        page.stderr.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("accuracy", "seams", "memory"))
    parser.add_argument("folder", type=Path, help="for canvases, maps and the large picture")
    parser.add_argument(
        "--canvases", type=int, nargs=2, default=tuple(CANVASES.values()), help="to train and to measure on"
    )
    parser.add_argument("--chosen", action="store_true", help="rates and counts as the results have them")
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--verb", choices=("predict", "explain", "serve"), default="predict")
    parser.add_argument("--stand-in", action="store_true", help="mean colours in place of the backbone")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.what == "memory":
        memory(chosen.folder, chosen.side, chosen.threads, chosen.verb, stand_in=chosen.stand_in)
    elif chosen.what == "seams":
        seams(chosen.folder)
    else:
        accuracy(chosen.folder, chosen.canvases, chosen=chosen.chosen)


if __name__ == "__main__":
    main()
