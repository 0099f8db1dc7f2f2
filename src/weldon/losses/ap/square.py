"""The most violating rankings of a small batch on an accelerator: every pair of every class in one square.

What :mod:`weldon.losses.ap.interleaving` finds with little arithmetic in some 140 operations, this finds
with more arithmetic in some 70. An accelerator waits for the start of each operation, so for small batches it
is the faster one there; a processor is not. Both add the same integers, and the rankings are equal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.losses.ap.interleaving import class_terms, pair_gain


def square_moves(ordered: Tensor, label: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """By how many places the ranking found moves each example, and what each positive adds to the loss.

    Args:
        ordered: ``(C, N)`` float64, the scores of each class from the highest down.
        label: ``(C, N)``, 1 for a positive, 0 for a negative, anything else for neither.
        slope: ``(C,)`` float64, the ``m`` of :mod:`weldon.losses.ap.interleaving`.

    Returns:
        The moves ``(C, N)`` float64, up below 0, neighbours of one label and score with their mean; and
        ``a / (P (k + a))`` of each positive ``(C, N)`` float64. Both 0 in a class that has not both labels.

    Example:
        >>> ordered, label = torch.tensor([[0.3, 0.1]]).double(), torch.tensor([[1, 0]])
        >>> moves, added = square_moves(ordered, label, torch.tensor([2.0]).double())
        >>> moves, added  # 1/2 for the inversion, less 2 * 0.2 for its margin: worth it
        (tensor([[-1.,  1.]], dtype=torch.float64), tensor([[0.5000, 0.0000]], dtype=torch.float64))
    """
    positive, negative = label == 1, label == 0
    both = (positive.any(1) & negative.any(1)).unsqueeze(1)  # (C, 1)
    positive, negative = positive & both, negative & both
    inverted = _inverted_pairs(ordered, positive, negative, slope)  # (C, N, N)
    above, below = inverted.sum(1), inverted.sum(2)  # of each positive, of each negative
    alike = (ordered.unsqueeze(2) == ordered.unsqueeze(1)) & (label.unsqueeze(2) == label.unsqueeze(1))
    alike = alike.double()  # (C, N, N)
    total = (alike @ (below - above).double().unsqueeze(2)).squeeze(2)
    rank, count = positive.cumsum(1), positive.sum(1, keepdim=True)
    added = above / ((rank + above) * count).clamp(min=1).double()
    return total / alike.sum(2), added


def _inverted_pairs(ordered: Tensor, positive: Tensor, negative: Tensor, slope: Tensor) -> Tensor:
    """Which negatives (rows) the ranking found puts above which positives (columns), ``(C, N, N)`` bool."""
    terms = class_terms(positive.sum(1).view(-1, 1, 1), slope.view(-1, 1, 1))
    k, j = positive.cumsum(1).clamp(min=1).double(), negative.cumsum(1).clamp(min=1).double()
    difference = ordered.unsqueeze(2) - ordered.unsqueeze(1)
    gain = pair_gain(k.unsqueeze(1), j.unsqueeze(2), difference, terms)
    gain = gain.masked_fill_(~positive.unsqueeze(1), 0)
    through = gain.cumsum(2)
    before, whole = through - gain, through[..., -1:]
    lowest = before.amin(2, keepdim=True)
    place = torch.arange(ordered.shape[1], device=ordered.device)
    # the shortest of the best tails begins at the last of the lowest prefixes, which a positive follows
    cut = torch.where(before == lowest, place, -1).amax(2, keepdim=True)
    pairs = positive.unsqueeze(1) & negative.unsqueeze(2)
    return pairs & (lowest < whole) & (place >= cut)
