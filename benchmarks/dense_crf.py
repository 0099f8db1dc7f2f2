"""Time and agreement of the dense CRF against pydensecrf2, on photographs, one thread.

    OMP_NUM_THREADS=1 python benchmarks/dense_crf.py                               # a look: 5 photographs
    OMP_NUM_THREADS=1 python benchmarks/dense_crf.py --photographs 20 --repeats 3  # what docs/crf.md shows

Photographs of voc2012-animals with a long side of 400, spread over the set. The label maps are made from the
masks as a coarse network would give them: 21 labels averaged over 13 x 10 cells, times 4, noise 0.6, absent
classes 2 lower, bilinear up, softmax. "all" times all 21 labels, "in play" only those of the picture's mask.
Both sides do all their work on each picture: lattices, normalisation, iterations. "warm" is a picture whose
size has been seen before (the spatial lattice is kept), "cold" is not. Times are processor time of the one
thread (on a quiet machine, the time on the clock), medians over pictures of the median of repeats; the sides
take turns, so that a busy machine is busy for both. The unaries are synthetic:
mIoU says how the sides compare, not how good the parameters are on a network's maps.

Results: benchmarks/results/dense_crf.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photographs import VOC
from provenance import write_results
from weldon.crf.dense_crf import README_PARAMETERS, CRFParameters, DenseCRF
from weldon.metrics.mean_iou import class_iou, confusion_matrix

LABELS = 21
PARAMETERS = {"readme": README_PARAMETERS, "default": CRFParameters()}
PRUNE = 0.05


class Case(NamedTuple):
    probabilities: Tensor  # (C, H, W)
    image: Tensor  # (3, H, W) uint8
    mask: Tensor  # (H, W) long, 255 void


def cases(count: int, *, side: int) -> Iterator[Case]:
    masks = sorted((VOC / "SegmentationClassAug").glob("*.png"))
    step = len(masks) // count
    for number, path in enumerate(masks[step // 2 :: step][:count]):
        mask = Image.open(path)
        width, height = (round(side * length / max(mask.size)) for length in mask.size)
        photograph = Image.open(VOC / "JPEGImages" / f"{path.stem}.jpg").convert("RGB")
        image = torch.from_numpy(np.array(photograph.resize((width, height)))).movedim(-1, 0).contiguous()
        truth = torch.from_numpy(np.array(mask.resize((width, height), Image.Resampling.NEAREST))).long()
        yield Case(soft_maps(truth, seed=number), image, truth)


def soft_maps(truth: Tensor, *, seed: int) -> Tensor:
    labels = F.one_hot(truth.where(truth != 255, 0), LABELS).movedim(-1, 0).float()
    coarse = 4 * F.adaptive_avg_pool2d(labels, (10, 13))
    coarse += 0.6 * torch.randn(coarse.shape, generator=torch.Generator().manual_seed(seed))
    coarse[labels.amax((1, 2)) == 0] -= 2
    return F.interpolate(coarse[None], truth.shape, mode="bilinear")[0].softmax(0)


def in_play(case: Case) -> Case:
    """Keep the mask's labels only, numbered anew."""
    present = [label for label in case.mask.unique().tolist() if label != 255]
    numbers = torch.full((256,), 255)
    numbers[present] = torch.arange(len(present))
    some = case.probabilities[present]
    return Case(some / some.sum(0), case.image, numbers[case.mask])


def pydensecrf(case: Case, parameters: CRFParameters) -> Tensor:
    from pydensecrf.densecrf import DenseCRF2D

    labels, height, width = case.probabilities.shape
    crf = DenseCRF2D(width, height, labels)
    crf.setUnaryEnergy(-case.probabilities.clamp(min=1e-5).log_().reshape(labels, -1).contiguous().numpy())
    crf.addPairwiseGaussian(sxy=parameters.spatial_sigma, compat=parameters.spatial_weight)
    crf.addPairwiseBilateral(
        sxy=parameters.bilateral_sigma,
        srgb=parameters.colour_sigma,
        rgbim=np.ascontiguousarray(case.image.movedim(0, -1).numpy()),
        compat=parameters.bilateral_weight,
    )
    return torch.from_numpy(np.asarray(crf.inference(parameters.iterations))).view(labels, height, width)


