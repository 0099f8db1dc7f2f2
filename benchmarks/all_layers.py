"""All layers trained on two cores: what each ingredient gains over plain training; pooling against pooling.

Parts of the photographs' training images learn, others of them are held back and choose; val is not looked
at for ingredients. Small pictures and few epochs, so that it is minutes a row: what is compared is rows.

ingredients   plain: AdamW, body at a tenth of the rate, mirror images, from a random head; from a head fitted
              on the maps of the unchanged backbone; with fixed BatchNorm statistics too; then one more
poolings      from the fitted head, whose rate a fifth of the images chooses, with fixed BatchNorm statistics
              and larger pictures; learnt from a part of VOC 2007's train, measured on its val once

python benchmarks/all_layers.py ingredients   # resumes
python benchmarks/all_layers.py poolings      # resumes
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as change

from photographs import DATA
from provenance import commit, read_results, write_results
from weldon.data import Record, read_labels
from weldon.data.dataset import encode_targets
from weldon.data.image import load_reduced
from weldon.losses import logistic_loss
from weldon.metrics import average_precision
from weldon.models import WeldonNet, create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.models.region_net import cell_mask
from weldon.training.module import rate_factor

SETS = {
    "VOC 2007": (DATA / "voc2007" / "VOCdevkit" / "VOC2007", None),
    "animals": (DATA / "voc2012-animals", None),
    "steel": (DATA / "steel-defects", DATA / "steel-defects" / "labels.csv"),
}
LEARN, HOLD = 600, 400  # training images of each set; steel has 300 to hold back
BATCH, EPOCHS, LR, DECAY = 16, 6, 1e-3, 1e-2
HEAD_EPOCHS, HEAD_LR = 15, 0.03
HEAD_RATES = (0.03, 0.3, 3.0)  # of poolings, each of which takes its own
AVERAGED = 0.98  # what stays of the averaged weights at a step


@dataclass(frozen=True)
class Way:
    """How a network learns, beside the plain way."""

    head_first: bool = True
    fixed_statistics: bool = True
    by_layer: float = 1.0  # what is left of the rate one stage further down
    body: float = 0.1
    change: str = ""


WAYS = {
    "plain": Way(head_first=False, fixed_statistics=False),
    "from the fitted head": Way(fixed_statistics=False),
    "BatchNorm statistics fixed": Way(),
    "body at a thirtieth of the rate": Way(body=0.03),
    "body at a third of the rate": Way(body=0.3),
    "rates that fall by layer (0.75 a stage)": Way(by_layer=0.75),
    "crops of 60 % and more": Way(change="crop"),
    "random size and place on the canvas": Way(change="place"),
    "TrivialAugment": Way(change="trivial"),
}
POOLINGS: dict[str, dict[str, Any]] = {
    "average": {"pool": "avg"},
    "WELDON 20 %": {"pool": "weldon", "k_max": 0.2},
    "max": {"pool": "max"},
    "MANTRA": {"pool": "mantra"},
    "highest 20 % alone": {"pool": "weldon", "k_max": 0.2, "k_min": 0},
    "WELDON, 20 % for and 50 % against": {"pool": "weldon", "k_max": 0.2, "k_min": 0.5},
}


class Pictures:
    """Decoded pictures ``(3, h, w)`` uint8, their targets ``(N, C)`` and which of them are known."""

    def __init__(self, records: Sequence[Record], classes: Sequence[str], side: int) -> None:
        self.side = side
        self.target, self.known = encode_targets(records, classes)
        self.pictures = [self._read(record) for record in records]

    def part(self, which: slice) -> Pictures:
        """Return some of them."""
        some = copy.copy(self)
        some.pictures = self.pictures[which]
        some.target, some.known = self.target[which], self.known[which]
        return some

    def _read(self, record: Record) -> Tensor:
        image, _ = load_reduced(record.path, lambda w, h: (self.side, self.side))
        scale = self.side / max(image.size)
        size = [max(1, round(length * scale)) for length in image.size]
        return change.pil_to_tensor(image.resize(size, Image.Resampling.BILINEAR))

    def batch(
        self, places: Sequence[int], vary: Callable[[Tensor], Tensor] | None = None, *, anywhere: bool = False
    ) -> dict[str, Tensor]:
        """Return images ``(N, 3, S, S)``, mask ``(N, S, S)``, target, known; at the top left or anywhere."""
        images = torch.zeros(len(places), 3, self.side, self.side, dtype=torch.uint8)
        mask = torch.zeros(len(places), self.side, self.side, dtype=torch.bool)
        for number, place in enumerate(places):
            picture = self.pictures[place]
            if vary is not None:
                picture = vary(picture)
            h, w = picture.shape[1:]
            room = (self.side - h, self.side - w)
            top, left = (int(torch.randint(0, free + 1, ())) if anywhere else 0 for free in room)
            images[number, :, top : top + h, left : left + w] = picture
            mask[number, top : top + h, left : left + w] = True
        index = torch.tensor(places)
        return {"image": images, "mask": mask, "target": self.target[index], "known": self.known[index]}


def varied(picture: Tensor, kind: str) -> Tensor:
    """Return the picture as a training step sees it: mirrored by chance, and changed as ``kind`` says."""
    if torch.rand(()) < 0.5:
        picture = change.horizontal_flip(picture)
    h, w = picture.shape[1:]
    if kind == "crop":
        share = float(torch.empty(()).uniform_(0.6, 1)) ** 0.5
        height, width = max(1, round(h * share)), max(1, round(w * share))
        top, left = (int(torch.randint(0, room + 1, ())) for room in (h - height, w - width))
        return change.resized_crop(picture, top, left, height, width, [h, w])
    if kind == "place":
        share = float(torch.empty(()).uniform_(0.6, 1))
        return change.resize(picture, [max(1, round(h * share)), max(1, round(w * share))])
    if kind == "trivial":
        trivial: Tensor = v2.TrivialAugmentWide()(picture)
        return trivial
    return picture


@torch.no_grad()
def frozen_maps(net: WeldonNet, pictures: Pictures) -> tuple[Tensor, Tensor]:
    """Return what the unchanged backbone makes of the pictures: maps ``(N, F, h, w)`` and their masks."""
    net.eval()
    count = len(pictures.pictures)
    made = [pictures.batch(range(at, min(at + 32, count))) for at in range(0, count, 32)]
    maps = torch.cat([net.features(net.prepared(b["image"], b["mask"])).half() for b in made])
    side = (maps.shape[2], maps.shape[3])
    return maps, torch.cat([cell_mask(b["mask"], side) for b in made])


def head_scores(net: WeldonNet, maps: Tensor, mask: Tensor) -> Tensor:
    scores: Tensor = net.pool(net.transfer(maps.float()), mask)
    return scores


def fit_head(net: WeldonNet, pictures: Pictures, maps: Tensor, mask: Tensor, lr: float = HEAD_LR) -> None:
    """Fit transfer layer and pooling on the maps of the unchanged backbone, by SGD with momentum."""
    optimizer = torch.optim.SGD(net.transfer.parameters(), lr=lr, momentum=0.9, weight_decay=1e-3)
    steps = HEAD_EPOCHS * -(-len(maps) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, partial(rate_factor, total=steps, warmup=0.05, schedule="cosine")
    )
    for _ in range(HEAD_EPOCHS):
        for places in torch.randperm(len(maps)).split(BATCH):
            scores = head_scores(net, maps[places], mask[places])
            optimizer.zero_grad()
            logistic_loss(scores, pictures.target[places], pictures.known[places]).backward()
            optimizer.step()
            schedule.step()


def best_rate(net: WeldonNet, pictures: Pictures, maps: Tensor, mask: Tensor) -> float:
    """Return the rate whose head, fitted on four fifths of the images, ranks the others best."""
    first = len(maps) // 5
    learnt, held = pictures.part(slice(first, None)), pictures.part(slice(first))

    def reached(lr: float) -> float:
        trial = copy.deepcopy(net)
        fit_head(trial, learnt, maps[first:], mask[first:], lr)
        scores = scored_maps(trial, maps[:first], mask[:first])
        return figure(scores, held) if scores.isfinite().all() else 0.0

    return max(HEAD_RATES, key=reached)


@torch.inference_mode()
def scored_maps(net: WeldonNet, maps: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([head_scores(net, *part) for part in zip(maps.split(64), mask.split(64), strict=True)])


def groups(net: WeldonNet, way: Way) -> list[dict[str, Any]]:
    """Return the parameters with their rates: the head, and the body stage by stage."""
    model = net.backbone.model
    stages = [
        [model.conv_stem, model.bn1],
        *([block] for block in model.blocks),
        [model.conv_head, model.bn2],
    ]
    body = [
        {
            "params": [p for part in stage for p in part.parameters()],
            "lr": LR * way.body * way.by_layer**depth,
        }
        for depth, stage in enumerate(reversed(stages))
    ]
    return [{"params": list(net.transfer.parameters()), "lr": LR}, *body]


def learn(net: WeldonNet, way: Way, pictures: Pictures, epochs: int) -> nn.Module:
    """Train all layers; return the network with averaged weights."""
    averaged = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGED), use_buffers=True
    )
    optimizer = torch.optim.AdamW(groups(net, way), weight_decay=DECAY)
    count = len(pictures.pictures)
    factor = partial(rate_factor, total=epochs * -(-count // BATCH), warmup=0.05, schedule="cosine")
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    for _ in range(epochs):
        net.train()
        for module in net.backbone.modules():
            if way.fixed_statistics and isinstance(module, nn.BatchNorm2d):
                module.eval()
        for places in torch.randperm(count).split(BATCH):
            vary = partial(varied, kind=way.change)
            batch = pictures.batch(places.tolist(), vary, anywhere=way.change == "place")
            optimizer.zero_grad()
            logistic_loss(net(batch["image"], batch["mask"]), batch["target"], batch["known"]).backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(net)
    return averaged.module


@torch.inference_mode()
def scored(net: nn.Module, pictures: Pictures, *, mirror: bool = False) -> Tensor:
    net.eval()
    parts = []
    for at in range(0, len(pictures.pictures), 32):
        batch = pictures.batch(
            range(at, min(at + 32, len(pictures.pictures))), change.horizontal_flip if mirror else None
        )
        parts.append(net(batch["image"], batch["mask"]))
    return torch.cat(parts)


def figure(scores: Tensor, pictures: Pictures) -> float:
    return float(average_precision(scores, pictures.target, pictures.known).nanmean())


def drawn(records: Sequence[Record], count: int, seed: int) -> list[Record]:
    order = torch.randperm(len(records), generator=torch.Generator().manual_seed(seed)).tolist()
    return [records[place] for place in order[:count]]


def ingredients(seed: int, side: int, names: Sequence[str], titles: Sequence[str]) -> None:
    for title in titles:
        labels = read_labels(*SETS[title])
        train = drawn([r for r in labels.records if r.split == "train"], LEARN + HOLD, seed)
        learnt, held = (Pictures(part, labels.classes, side) for part in (train[:LEARN], train[LEARN:]))
        for name in names:
            key = f"{title}, {side} px, seed {seed}: {name}"
            if key in read_results("all_layers"):
                continue
            began = time.perf_counter()
            torch.manual_seed(seed)
            net = create_model(DEFAULT_MODEL, len(labels.classes), pool="weldon", k_max=0.2, k_min=0.5)
            found: dict[str, Any] = {"commit": commit()}
            if WAYS[name].head_first:
                fit_head(net, learnt, *frozen_maps(net, learnt))
                found["the head alone"] = figure(scored(net, held), held)
            averaged = learn(net, WAYS[name], learnt, EPOCHS)
            own, mirror = scored(net, held), scored(net, held, mirror=True)
            found |= {
                "held back": figure(own, held),
                "and its mirror image": figure(own + mirror, held),
                "averaged weights": figure(scored(averaged, held), held),
                "seconds": round(time.perf_counter() - began),
            }
            print(key, found, flush=True)
            write_results("all_layers", {**read_results("all_layers"), key: found})


def poolings(seed: int, side: int, images: int, epochs: int) -> None:
    labels = read_labels(*SETS["VOC 2007"])
    train, val = ([r for r in labels.records if r.split == split] for split in ("train", "val"))
    learnt = Pictures(drawn(train, images, seed), labels.classes, side)
    measured = Pictures(val, labels.classes, side)
    before: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None  # the same for every pooling
    for name, options in POOLINGS.items():
        key = f"VOC 2007 val, {images} images, {side} px, {epochs} epochs, seed {seed}, fixed: {name}"
        if key in read_results("all_layers"):
            continue
        began = time.perf_counter()
        torch.manual_seed(seed)
        net = create_model(DEFAULT_MODEL, len(labels.classes), **options)
        before = before or (frozen_maps(net, learnt), frozen_maps(net, measured))
        rate = best_rate(net, learnt, *before[0])
        fit_head(net, learnt, *before[0], rate)
        head = figure(scored_maps(net, *before[1]), measured)
        learn(net, Way(), learnt, epochs)
        found = {
            "commit": commit(),
            "rate of the head": rate,
            "the head alone": head,
            "all layers": figure(scored(net, measured), measured),
        }
        found["seconds"] = round(time.perf_counter() - began)
        print(key, found, flush=True)
        write_results("all_layers", {**read_results("all_layers"), key: found})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", choices=["ingredients", "poolings"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--side", type=int, help="pixels of a canvas [160; poolings 320]")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS), help="of ingredients")
    parser.add_argument("--images", type=int, default=1000, help="training images of poolings")
    parser.add_argument("--epochs", type=int, default=4, help="of poolings")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    for seed in options.seeds:
        if options.part == "ingredients":
            ingredients(seed, options.side or 160, options.ways, options.sets)
        else:
            poolings(seed, options.side or 320, options.images, options.epochs)


if __name__ == "__main__":
    main()
