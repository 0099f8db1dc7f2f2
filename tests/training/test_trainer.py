"""The order of the batches follows from seed and epoch alone, and the trainer from the recipe."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest
import torch

from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.callbacks import BestWeights, Patience
from weldon.training.trainer import Loaders, build_trainer


class Numbers:
    """The numbers from 0, which remember the epoch they were told."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        return index

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


def order(*, epoch: int = 0, seed: int = 0, rank: int = 0, world: int = 1, part: str = "train"):
    """The batches of an epoch, in loaders that were built for it alone."""
    loaders = Loaders(Numbers(10), Numbers(7), collate_fn=list, batch_size=4, workers=0, seed=seed)
    loaders.trainer = SimpleNamespace(current_epoch=epoch, world_size=world, global_rank=rank)
    return list(loaders.train_dataloader() if part == "train" else loaders.val_dataloader())


def flat(batches) -> list[int]:
    return [number for batch in batches for number in batch]


def test_every_image_comes_once_an_epoch():
    batches = order()
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(flat(batches)) == list(range(10))


def test_a_resumed_run_sees_the_order_it_would_have_seen():
    assert order(epoch=3) == order(epoch=3)
    assert order(epoch=3) != order(epoch=2)
    assert order(epoch=3, seed=1) != order(epoch=3)


def test_validation_keeps_the_order_of_the_records():
    assert flat(order(part="val", epoch=5, seed=2)) == list(range(7))


def test_processes_share_the_images_out():
    shares = [flat(order(rank=rank, world=2, epoch=1)) for rank in range(2)]
    assert [len(share) for share in shares] == [5, 5]
    assert sorted(shares[0] + shares[1]) == list(range(10))


def test_the_figures_of_the_end_are_of_all_images_in_every_process():
    loaders = Loaders(Numbers(10), Numbers(7), collate_fn=list, batch_size=4, workers=0, seed=0)
    loaders.trainer = SimpleNamespace(current_epoch=3, world_size=2, global_rank=1)
    assert list(loaders.every_val_batch()) == order(part="val")


@pytest.mark.parametrize("epoch", [0, 4])
def test_augmentation_is_told_the_epoch(epoch):
    train = Numbers(4)
    loaders = Loaders(train, Numbers(1), collate_fn=list, batch_size=2, workers=0, seed=0)
    loaders.trainer = SimpleNamespace(current_epoch=epoch, world_size=1, global_rank=0)
    loaders.train_dataloader()
    assert train.epoch == epoch


def test_without_a_trainer_the_first_epoch_is_meant():
    loaders = Loaders(Numbers(10), Numbers(7), collate_fn=list, batch_size=4, workers=0, seed=0)
    assert list(loaders.train_dataloader()) == order(epoch=0)


class Processes(Numbers):
    """The process that reads each item, and the epoch that it knows of."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        self.epoch.fill_(epoch)

    def __getitem__(self, index: int) -> tuple[int, int, int]:
        return os.getpid(), int(self.epoch), index


def test_the_processes_that_read_live_through_the_run_and_follow_its_epochs():
    loaders = Loaders(Processes(6), Processes(1), collate_fn=list, batch_size=2, workers=1, seed=0)
    seen = {}
    for epoch in range(2):
        loaders.trainer = SimpleNamespace(current_epoch=epoch, world_size=1, global_rank=0)
        seen[epoch] = flat(loaders.train_dataloader())
        assert [image for *_, image in seen[epoch]] == flat(order_of(6, epoch))
    loaders.teardown("fit")
    (process,) = {process for items in seen.values() for process, *_ in items}
    assert process != os.getpid()
    assert [{epoch for _, epoch, _ in items} for items in seen.values()] == [{0}, {1}]


def order_of(count: int, epoch: int):
    loaders = Loaders(Numbers(count), Numbers(1), collate_fn=list, batch_size=2, workers=0, seed=0)
    loaders.trainer = SimpleNamespace(current_epoch=epoch, world_size=1, global_rank=0)
    return list(loaders.train_dataloader())


class Batched(Numbers):
    """Numbers that come as whole batches, with the thread that read them."""

    def __getitems__(self, indices: list[int]) -> list[tuple[str, int]]:
        return [(threading.current_thread().name, index) for index in indices]


def test_whole_batches_are_read_ahead_in_a_thread_in_the_same_order():
    loaders = Loaders(Batched(10), Batched(7), collate_fn=list, batch_size=4, workers=0, seed=0)
    assert loaders.read_in_a_thread
    batches = loaders.train_dataloader()
    assert len(batches) == 3
    threads, numbers = zip(*flat(batches), strict=True)
    assert list(numbers) == flat(order())
    assert not any(name == threading.current_thread().name for name in threads)
    assert [number for _, number in flat(loaders.val_dataloader())] == list(range(7))


def test_a_pass_of_its_own_has_the_batches_of_the_epoch():
    loaders = Loaders(Numbers(10), Numbers(7), collate_fn=list, batch_size=4, workers=0, seed=0)
    loaders.trainer = SimpleNamespace(current_epoch=3, world_size=1, global_rank=0)
    assert list(loaders.every_train_batch()) == list(loaders.train_dataloader()) == order(epoch=3)


def trainer(tmp_path, *, steps=1, **options):
    recipe = build_recipe({"data": ".", "device": "cpu", **options})
    run = RunDirectory(tmp_path)
    best = BestWeights(lambda module: None)
    return build_trainer(recipe, run, best, monitor="val/map", steps=steps, progress=False)


def test_the_trainer_writes_where_the_run_is_and_logs_beside(tmp_path):
    built = trainer(tmp_path, epochs=3)
    (checkpoint,) = built.checkpoint_callbacks
    assert checkpoint.format_checkpoint_name({}, checkpoint.filename) == str(RunDirectory(tmp_path).last)
    assert (built.max_epochs, built.accumulate_grad_batches) == (3, 1)
    assert not any(isinstance(callback, Patience) for callback in built.callbacks)


def test_gradients_of_as_many_batches_as_said_add_up_to_one_step(tmp_path):
    built = trainer(tmp_path, steps=7)
    assert built.accumulate_grad_batches == 7


def test_patience_watches_the_figure_that_chooses(tmp_path):
    (patience,) = [one for one in trainer(tmp_path, patience=2).callbacks if isinstance(one, Patience)]
    assert (patience.monitor, patience.patience, patience.mode) == ("val/map", 2, "max")
