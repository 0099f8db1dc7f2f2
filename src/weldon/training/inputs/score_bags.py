"""The scores of bags under the run that was trained on their like."""

from __future__ import annotations

from collections.abc import Sequence

from torch.utils.data import DataLoader

from weldon.data import Record
from weldon.data.bags.bag_features import as_trained
from weldon.errors import UsageError
from weldon.inference.run_network import load_run_bag_network
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.structured import BagSource
from weldon.training.features.feature_dataset import keep_batch
from weldon.training.inputs.bag_dataset import LabelledBags
from weldon.training.scoring import ScoredSet, score_set


def score_bags(
    run: RunDirectory, recipe: Recipe, records: Sequence[Record], bags: BagSource | None, *, device: str
) -> ScoredSet:
    """Return the scores and labels of bags, in the order of the records.

    Args:
        run: it was trained on bags.
        recipe: of the run.
        records: N bags.
        bags: where their instances are; None where the data holds images.
        device: where to compute, as in :func:`weldon.device.choose_device`.

    Raises:
        UsageError: images.
        DataError: instances with other features than in training; they are named.
    """
    if bags is None:
        raise UsageError(f"run {str(run.path)!r} was trained on bags and cannot score images")
    net = load_run_bag_network(run, device=device)
    matched, _ = as_trained(bags, net.feature_names, net.num_features)
    labelled = LabelledBags(records, run.class_names, matched)
    loader = DataLoader(labelled, recipe.batch_size, collate_fn=keep_batch)  # type: ignore[arg-type]
    return score_set(net, loader)
