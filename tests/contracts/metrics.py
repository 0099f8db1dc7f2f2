"""What every accumulator promises, and the worker with which processes are compared to one."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.distributed as dist

from weldon.errors import UsageError
from weldon.metrics import AveragePrecision, MeanIoU, TopKAccuracy


class AccumulatorContract:
    """Inherit, and say how to build the accumulator, its batches (without index) and what the function gives.

    Batches must hold tensors or lists with one entry an image.
    """

    def accumulator(self):
        raise NotImplementedError

    def batches(self) -> list[dict]:
        raise NotImplementedError

    def expected(self) -> torch.Tensor:
        raise NotImplementedError

    def numbered(self) -> list[dict]:
        """Return the batches with an index, counted on."""
        numbered, start = [], 0
        for batch in self.batches():
            count = len(next(iter(batch.values())))
            numbered.append({**batch, "index": torch.arange(start, start + count)})
            start += count
        return numbered

    def filled(self, batches):
        metric = self.accumulator()
        for batch in batches:
            metric.update(**batch)
        return metric

    def check(self, metric):
        torch.testing.assert_close(metric.compute(), self.expected(), equal_nan=True)

    def test_batches_equal_the_whole_set(self):
        self.check(self.filled(self.batches()))

    def test_repeated_images_count_once(self):
        batches = self.numbered()
        self.check(self.filled([*batches, batches[0], batches[0]]))

    def test_order_of_batches_does_not_matter(self):
        self.check(self.filled(self.numbered()[::-1]))

    def test_reset_forgets_everything(self):
        metric = self.filled(self.batches())
        metric.reset()
        for batch in self.batches():
            metric.update(**batch)
        self.check(metric)

    def test_a_copy_and_a_pickle_carry_their_rows(self):
        metric = self.filled(self.batches())
        self.check(copy.deepcopy(metric))
        self.check(pickle.loads(pickle.dumps(metric)))

    def test_negative_index_is_refused(self):
        batch = self.numbered()[0]
        with pytest.raises(UsageError, match=r"index must be 0 or more, got -1$"):
            self.filled([{**batch, "index": batch["index"] - 1}])

    @pytest.mark.filterwarnings("error:The ``compute`` method:UserWarning")
    @pytest.mark.filterwarnings("ignore:.*nothing to measure:UserWarning")
    def test_nothing_seen_is_nothing_measured(self):
        empty = self.accumulator().compute()
        assert empty.numel() == 0 or (empty.isnan() | (empty == 0)).all()

    def test_arguments_are_left_alone(self):
        batches = self.numbered()
        before = copy.deepcopy(batches)
        self.filled(batches)
        for batch, old in zip(batches, before, strict=True):
            for name, value in batch.items():
                torch.testing.assert_close(value, old[name], equal_nan=True)


def scored_set(count=37, classes=4):
    """Return scores with ties, labels, what is known, single labels, and masks of a seeded set."""
    generator = torch.Generator().manual_seed(3)
    scores = torch.randint(-40, 40, (count, classes), generator=generator) / 2.0
    target = torch.rand(count, classes, generator=generator).lt(0.3).float()
    known = torch.rand(count, classes, generator=generator).lt(0.9)
    single = torch.randint(classes, (count,), generator=generator)
    masks = torch.randint(classes, (2, count, 5, 6), generator=generator)
    return scores, target, known, single, masks


def process(rank: int, world: int, folder: str) -> None:
    """Compute in one of several processes, with repeated images and then with an idle last process."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    computed = {
        "repeated images": measure_share(rank, dealers=world),
        "idle process": measure_share(rank, dealers=world - 1),
    }
    torch.save(computed, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def measure_share(rank: int, *, dealers: int) -> list[torch.Tensor]:
    """Feed one process its share, as a distributed sampler would, and return what it computes.

    The sampler deals images in turn and repeats the first ones until all dealers have as many.
    """
    scores, target, known, single, masks = scored_set()
    count, classes = scores.shape
    dealt = torch.arange(-(-count // dealers) * dealers) % count
    mine = dealt[rank::dealers] if rank < dealers else dealt[:0]
    metrics = AveragePrecision(classes), TopKAccuracy(classes, k=2), MeanIoU(classes)
    for index in mine.split(8) if len(mine) else ():
        metrics[0].update(scores[index], target[index], known[index], index=index)
        metrics[1].update(scores[index], single[index], index=index)
        metrics[2].update(masks[0, index], masks[1, index], index=index)
    return [metric.compute() for metric in metrics]