def timed(runs: dict[str, Callable[[], Tensor]], repeats: int) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Return the median milliseconds and the result of each, having them take turns."""
    taken: dict[str, list[float]] = defaultdict(list)
    results = {}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            results[name] = run()
            taken[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(times) for name, times in taken.items()}, results


def compare(pictures: list[Case], parameters: CRFParameters, repeats: int) -> dict[str, float]:
    warm, pruned = DenseCRF(parameters), DenseCRF(parameters, prune=PRUNE)
    rows = []
    for case in pictures:
        runs = {
            "pydensecrf": lambda case=case: pydensecrf(case, parameters),
            "cold": lambda case=case: DenseCRF(parameters)(case.probabilities, case.image),
            "warm": lambda case=case: warm(case.probabilities, case.image),
            "pruned": lambda case=case: pruned(case.probabilities, case.image),
        }
        warm(case.probabilities, case.image)
        pruned(case.probabilities, case.image)
        rows.append((case, *timed(runs, repeats)))
    return summary(rows)


def summary(rows: list[tuple[Case, dict[str, float], dict[str, Tensor]]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("pydensecrf", "cold", "warm", "pruned"):
        found[f"{name}_ms"] = statistics.median(times[name] for _, times, _ in rows)
    for name in ("cold", "warm", "pruned"):
        ratios = [times[name] / times["pydensecrf"] for _, times, _ in rows]
        found[f"{name}_ratio"] = statistics.median(ratios)
        found[f"{name}_ratio_worst"] = max(ratios)
    for name in ("warm", "pruned"):
        same = [(q[name].argmax(0) == q["pydensecrf"].argmax(0)).double().mean().item() for *_, q in rows]
        found[f"{name}_agreement_mean"], found[f"{name}_agreement_min"] = statistics.mean(same), min(same)
    found["max_abs_dq"] = max((q["warm"] - q["pydensecrf"]).abs().max().item() for *_, q in rows)
    found["labels_median"] = statistics.median(len(case.probabilities) for case, *_ in rows)
    return found


def miou(pairs: Iterator[tuple[Tensor, Tensor]]) -> float:
    total = sum(confusion_matrix(prediction, mask, LABELS) for prediction, mask in pairs)
    return torch.nanmean(class_iou(total)).item()


def quality(pictures: list[Case]) -> dict[str, float]:
    """Return the mIoU of all labels without a CRF, with each parameters, and with pydensecrf's."""
    found = {"none": miou((case.probabilities.argmax(0), case.mask) for case in pictures)}
    for name, parameters in PARAMETERS.items():
        crf = DenseCRF(parameters)
        found[name] = miou((crf(case.probabilities, case.image).argmax(0), case.mask) for case in pictures)
        found[f"{name}, pydensecrf"] = miou((pydensecrf(c, parameters).argmax(0), c.mask) for c in pictures)
    return found


def gradient_ms(case: Case, parameters: CRFParameters, repeats: int) -> dict[str, float]:
    """Return the milliseconds of a forward pass that records, and of the backward pass."""
    crf = DenseCRF(parameters)
    forward, backward = [], []
    gradient = torch.randn(case.probabilities.shape, generator=torch.Generator().manual_seed(0))
    for _ in range(repeats):
        leaf = case.probabilities.clone().requires_grad_()
        start = time.process_time()
        marginals = crf(leaf, case.image)
        middle = time.process_time()
        marginals.backward(gradient)
        forward.append(1e3 * (middle - start))
        backward.append(1e3 * (time.process_time() - middle))
    return {"forward_ms": statistics.median(forward), "backward_ms": statistics.median(backward)}


COLUMNS = (
    "parameters, labels", "pydensecrf2 ms", "cold", "warm", "pruned", "ratio cold", "warm (worst)", "pruned",
    "agreement, worst", "max abs dQ", "pruned agreement (worst)",
)  # fmt: skip


def table_row(name: str, row: dict[str, float]) -> str:
    times = " | ".join(f"{row[f'{side}_ms']:.0f}" for side in ("pydensecrf", "cold", "warm", "pruned"))
    ratios = (
        f"{row['cold_ratio']:.2f} | {row['warm_ratio']:.2f} ({row['warm_ratio_worst']:.2f}) | "
        f"{row['pruned_ratio']:.2f}"
    )
    same = f"{row['warm_agreement_min']:.6f} | {row['max_abs_dq']:.0e}"
    pruned = f"{row['pruned_agreement_mean']:.5f} ({row['pruned_agreement_min']:.5f})"
    return f"| {name} | {times} | {ratios} | {same} | {pruned} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photographs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--side", type=int, default=400, help="long side, pixels")
    options = parser.parse_args()
    if not VOC.exists():
        sys.exit(f"{VOC.name} is not here: set WELDON_DATA to the folder that holds it")
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    pictures = list(cases(options.photographs, side=options.side))
    tables = {}
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    for name, parameters in PARAMETERS.items():
        for labels, some in (("all", pictures), ("in play", [in_play(case) for case in pictures])):
            tables[f"{name}, {labels}"] = compare(some, parameters, options.repeats)
            print(table_row(f"{name}, {labels}", tables[f"{name}, {labels}"]), flush=True)
    gradients = {n: gradient_ms(pictures[0], p, options.repeats) for n, p in PARAMETERS.items()}
    found = {"mIoU": quality(pictures), "gradient": gradients, "load_at_start": load}
    print(found)
    shape = {"photographs": options.photographs, "repeats": options.repeats, "side": options.side}
    print(write_results("dense_crf", {**shape, "tables": tables, **found}))


if __name__ == "__main__":
    main()
