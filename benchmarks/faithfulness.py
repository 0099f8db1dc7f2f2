"""Our maps against Grad-CAM, Grad-CAM++ and LayerCAM (package grad-cam): same network, same photographs.

The network is WELDON 20 % on a frozen backbone at 320 px; photographs and true boxes are of VOC's val, taken
evenly from it. Four parts, each kept in the results when it is done:

addition   the largest difference between a score and the sum of the regions shown for it
pointing   the share of (image, present class) pairs whose highest pixel lies in a box of the class
curves     deletion and insertion (Petsiuk, Das, Saenko 2018): the class's probability while a tenth of the
           pixels after the other is greyed out, highest first (lower area is better), or added to a blurred
           picture (higher area is better); "random" ranks cells by chance
time       milliseconds of processor time of one thread for the maps of 20 classes of one picture

python benchmarks/faithfulness.py --parts addition pointing time      # about 6 minutes on one core
python benchmarks/faithfulness.py --parts curves                      # about 8 minutes
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from gradient_maps import METHODS, Canvas, GradientMaps, class_maps
from photographs import MOBILENET, VOC, require_photographs, train_once, voc_table
from pixel_curves import area, random_map
from provenance import read_results, write_results
from weldon import load
from weldon.data import load_image, read_boxes
from weldon.evaluation.measures.points import boxes_as_tensors
from weldon.inference.predict import Predictor
from weldon.metrics.pointwise import point_hits
from weldon.models import create_model

ROW = {"pool": "weldon", "k": 0.2, "lr": 5.0, "weight_decay": 1e-3}  # as held-back images chose for Fig. 6
CLASSES = 20
Boxes = dict[str, Any]
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/faithfulness"))
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--images", type=int, help="photographs of each part, instead of the usual number")
    options = parser.parse_args()
    require_photographs()
    model = load(trained_run(options.out))
    boxes = read_boxes(VOC / "Annotations")
    results = read_results("faithfulness")
    for part in options.parts:
        measure, usual = PARTS[part]
        count = options.images or usual
        stems = evenly((VOC / "ImageSets/Main/val.txt").read_text().split(), count)
        results[part] = measure(model, stems, boxes) | {"images": count}
        print(part, results[part], flush=True)
        write_results("faithfulness", results)


def trained_run(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    options = {
        "data": VOC / "JPEGImages",
        "labels": voc_table(home / "voc.csv"),
        "weights": str(MOBILENET),
        "freeze": True,
        "image_size": 320,
        "optimizer": "sgd",
        "precision": "bf16-mixed",
        "epochs": 20,
        "batch_size": 128,
        "seed": 0,
    }
    train_once(home / "run", options | ROW)
    return home / "run"


def evenly(names: list[str], count: int) -> list[str]:
    return [names[number * len(names) // count] for number in range(count)]


def canvases(model: Predictor, stems: Iterable[str]) -> Iterator[tuple[str, Canvas]]:
    for stem in stems:
        yield f"{stem}.jpg", Canvas(*model.transform(load_image(VOC / "JPEGImages" / f"{stem}.jpg")))


def addition(model: Predictor, stems: list[str], boxes: Boxes) -> Figures:
    """Return the largest difference of a score and its parts, over all classes of all images."""
    results = model.predict_many([VOC / "JPEGImages" / f"{stem}.jpg" for stem in stems])
    parts = [result.evidence(name) for result in results for name in model.classes]
    differences = [abs(part.remainder) for part in parts]
    scale = statistics.mean(abs(part.score) for part in parts)
    return {"scores": len(parts), "max_difference": max(differences), "mean_abs_score": scale}


def pointing(model: Predictor, stems: list[str], boxes: Boxes) -> Figures:
    """Return for each method the share of points in a box, and how many maps had no highest pixel."""
    hits: dict[str, list[bool]] = {name: [] for name in ("ours", *METHODS)}
    blank = dict.fromkeys(hits, 0)
    rivals = {name: GradientMaps(name, model.net) for name in METHODS}
    for file_name, canvas in canvases(model, stems):
        corners, labels = boxes_as_tensors(boxes[file_name], model.classes)
        ours = class_maps(model.net, canvas)
        for label in sorted(set(labels.tolist())):
            maps = {"ours": ours[label], **{name: rival(canvas, label) for name, rival in rivals.items()}}
            for name, values in maps.items():
                hits[name].append(is_hit(values, canvas, corners[labels == label]))
                blank[name] += bool(values.max() == values.min())
    return {
        name: {"accuracy": statistics.mean(found), "blank": blank[name]} for name, found in hits.items()
    } | {
        "pairs": len(hits["ours"]),
        "ours_only": {name: paired(hits["ours"], hits[name]) for name in METHODS},
    }


def is_hit(values: Tensor, canvas: Canvas, corners: Tensor) -> bool:
    """Say whether the highest pixel lies in a box, with Oquab's tolerance of 18 pixels at 500."""
    row, column = divmod(int(values.argmax()), values.shape[1])
    geometry = canvas.geometry
    point = torch.tensor([[[(column + 0.5) / geometry.scale_x, (row + 0.5) / geometry.scale_y]]])
    size = torch.tensor([[geometry.width, geometry.height]])
    return bool(point_hits(point, [corners], [torch.zeros(len(corners), dtype=torch.long)], size))


