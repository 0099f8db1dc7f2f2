"""A process that trains alone is its own joint batch; two processes are in test_ap_distributed."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from weldon.losses.gather import join_processes, process_count
from weldon.losses.labelled_scores import LabelledScores


@pytest.fixture(params=["alone", "a group of one"])
def group(request, tmp_path):
    """No process group, then a real one that has this process only."""
    if request.param == "alone":
        yield
        return
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("rows", [0, 3])
def test_the_joint_batch_of_one_process_is_its_own(rows):
    batch = LabelledScores(torch.randn(rows, 2), torch.ones(rows, 2, dtype=torch.uint8))
    joint = join_processes(batch)
    assert (process_count(), joint.processes) == (1, 1)
    assert torch.equal(joint.rows.scores[joint.own], batch.scores)
    assert torch.equal(joint.rows.label[joint.own], batch.label)
    assert len(joint.rows.scores) == rows
