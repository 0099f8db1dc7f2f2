"""Table 9: seconds to learn one epoch of VOC 2007, VGG16-WELDON against ResNet-101-WELDON, by image size.

Forward and backward of an image of noise are timed and multiplied up to the 5,011 images of an epoch; reading
images and the optimiser's step are left out on both sides. The seconds are those of the processor for this
process, so that other work beside it counts little. The paper's are a GPU's: compare the ratio of the two
networks. Weights do not matter to the time and are random.

OMP_NUM_THREADS=1 python benchmarks/table9.py  # about 5 minutes on one core
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from typing import Any

import torch

import weldon
from provenance import write_results
from weldon.device import keep_freed_memory
from weldon.evaluation.object_bank import table3_count
from weldon.losses import logistic_loss

SIZES = {224: 224, 320: 320, 448: 448, 560: 576, 747: 768}  # the paper's, and the next whole number of cells
NETWORKS = {"VGG16-WELDON": "vgg16", "ResNet-WELDON": "resnet101"}
PAPER = {
    "VGG16-WELDON": {224: 91, 320: 193, 448: 391, 560: 682, 747: 1302},
    "ResNet-WELDON": {224: 75, 320: 150, 448: 286, 560: 480, 747: 866},
}
EPOCH = 5_011
CLASSES = 20


def seconds_an_image(net: torch.nn.Module, size: int, batch: int, repeats: int) -> float:
    """Return the median time of forward and backward for one image; the first round only warms up."""
    images = torch.randn(batch, 3, size, size)
    target = torch.zeros(batch, CLASSES)
    taken = []
    for _ in range(repeats + 1):
        net.zero_grad(set_to_none=True)
        started = time.process_time()
        logistic_loss(net(images), target).backward()
        taken.append(time.process_time() - started)
    return statistics.median(taken[1:]) / batch


def measure(batch: int, repeats: int) -> dict[int, dict[str, Any]]:
    """Return both networks at every size: seconds an image, an epoch of VOC 2007, and their ratio."""
    rows: dict[int, dict[str, Any]] = {}
    for title, name in NETWORKS.items():
        for paper_size, size in SIZES.items():
            k = table3_count(size)
            # VGG's 7 x 7 convolution leaves fewer cells than Table 3 counts, one at 224 px: k is cut to them.
            net = weldon.create_model(name, num_classes=CLASSES, weights="none", k_max=k, k_min=k).train()
            one = seconds_an_image(net, size, batch, repeats)
            row = rows.setdefault(paper_size, {"image_size": size})
            row[title] = {"image": one, "epoch": one * EPOCH, "paper": PAPER[title][paper_size]}
            print(f"{title:14} {size} px  {one:.3f} s an image", flush=True)
            del net
            gc.collect()
    for row in rows.values():
        vgg, resnet = (row[title] for title in NETWORKS)
        row["ratio"] = vgg["image"] / resnet["image"]
        row["paper_ratio"] = vgg["paper"] / resnet["paper"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    rows = measure(options.batch, options.repeats)
    print(
        "\nimage size; extrapolated seconds an epoch of VGG16, of ResNet-101; their ratio, the paper's ratio"
    )
    for row in rows.values():
        vgg, resnet = (row[title]["epoch"] for title in NETWORKS)
        print(f"{row['image_size']} {vgg:9.0f} {resnet:9.0f} {row['ratio']:9.2f} {row['paper_ratio']:9.2f}")
    print(f"\nwritten to {write_results('table9', {'batch': options.batch, 'rows': rows})}")


if __name__ == "__main__":
    main()
