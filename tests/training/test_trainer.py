"""The order of the batches follows from seed and epoch alone, and the trainer from the recipe."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

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
