"""The Lightning trainer of a run, and the batches it reads, whose order depends on seed and epoch only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import lightning as L
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch.utils.data import DataLoader, DistributedSampler, Sampler

from weldon.ahead import one_ahead
from weldon.data.shards.order import ShardOrder
from weldon.device import choose_device
from weldon.losses import TrainingLoss
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.stopping import leave_to_parent
from weldon.training.callbacks import Interruption, MetricsTable, Patience, StepBar, TimeEstimate
from weldon.training.checkpoint_file import CheckpointFile
from weldon.training.inputs.inputs import Sets
from weldon.training.machine import lightning_devices


def batches_a_step(objective: TrainingLoss, images: int, batch_size: int) -> int:
    """Return how many batches add up to one step: one, or those of an epoch for a loss of the whole set."""
    return -(-images // batch_size) if objective.whole_set else 1


def build_trainer(
    recipe: Recipe, run: RunDirectory, best: Callback, *, monitor: str, steps: int, progress: bool
) -> L.Trainer:
    """Return the trainer: device, precision, epochs, and the checkpoint a resumed run starts from.

    Args:
        recipe: the options.
        run: where checkpoint and figures go.
        best: keeps the best weights.
        monitor: the validation figure that early stopping watches.
        steps: batches whose gradients add up to one step of the optimiser.
        progress: show a progress bar.
    """
    options: dict[str, Any] = {"precision": recipe.precision, "strategy": recipe.strategy}
    return L.Trainer(
        **lightning_devices(recipe),
        num_nodes=recipe.nodes,
        max_epochs=recipe.epochs,
        callbacks=_callbacks(recipe, run, best, monitor, progress),
        plugins=[CheckpointFile()],
        logger=False,  # they write into the folder of the run, which is not ready yet
        accumulate_grad_batches=steps,
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=10,
        **options,
    )


def _callbacks(
    recipe: Recipe, run: RunDirectory, best: Callback, monitor: str, progress: bool
) -> list[Callback]:
    last = ModelCheckpoint(
        run.last.parent,
        run.last.stem,
        save_top_k=1,
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [best, MetricsTable(run.metrics), TimeEstimate(), Interruption(), last]
    if recipe.patience:
        callbacks.append(Patience(monitor, patience=recipe.patience, mode="max"))
    if progress:
        callbacks.append(StepBar())
    return callbacks


class LabelledImages(Protocol):
    """Images or cached maps with labels: what the loaders read."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class BatchesAhead(DataLoader[Any]):
    """A loader without workers, whose next batch is read in a thread while the network has the last.

    It is for data that come as whole batches and are read fast: cached maps, bags.
    """

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Yield the batches of one pass."""
        return one_ahead(super().__iter__())


class Loaders(L.LightningDataModule):
    """The training and the validation loader of one run.

    They are asked for each epoch, and order and augmentation follow from its number alone: a resumed run sees
    exactly what an uninterrupted one would have seen. Their processes live through the run.

    Args:
        train: the training images.
        val: the validation images.
        collate_fn: makes a batch of items.
        batch_size: images a step.
        workers: processes that read images.
        seed: seed of the order.
        pinned: keep batches in memory that a CUDA device reads while the processor goes on.
        by_shard: read shards one after the other and mix their images within windows, in place of all images.
    """

    def __init__(
        self,
        train: LabelledImages,
        val: LabelledImages,
        *,
        collate_fn: Callable[..., Any],
        batch_size: int,
        workers: int,
        seed: int,
        pinned: bool = False,
        by_shard: bool = False,
    ) -> None:
        super().__init__()
        self.train, self.val = train, val
        self.collate_fn, self.batch_size, self.workers, self.seed = collate_fn, batch_size, workers, seed
        self.pinned, self.by_shard = pinned, by_shard
        self._kept: dict[str, DataLoader[Any]] = {}

    @property
    def read_in_a_thread(self) -> bool:
        """Whether a thread of this process reads the next batch while the network has the last."""
        return self.workers == 0 and hasattr(self.train, "__getitems__")

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training batches of the trainer's current epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        if hasattr(self.train, "set_epoch"):
            self.train.set_epoch(epoch)
        if self.by_shard:  # whose order is made anew each epoch
            return self._loader(self.train, shuffle=True, epoch=epoch)
        loader = self._lasting("train", self.train, shuffle=True)
        assert isinstance(loader.sampler, DistributedSampler)
        loader.sampler.set_epoch(epoch)
        return loader

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the validation batches, in the order of the records."""
        return self._lasting("val", self.val, shuffle=False)

    def every_train_batch(self) -> DataLoader[Any]:
        """Return the batches of :meth:`train_dataloader`, for a pass of its own before that of the epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        return self._loader(self.train, shuffle=True, epoch=epoch)

    def every_val_batch(self) -> DataLoader[Any]:
        """Return all validation batches, whatever the number of processes, as a single process has them."""
        return self._loader(self.val, shuffle=False, shared=False)

    def teardown(self, stage: str) -> None:
        """Let the processes that read go."""
        self._kept.clear()

    def _lasting(self, name: str, dataset: Any, *, shuffle: bool) -> DataLoader[Any]:
        if name not in self._kept:
            self._kept[name] = self._loader(dataset, shuffle=shuffle, lasting=True)
        return self._kept[name]

    def _loader(
        self, dataset: Any, *, shuffle: bool, epoch: int = 0, shared: bool = True, lasting: bool = False
    ) -> DataLoader[Any]:
        trainer = self.trainer if shared else None
        processes, rank = (trainer.world_size, trainer.global_rank) if trainer else (1, 0)
        sampler: Sampler[Any]
        if shuffle and self.by_shard:
            sampler = ShardOrder(dataset.records, seed=self.seed, epoch=epoch, rank=rank, world=processes)
        else:
            sampler = DistributedSampler(
                dataset, num_replicas=processes, rank=rank, shuffle=shuffle, seed=self.seed
            )
            sampler.set_epoch(epoch)
        in_thread = self.workers == 0 and hasattr(dataset, "__getitems__")
        return (BatchesAhead if in_thread else DataLoader)(
            dataset,
            self.batch_size,
            sampler=sampler,
            collate_fn=self.collate_fn,
            num_workers=self.workers,
            worker_init_fn=leave_to_parent,
            pin_memory=self.pinned,
            persistent_workers=lasting and self.workers > 0,
        )


def build_loaders(sets: Sets, recipe: Recipe) -> Loaders:
    """Return the loaders of the sets that a run reads."""
    return Loaders(
        sets.train,
        sets.val,
        collate_fn=sets.collate_fn,
        batch_size=recipe.batch_size,
        workers=sets.workers,
        seed=recipe.seed,
        pinned=choose_device(recipe.device).startswith("cuda"),
        by_shard=recipe.by_shard,
    )
