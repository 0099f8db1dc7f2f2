"""Scores, targets and masks become labels, or a refusal that names the cell."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from weldon.errors import UsageError
from weldon.losses.ap.batch import UNKNOWN, LabelledScores, join_processes, process_count

TARGET = torch.tensor([[1, 0, 1], [0, 0, 1]])
KNOWN = torch.tensor([[True, True, True], [True, False, True]])


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.long, torch.float16, torch.float64])
def test_a_target_of_any_type_gives_the_same_labels(dtype):
    found = LabelledScores.of(torch.zeros(2, 3), TARGET.to(dtype), KNOWN)
    assert found.label.tolist() == [[1, 0, 1], [0, UNKNOWN, 1]]
    assert found.known.tolist() == KNOWN.tolist()


def test_a_class_is_rankable_that_is_known_to_be_present_and_absent():
    assert LabelledScores.of(torch.zeros(2, 3), TARGET).rankable.tolist() == [1.0, 0.0, 0.0]
    hidden = torch.tensor([[True] * 3, [False, True, True]])
    assert LabelledScores.of(torch.zeros(2, 3), TARGET, hidden).rankable.tolist() == [0.0, 0.0, 0.0]
    assert LabelledScores.of(torch.zeros(0, 2), torch.zeros(0, 2)).rankable.tolist() == [0.0, 0.0]


def test_scores_are_constants_in_single_precision_at_least():
    scores = torch.zeros(2, 3, dtype=torch.bfloat16, requires_grad=True)
    found = LabelledScores.of(scores, TARGET).scores
    assert (found.dtype, found.requires_grad) == (torch.float32, False)
    assert LabelledScores.of(scores.double(), TARGET).scores.dtype == torch.float64


@pytest.mark.parametrize("value", [-1.0, 0.5, 2.0, float("nan")])
def test_a_known_cell_that_is_neither_is_named_with_its_value(value):
    target = TARGET.float()
    target[1, 1] = value
    LabelledScores.of(torch.zeros(2, 3), target, KNOWN)  # nobody knows it
    with pytest.raises(UsageError, match=f"got {value} for image 1, class 1: mark unknown cells with `mask`"):
        LabelledScores.of(torch.zeros(2, 3), target)


def test_what_was_given_is_left_alone():
    target, known = TARGET.clone(), KNOWN.clone()
    LabelledScores.of(torch.zeros(2, 3), target, known).label.fill_(7)
    assert torch.equal(target, TARGET)
    assert torch.equal(known, KNOWN)


@pytest.mark.parametrize(
    ("scores", "target", "mask", "words"),
    [
        (torch.zeros(3), TARGET, None, r"`scores` must be \(N, C\) floating point"),
        (torch.zeros(2, 3).long(), TARGET, None, "`scores` must be .* got torch.int64"),
        (torch.zeros(2, 3), TARGET[:1], None, r"`target` must be \(N, C\) = \(2, 3\), got shape \(1, 3\)"),
        (torch.zeros(2, 3), TARGET, KNOWN.float(), "`mask` must be .* bool, .* got torch.float32"),
        (torch.zeros(2, 3), TARGET, KNOWN[:, :2], r"`mask` must be .* got torch.bool \(2, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(scores, target, mask, words):
    with pytest.raises(UsageError, match=words):
        LabelledScores.of(scores, target, mask)


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
