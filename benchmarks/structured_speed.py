"""One evaluation of Eq. 7 and its slope over many bags: the package against four loops, time and memory.

python benchmarks/structured_speed.py       # 10,000 bags of 100 instances of 1,280 features: 5 GB, 3 minutes

The seconds are those of the processor for the process, so that other work beside it counts little.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable

import numpy as np
import torch

from provenance import write_results
from weldon.structured import BagDataset, LinearScores, MultiLabel, Problem, build_latent_rule, pack

Answer = tuple[float, np.ndarray]
DECAY = 0.01


CLASSES, ROUNDS = 20, 2
SHAPES = {"deep features": (100, 1280), "small bags": (10, 64)}  # instances, features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bags", type=int, default=10_000)
    bags = parser.parse_args().bags
    shapes = {name: measure(name, bags, *shape) for name, shape in SHAPES.items()}
    values = {"bags": bags, "classes": CLASSES, "threads": torch.get_num_threads(), "shapes": shapes}
    write_results("structured_speed", values)


def measure(name: str, bags: int, instances: int, features: int) -> dict[str, object]:
    """Seconds and memory of each way on bags of this shape."""
    data = make_data(bags, instances, features, CLASSES)
    rows = {way.__name__: in_a_child(way, data) for way in WAYS}
    agree([row.pop("answer") for row in rows.values()])
    for way, row in rows.items():
        row["times_the_package"] = row["seconds"] / rows["package"]["seconds"]
        print(
            f"{name}: {way:18} {row['seconds']:8.2f} s, {row['times_the_package']:6.1f} times the package, "
            f"{row['extra_gigabytes']:5.2f} GB beside the features",
            flush=True,
        )
    return {"instances": instances, "features": features, "rows": rows}


def make_data(bags: int, instances: int, features: int, classes: int) -> tuple[np.ndarray, ...]:
    """Features ``(N, R, F)`` float32, labels ``(N, C)``, weights ``(C, F)``."""
    random = np.random.default_rng(0)
    values = random.random((bags, instances, features), dtype=np.float32)
    values -= 0.5
    labels = (random.random((bags, classes)) < 0.2).astype(np.float64)
    return values, labels, random.normal(scale=0.05, size=(classes, features)).astype(np.float32)


def package(values: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Callable[[], Answer]:
    count, size, width = values.shape
    bags = BagDataset(values.reshape(-1, width), np.arange(count + 1) * size)
    target = torch.from_numpy(labels)
    problem = Problem(pack(bags), target, None, MultiLabel(), build_latent_rule("mantra"), DECAY)
    linear = LinearScores(problem.bags.values, len(weight), False)

    def evaluate() -> Answer:
        vector = torch.from_numpy(weight).double().flatten().requires_grad_()
        objective = problem.objective(linear.scores(vector), [vector])
        objective.backward()
        return float(objective.detach()), vector.grad.numpy()

    return evaluate


def loop_over_bags(values: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Callable[[], Answer]:
    """A product a bag for all classes together."""

    def evaluate() -> Answer:
        loss, slope = 0.0, DECAY * weight.astype(np.float64)
        for bag, present in zip(values, labels, strict=True):
            scores = bag @ weight.T  # (R, C)
            high, low = scores.argmax(0), scores.argmin(0)
            pooled = (scores.max(0) + scores.min(0)) / 2
            sign = 2 * present - 1
            hinge = 1 - sign * pooled
            loss += np.maximum(hinge, 0).sum()
            pull = np.where(hinge > 0, -sign, 0.0)[:, None] / len(values)
            slope += pull * (bag[high] + bag[low]) / 2
        return loss / len(values) + decay(weight), slope.ravel()

    return evaluate


def loop_in_pytorch(values: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Callable[[], Answer]:
    """The same with PyTorch's own derivative, bag by bag, as most code for bags goes."""
    bags, target = torch.from_numpy(values), torch.from_numpy(labels).float()

    def evaluate() -> Answer:
        leaf = torch.from_numpy(weight).requires_grad_()
        loss = 0.0
        for bag, present in zip(bags, target, strict=True):
            scores = bag @ leaf.T  # (R, C)
            pooled = (scores.max(dim=0).values + scores.min(dim=0).values) / 2
            hinge = torch.relu(1 - (2 * present - 1) * pooled).sum() / len(bags)
            hinge.backward()
            loss += float(hinge.detach())
        slope = leaf.grad.numpy().astype(np.float64) + DECAY * weight
        return loss + decay(weight), slope.ravel()

    return evaluate


def loop_over_classes(values: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Callable[[], Answer]:
    """A product a bag and class."""
    return _one_by_one(values, labels, weight, lambda bag, one: bag @ one)


def loop_over_answers(values: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> Callable[[], Answer]:
    """As the equations are written: for each bag and class, the best and the worst instance one by one."""
    return _one_by_one(values, labels, weight, lambda bag, one: [float(instance @ one) for instance in bag])


def _one_by_one(
    values: np.ndarray, labels: np.ndarray, weight: np.ndarray, score: Callable
) -> Callable[[], Answer]:
    def evaluate() -> Answer:
        loss, slope = 0.0, DECAY * weight.astype(np.float64)
        for bag, present in zip(values, labels, strict=True):
            for label, one in enumerate(weight):
                scores = score(bag, one)
                high, low = int(np.argmax(scores)), int(np.argmin(scores))
                sign = 2 * present[label] - 1
                hinge = 1 - sign * (scores[high] + scores[low]) / 2
                if hinge > 0:
                    loss += hinge
                    slope[label] -= sign * (bag[high] + bag[low]) / 2 / len(values)
        return loss / len(values) + decay(weight), slope.ravel()

    return evaluate


def decay(weight: np.ndarray) -> float:
    return DECAY / 2 * float((weight.astype(np.float64) ** 2).sum())


WAYS = (package, loop_over_bags, loop_in_pytorch, loop_over_classes, loop_over_answers)


def in_a_child(way: Callable, data: tuple[np.ndarray, ...]) -> dict[str, object]:
    """Run in a process that shares the features with this one, so that its peak is its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(sender, way, data))
    child.start()
    answer = receiver.recv()
    child.join()
    return answer


def _measure(sender, way, data: tuple[np.ndarray, ...]) -> None:
    before = peak()
    evaluate = way(*data)
    seconds = []
    for _ in range(1 if way is loop_over_answers else ROUNDS):
        started = time.process_time()
        answer = evaluate()
        seconds.append(time.process_time() - started)
    sender.send({"seconds": min(seconds), "extra_gigabytes": (peak() - before) / 1e9, "answer": answer})


def peak() -> int:
    """Most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def agree(answers: list[Answer]) -> None:
    """Refuse to report ways that do not compute the same."""
    for objective, slope in answers[1:]:
        np.testing.assert_allclose(objective, answers[0][0], rtol=1e-4)
        np.testing.assert_allclose(slope, answers[0][1], atol=1e-4)


if __name__ == "__main__":
    main()
