"""Two real gloo processes against one process on the joined batch."""

from pathlib import Path

import pytest
import torch

from fixtures.forks import run_together
from reference import joint_batch
from weldon.losses import ap_loss

STEPS = [
    ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]),  # even
    ([12, 13, 14, 15, 16, 17, 18], [19, 20, 21, 22]),  # an uneven last batch
    ([23, 24, 25, 26, 27, 28], []),  # one process has run dry
]


def laid_down():
    generator = torch.Generator().manual_seed(3)
    return {
        "images": torch.randn(29, 4, generator=generator).double(),
        "target": (torch.rand(29, 3, generator=generator) < 0.3).double(),
        "known": torch.rand(29, 3, generator=generator) < 0.8,
        "steps": [[torch.tensor(rows).long() for rows in step] for step in STEPS],
        "shares": [torch.arange(0, 29, 2), torch.arange(1, 29, 2)],
    }


@pytest.fixture(scope="module", params=["mean", pytest.param("ddp", marks=pytest.mark.slow)])
def ranks(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gloo")
    torch.save(laid_down(), folder / "data.pt")
    run_together(joint_batch.main, [(rank, 2, folder, request.param) for rank in range(2)])
    return [torch.load(Path(folder) / f"rank{rank}.pt") for rank in range(2)]


def joined(scenario):
    """What one process finds on the joined rows."""
    data, net = laid_down(), joint_batch.network()
    steps = [torch.cat(step) for step in data["steps"]]
    if scenario == "set":
        return joint_batch.train_on_the_set(
            net, {k: data[k] for k in ("images", "target", "known")}, torch.cat(data["shares"])
        )
    return joint_batch.train(net, data, steps, 9 if scenario == "memory" else 0)


@pytest.mark.parametrize("scenario", ["batch", "memory", "set"])
def test_every_process_reports_the_loss_of_the_joined_batch(ranks, scenario):
    for rank in ranks:
        torch.testing.assert_close(rank[scenario]["losses"], joined(scenario)["losses"], rtol=1e-14, atol=0)


@pytest.mark.parametrize("scenario", ["batch", "memory", "set"])
def test_gradients_are_those_of_the_joined_batch(ranks, scenario):
    expected = joined(scenario)["gradients"]
    assert expected.abs().max() > 1e-3
    for rank in ranks:
        torch.testing.assert_close(rank[scenario]["gradients"], expected, rtol=1e-12, atol=1e-15)


def test_evaluation_asks_no_other_process(ranks):
    data = laid_down()
    expected = ap_loss(joint_batch.network()(data["images"][:5]), data["target"][:5])
    torch.testing.assert_close(ranks[0]["alone"], expected.detach())