def paired(ours: list[bool], theirs: list[bool]) -> dict[str, int]:
    """Return the pairs that only one side has right."""
    both = list(zip(ours, theirs, strict=True))
    return {"ours": sum(a and not b for a, b in both), "theirs": sum(b and not a for a, b in both)}


def curves(model: Predictor, stems: list[str], boxes: Boxes) -> Figures:
    """Return for each method the mean area under deletion and insertion, with its standard error."""
    areas: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", *METHODS, "random")}
    rivals = {name: GradientMaps(name, model.net) for name in METHODS}
    chance = torch.Generator().manual_seed(0)
    for file_name, canvas in canvases(model, stems):
        blurred = gaussian_blur(canvas.pixels, [31, 31], [10.0, 10.0])
        ours = class_maps(model.net, canvas)
        for label in sorted(set(boxes_as_tensors(boxes[file_name], model.classes)[1].tolist())):
            maps = {"ours": ours[label], **{name: rival(canvas, label) for name, rival in rivals.items()}}
            maps["random"] = random_map(ours[label], chance)
            for name, values in maps.items():
                deleted = area(
                    model.net, canvas, values, label, shown=torch.zeros_like(blurred), best_first=False
                )
                inserted = area(model.net, canvas, values, label, shown=blurred, best_first=True)
                areas[name].append((deleted, inserted))
    return {name: curve_figures(found, areas["ours"]) for name, found in areas.items()} | {
        "pairs": len(areas["ours"])
    }


def curve_figures(found: list[tuple[float, float]], ours: list[tuple[float, float]]) -> Figures:
    figures: Figures = {}
    for side, name in enumerate(("deletion", "insertion")):
        figures[name] = mean_and_error([pair[side] for pair in found])
        lead = [pair[side] - own[side] for pair, own in zip(found, ours, strict=True)]
        figures[f"{name}_minus_ours"] = mean_and_error(lead)
    return figures


def mean_and_error(values: list[float]) -> dict[str, float]:
    return {"mean": statistics.mean(values), "error": statistics.stdev(values) / len(values) ** 0.5}


def timing(model: Predictor, stems: list[str], boxes: Boxes) -> Figures:
    """Return the median milliseconds of each way to the maps of 20 classes; the ways take turns.

    The trained network has fewer classes (those of its photographs), so this one is untrained: a map takes
    as long.
    """
    net = create_model("auto", CLASSES, weights=MOBILENET, k_max=0.2).eval()
    ways: dict[str, Callable[[Canvas], Any]] = {"ours": lambda canvas: class_maps(net, canvas)}
    taken: dict[str, list[float]] = {}
    pictures = [canvas for _, canvas in canvases(model, stems)]
    for whole_body in (False, True):
        note = "gradients of all weights" if whole_body else "gradients stop at the last layer"
        for name in METHODS:
            maps = GradientMaps(name, net, whole_body=whole_body)
            way = {f"{name}, {note}": all_classes(maps)}
            for key, times in timed(ways | way, pictures).items():
                taken.setdefault(key, []).extend(times)
    medians = {key: statistics.median(times) for key, times in taken.items()}
    return {key: {"ms": ms, "times_ours": ms / medians["ours"]} for key, ms in medians.items()}


def all_classes(maps: GradientMaps) -> Callable[[Canvas], list[Tensor]]:
    return lambda canvas: [maps(canvas, number) for number in range(CLASSES)]


def timed(ways: dict[str, Callable[[Canvas], Any]], pictures: list[Canvas]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for canvas in [pictures[0], *pictures]:  # the first twice: once to warm up
        for name, way in ways.items():
            start = time.process_time()
            way(canvas)
            taken[name].append(1e3 * (time.process_time() - start))
    return {name: times[1:] for name, times in taken.items()}


PARTS = {
    "addition": (addition, 300),
    "pointing": (pointing, 300),
    "curves": (curves, 60),
    "time": (timing, 6),
}


if __name__ == "__main__":
    main()
