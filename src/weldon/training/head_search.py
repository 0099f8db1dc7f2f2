"""Learning rate, weight decay and k of a frozen run, chosen on held-back parts of its training images."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from weldon.data.split import draw_folds
from weldon.losses import Objective
from weldon.metrics import average_precision
from weldon.models import RegionNet
from weldon.pooling import Count
from weldon.progress import progress_bar
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.features.projection import projected, projected_net, strongest_directions
from weldon.training.heads import Heads, Setting, fit_heads, score_heads

log = logging.getLogger("weldon")

# Where the walk starts, for one class and features whose squared norm is 1 on average. A head learns the
# same whatever the scale of the features, when its rate is divided by that norm and its decay multiplied by
# it; and whatever the number of classes, when a rate on the mean of their losses is multiplied by it.
RATE, DECAY = 75.0, 1.2e-5
STEP = math.sqrt(10)  # from one rate, or decay, to the next
ROUNDS = 4  # at most: nine settings, then three or five around the best so far
EPOCHS = 12
FEWEST = 20  # groups of training images (each its own where there are none), below which nothing is chosen
FEW = 1000  # below it every image is held back once, in five folds; above it a fifth of them
FOLDS = 5
MOST = 4000  # training images that the search looks at
FINALISTS = 5  # of the settings that learn once more, for as long as the head that is kept
DIRECTIONS = 384  # features are tried on their strongest directions where they have more than twice as many

# Steps of the rate and of the decay; which counts and which loss: 0 is the network's and the run's own.
Place = tuple[int, int, int, int]
START: Place = (0, 0, 0, 0)


@dataclass(frozen=True)
class Trial:
    """A setting and what it reached.

    Args:
        setting: learning rate, weight decay, and the counts of regions where they are chosen too.
        figure: mAP, or accuracy where an image has one label, on held-back training images.
        epochs: that its heads learnt.
    """

    setting: Setting
    figure: float
    epochs: int = EPOCHS


@dataclass(frozen=True)
class Trials:
    """What a search tried.

    Args:
        trials: the best of the finalists first, then all of the walk.
        held_back: images that were scored by heads that had not learnt from them.
        measure: ``mAP`` or ``accuracy``.
    """

    trials: tuple[Trial, ...]
    held_back: int
    measure: str

    @property
    def chosen(self) -> Setting:
        """The setting that did best."""
        return self.trials[0].setting


@dataclass(frozen=True)
class HeadSearch:
    """The search for one run; :meth:`run` does it.

    Args:
        net: its pooling and the shape and start of its transfer layer; it is not changed.
        dataset: the training images, as cached maps.
        objective: makes the loss, a fresh one for each head.
        one_label: choose by accuracy rather than by mAP.
        seed: of folds and order; the global random state is left as it was.
        device: where heads learn.
        epochs: of a trial.
        final_epochs: of the head that is kept; where it is longer than a trial, the best settings learn for
            that long too before one is chosen. Few steps flatter high rates.
        batch_size: images a step; None goes by the number of images (:func:`usual_batch_size`).
        weight_decay: the only one to try, or None.
        counts: k+ and k- to try besides the network's own, first at the best rate and decay of these.
        losses: other losses to try by name, last, from the best of all else; each is the mean over classes
            that it treats alike.
        rounds: at most, from each place where a walk starts; 0 returns the start; None: ``ROUNDS``.
    """

    net: RegionNet
    dataset: FeatureDataset
    objective: Callable[[], Objective]
    one_label: bool
    seed: int = 0
    device: str | torch.device = "cpu"
    epochs: int = EPOCHS
    final_epochs: int | None = None
    batch_size: int | None = None
    weight_decay: float | None = None
    counts: Sequence[tuple[Count, Count]] = ()
    losses: Mapping[str, Callable[[], Objective]] = field(default_factory=dict)
    rounds: int | None = None

    def run(self) -> Trials:
        """Walk from one setting to the best around it until none is better; then likewise counts and losses.

        All settings of a round learn from the same batches, side by side. Of too few images, or groups of
        images, or with no round, only the start is returned, with NaN for its figure.
        """
        images = sampled(len(self.dataset), self.seed)
        folds = self._folds(images)
        size = mean_squared_norm(self.dataset, images)
        if not folds or self.rounds == 0:
            return self._trials({START: math.nan}, size, 0)
        figures: dict[Place, float] = {}
        small = self._narrowed(images)

        def look(places: Sequence[Place]) -> Place:
            new = [place for place in places if place not in figures]
            reached = small._measure([self._setting(place, size) for place in new], images, folds)
            figures.update(zip(new, reached, strict=True))
            log.info(
                "%d settings tried, the best of them %s %.4f on held-back training images",
                len(figures),
                self._measure_name,
                max(figures.values()),
            )
            rivals = [place for place in figures if place[3] == places[0][3]]  # each loss walks by itself
            return max(rivals, key=lambda place: figures[place])

        with torch.random.fork_rng(devices=[]):
            rate, decay, own, loss = best = self._walk(START, look)
            if self.counts:
                best = look([(rate, decay, number, loss) for number in range(1, len(self.counts) + 1)])
            if best[2] != own:
                best = self._walk(best, look)
            for number in range(1, len(self.losses) + 1):
                self._walk((*best[:3], number), look)
            found = self._trials(figures, size, sum(map(len, folds)))
            return replace(found, trials=(*small._finals(found.trials, images, folds), *found.trials))

    def _narrowed(self, images: Sequence[int]) -> HeadSearch:
        """Return the same search on the strongest directions of the features, in a third of the time.

        A rate means the same there: the gradient of a head has no part outside of the features it saw.
        """
        features = self.net.transfer.in_channels
        if features <= 2 * DIRECTIONS or self.dataset.cached.grids is not None:
            return self
        directions = strongest_directions(self.dataset, images, DIRECTIONS)
        narrow = projected(self.dataset, images, directions)
        return replace(self, net=projected_net(self.net, directions), dataset=narrow)

    def _finals(
        self, walked: Sequence[Trial], images: Sequence[int], folds: Sequence[Sequence[int]]
    ) -> list[Trial]:
        """Return the trials of the best settings of a walk with the epochs of the head that is kept."""
        epochs = self.final_epochs or self.epochs
        if epochs <= self.epochs:
            return []
        settings = [trial.setting for trial in walked[:FINALISTS]]
        figures = replace(self, epochs=epochs)._measure(settings, images, folds)
        log.info(
            "the best %d of them with %d epochs: %s %.4f",
            len(settings),
            epochs,
            self._measure_name,
            max(figures),
        )
        again = [Trial(one, figure, epochs) for one, figure in zip(settings, figures, strict=True)]
        return sorted(again, key=lambda trial: -trial.figure)

    def _walk(self, place: Place, look: Callable[[Sequence[Place]], Place]) -> Place:
        for _ in range(ROUNDS if self.rounds is None else self.rounds):
            before, place = place, look(self._around(place))
            if place == before:
                break
        return place

    def _trials(self, figures: dict[Place, float], size: float, held_back: int) -> Trials:
        ranked = sorted(figures, key=lambda place: -figures[place])
        trials = tuple(Trial(self._setting(place, size), figures[place], self.epochs) for place in ranked)
        return Trials(trials, held_back, self._measure_name)

    @property
    def _measure_name(self) -> str:
        return "accuracy" if self.one_label else "mAP"

    def _setting(self, place: Place, size: float) -> Setting:
        rate, decay, number, loss = place
        k_max, k_min = self.counts[number - 1] if number else (None, None)
        name = list(self.losses)[loss - 1] if loss else None
        losses = 1 if self.one_label else self.net.num_classes
        setting = replace(setting_at(rate, decay, size, losses), k_max=k_max, k_min=k_min, loss=name)
        return setting if self.weight_decay is None else replace(setting, weight_decay=self.weight_decay)

    def _around(self, place: Place) -> list[Place]:
        decays = (0, 1, -1) if self.weight_decay is None else (0,)
        rate, decay, *others = place
        return [(rate + up, decay + more, *others) for up in (0, 1, -1) for more in decays]  # type: ignore[misc]  # four

    def objectives_of(self, settings: Sequence[Setting]) -> list[Objective]:
        """Return the loss of each head: its own, or one of :attr:`losses` for all that try it."""
        others = {name: make() for name, make in self.losses.items()}
        return [self.objective() if one.loss is None else others[one.loss] for one in settings]

    def _folds(self, images: Sequence[int]) -> list[list[int]]:
        """Return the positions held back together: a fifth of many images, all of few in five parts."""
        records = [self.dataset.records[index] for index in images]
        if len({record.group or record.file_name for record in records}) < FEWEST:
            return []
        folds = draw_folds(records, FOLDS, seed=self.seed)
        kept = folds if len(images) < FEW else folds[:1]
        return [[images[position] for position in fold] for fold in kept]

    def _measure(
        self, settings: Sequence[Setting], images: Sequence[int], folds: Sequence[Sequence[int]]
    ) -> list[float]:
        """Return the figure of each setting over the held-back images of all folds."""
        scores: list[list[Tensor]] = []
        with progress_bar() as progress:
            task = progress.add_task(f"{len(settings)} rates and decays", total=self.epochs * len(folds))
            for fold in folds:
                heads = Heads(self.net, settings).to(self.device)
                fit_heads(
                    heads,
                    self.dataset,
                    sorted(set(images) - set(fold)),
                    self.objectives_of(settings),
                    epochs=self.epochs,
                    batch_size=self.batch_size or usual_batch_size(len(self.dataset)),
                    seed=self.seed,
                    after_epoch=lambda: progress.advance(task),
                )
                scores.append(score_heads(heads, self.dataset, fold))
        return [self._figure(torch.cat(parts), folds) for parts in zip(*scores, strict=True)]

    def _figure(self, scores: Tensor, folds: Sequence[Sequence[int]]) -> float:
        """Return mAP or accuracy; a head that ran away to infinity is the worst there is."""
        held = torch.tensor([index for fold in folds for index in fold])
        target, known = self.dataset.target[held], self.dataset.known[held]
        return (
            head_figure(scores, target, known, one_label=self.one_label) if scores.isfinite().all() else 0.0
        )


def usual_batch_size(images: int) -> int:
    """Return the images a step of a head: 128, but at least sixteen steps an epoch where images are few.

    Example:
        >>> usual_batch_size(60), usual_batch_size(1000), usual_batch_size(80_000)
        (8, 62, 128)
    """
    return min(128, max(8, images // 16))


def mean_squared_norm(dataset: FeatureDataset, images: Sequence[int], most: int = 256) -> float:
    """Return the mean squared norm of the features of the real cells of up to ``most`` images."""
    chosen, size = list(images[:: -(-len(images) // most)]), dataset.cached.at_once
    norms = []
    for start in range(0, len(chosen), size):
        batch = dataset.__getitems__(chosen[start : start + size])
        norms.append(batch["features"].float().square().sum(1)[batch["mask"]])
    return max(float(torch.cat(norms).mean()), torch.finfo(torch.float32).tiny)


def setting_at(rate: int, decay: int, size: float, losses: int) -> Setting:
    """Return the setting that many steps from the start.

    Args:
        rate: steps of the learning rate.
        decay: steps of the weight decay.
        size: mean squared norm of the features.
        losses: whose mean is learnt from: C where each class has its own, 1 for a softmax over all.
    """
    lr, weight_decay = RATE * losses / size * STEP**rate, DECAY * size / losses * STEP**decay
    return Setting(float(f"{lr:.1e}"), float(f"{weight_decay:.1e}"))


def head_figure(scores: Tensor, target: Tensor, known: Tensor, *, one_label: bool) -> float:
    """Return the accuracy of scores ``(N, C)`` where an image has one label, else their mAP."""
    if one_label:
        return float((scores.argmax(1) == target.argmax(1)).float().mean())
    return float(average_precision(scores, target, known).nanmean().nan_to_num())


def sampled(count: int, seed: int, most: int = MOST) -> list[int]:
    """Return the positions of ``most`` of ``count`` images, drawn by ``seed``, in order; all of fewer."""
    return sorted(torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:most].tolist())
