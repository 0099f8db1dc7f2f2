"""Train on one rank's share of what a test laid down, in a process that was forked.

``FOLDER/data.pt`` holds images, targets, known cells, and for every step the rows of each rank. The losses
and gradients of every scenario go to ``FOLDER/rank<RANK>.pt``. The way is ``ddp``, or ``mean`` to average the
gradients here, as DDP does.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from weldon.losses import APLoss, FullSetAPLoss


def network() -> nn.Module:
    """The same small network in every process."""
    torch.manual_seed(7)
    return nn.Linear(4, 3).double()


def gradient(net: nn.Module) -> Tensor:
    """All gradients in one row, averaged over processes unless DDP has done it."""
    row = torch.cat([parameter.grad.flatten() for parameter in net.parameters()])
    if dist.is_initialized() and isinstance(net, nn.Linear):
        dist.all_reduce(row)
        row /= dist.get_world_size()
    return row


def train(net: nn.Module, data: dict[str, Tensor], steps: list[Tensor], memory: int) -> dict[str, Tensor]:
    """Losses and gradients of a few batches, without a step between them."""
    loss, losses, gradients = APLoss(memory=memory), [], []
    for rows in steps:
        net.zero_grad()
        value = loss(net(data["images"][rows]), data["target"][rows], data["known"][rows])
        value.backward()
        losses.append(value.detach())
        gradients.append(gradient(net))
    return {"losses": torch.stack(losses), "gradients": torch.stack(gradients)}


def train_on_the_set(net: nn.Module, data: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Loss and gradient of two passes over this process's share."""
    net.zero_grad()
    loss, part = FullSetAPLoss(), {name: value[rows] for name, value in data.items()}
    value = loss.fix(net(part["images"]), part["target"], part["known"])
    chunks = torch.arange(len(rows)).split(max(1, len(rows) // 2))
    sum(loss(net(part["images"][chunk]), chunk) for chunk in chunks).backward()
    return {"losses": value, "gradients": gradient(net)}


def main(rank: int, processes: int, folder: Path, way: str) -> None:
    """Join the group, run every scenario, leave the results."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes
    )
    stored = torch.load(folder / "data.pt")
    data = {name: stored[name] for name in ("images", "target", "known")}
    steps = [step[rank] for step in stored["steps"]]
    net = DistributedDataParallel(network()) if way == "ddp" else network()
    results = {
        "batch": train(net, data, steps, 0),
        "memory": train(net, data, steps, 9),
        "set": train_on_the_set(net, data, stored["shares"][rank]),
        "alone": APLoss().eval()(net(data["images"][:5]), data["target"][:5]).detach() if rank == 0 else None,
    }
    torch.save(results, folder / f"rank{rank}.pt")
    del net  # DDP holds the group too, and its threads must have ended before Python does
    dist.destroy_process_group()
