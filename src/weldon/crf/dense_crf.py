"""The fully connected CRF of Krähenbühl and Koltun (2011) in pure PyTorch: soft masks that follow the edges.

Same model, conventions and numbers as pydensecrf, without a compiler; see ``docs/crf.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.crf.kernels import KernelSum, SpatialKernels, bilateral_kernel, kernel_sum
from weldon.crf.mean_field import mean_field
from weldon.crf.parameters import README_PARAMETERS, CRFParameters
from weldon.errors import UsageError


def labels_in_play(
    logits: Tensor, *, labels: Sequence[int] | Tensor | None, prune: float | None
) -> Tensor | None:
    """Return which labels of each picture take part, ``(N, C)`` bool, or None for all.

    Args:
        logits: ``(N, C, H, W)`` float, log probabilities up to a constant per pixel.
        labels: indices, or bool ``(C,)`` or ``(N, C)``; None for all.
        prune: drop labels whose probability among the named ones is nowhere above this share; the label
            with the highest probability of all always stays.

    Raises:
        UsageError: an index out of range, a bool tensor of another shape, a picture without a label.
    """
    if labels is None and prune is None:
        return None
    named = named_labels(labels, images=logits.shape[0], classes=logits.shape[1]).to(logits.device)
    if prune is None:
        return named
    hidden = ~named[:, :, None, None]
    peaks = logits.detach().masked_fill(hidden, -torch.inf).softmax(1).amax((2, 3))  # (N, C)
    return named & ((peaks > prune) | (peaks == peaks.amax(1, keepdim=True)))


def named_labels(labels: Sequence[int] | Tensor | None, *, images: int, classes: int) -> Tensor:
    """Return ``labels`` as ``(N, C)`` bool.

    Example:
        >>> named_labels([0, 2], images=1, classes=3)
        tensor([[ True, False,  True]])
    """
    if labels is None:
        return torch.ones(images, classes, dtype=torch.bool)
    given = torch.as_tensor(labels).cpu()
    if given.dtype == torch.bool:
        if tuple(given.shape) not in ((classes,), (images, classes)):
            raise UsageError(
                f"labels must be bool ({classes},) or ({images}, {classes}), got shape {tuple(given.shape)}"
            )
        named = given.expand(images, classes)
    else:
        named = _indexed(given, classes).expand(images, classes)
    if not named.any(1).all():
        raise UsageError("labels must leave at least one label in play for every picture, got none")
    return named


def _indexed(indices: Tensor, classes: int) -> Tensor:
    floating = indices.numel() > 0 and indices.is_floating_point()
    if floating or indices.ndim != 1 or ((indices < 0) | (indices >= classes)).any():
        raise UsageError(f"labels must be indices from 0 to {classes - 1}, got {indices.tolist()}")
    named = torch.zeros(classes, dtype=torch.bool)
    named[indices.long()] = True
    return named


__all__ = ["README_PARAMETERS", "CRFParameters", "DenseCRF", "dense_crf"]

PROBABILITY_FLOOR = 1e-5  # pydensecrf's: no energy above 11.5
ROUNDING = 1e-3  # a softmax in half precision may leave [0, 1] by so much
LOWEST_LOGIT = -60.0  # below the likeliest label's: exp stays a normal number


def dense_crf(
    probabilities: Tensor,
    image: Tensor,
    *,
    spatial_sigma: float = CRFParameters.spatial_sigma,
    spatial_weight: float = CRFParameters.spatial_weight,
    bilateral_sigma: float = CRFParameters.bilateral_sigma,
    colour_sigma: float = CRFParameters.colour_sigma,
    bilateral_weight: float = CRFParameters.bilateral_weight,
    iterations: int = CRFParameters.iterations,
    labels: Sequence[int] | Tensor | None = None,
    prune: float | None = None,
) -> Tensor:
    r"""Return marginals that agree with ``probabilities`` and, between pixels near or alike, with each other.

    .. math:: Q^{t+1}_i(l) \propto p_i(l) \, \exp \sum_j \big[ w_s k_s(i,j) + w_b k_b(i,j) \big] Q^t_j(l)

    with Gaussian kernels :math:`k_s` over (x, y) and :math:`k_b` over (x, y, r, g, b), symmetrically
    normalised. Deterministic: the same input gives the same bits. Differentiable once in ``probabilities``.

    Args:
        probabilities: ``(C, H, W)`` or ``(N, C, H, W)`` float in [0, 1], label probabilities; those below
            1e-5 count as 1e-5, and they need not add up to one.
        image: ``(3, H, W)`` or ``(N, 3, H, W)`` uint8, the pictures, 0..255.
        spatial_sigma: of the kernel over positions, pixels; this and the next five as in
            :class:`CRFParameters`.
        spatial_weight: of the kernel over positions.
        bilateral_sigma: of the kernel over positions and colours, pixels.
        colour_sigma: of that kernel, levels of 0..255.
        bilateral_weight: of that kernel.
        iterations: mean field updates.
        labels: the labels in play, where they are known: indices, or a bool tensor ``(C,)`` or ``(N, C)``;
            all others get 0. None means all are.
        prune: leave out labels whose probability (after they are made to add up to one) is nowhere above
            this share: an approximation that makes many labels as cheap as few. None means no.

    Returns:
        The shape and dtype of ``probabilities``, adding up to one over labels.

    Raises:
        UsageError: shapes that do not fit, an image that is not uint8, values outside [0, 1] or not finite,
            labels out of range or none left, parameters out of range.

    Example:
        Two colours, and a map that is unsure of the pixel at the border:

        >>> image = torch.tensor([0, 0, 0, 200, 200, 200], dtype=torch.uint8).expand(3, 1, 6)
        >>> first = torch.tensor([[0.9, 0.9, 0.4, 0.1, 0.1, 0.1]])
        >>> dense_crf(torch.stack([first, 1 - first]), image).argmax(0)
        tensor([[0, 0, 0, 1, 1, 1]])
    """
    parameters = CRFParameters(
        spatial_sigma, spatial_weight, bilateral_sigma, colour_sigma, bilateral_weight, iterations
    )
    return DenseCRF(parameters, prune=prune)(probabilities, image, labels=labels)


class DenseCRF:
    """:func:`dense_crf` with fixed parameters, for many pictures: the spatial lattice of a size is kept.

    Args:
        parameters: of the model.
        prune: see :func:`dense_crf`.
        spatial: where to keep spatial lattices, to share them between models; None keeps them here.
    """

    def __init__(
        self,
        parameters: CRFParameters | None = None,
        *,
        prune: float | None = None,
        spatial: SpatialKernels | None = None,
    ) -> None:
        if prune is not None and not 0 < prune < 1:
            raise UsageError(f"prune must be a share in (0, 1) or None, got {prune!r}")
        self.parameters = CRFParameters() if parameters is None else parameters
        self.prune = prune
        self._spatial = SpatialKernels() if spatial is None else spatial

    def __call__(
        self, probabilities: Tensor, image: Tensor, *, labels: Sequence[int] | Tensor | None = None
    ) -> Tensor:
        """Return the marginals of pictures, see :func:`dense_crf`."""
        check_picture(probabilities, image, name="probabilities")
        low, high = torch.aminmax(probabilities.detach())
        if not (low >= 0 and high <= 1 + ROUNDING):  # NaN is neither
            raise UsageError(f"probabilities must be in [0, 1], got values from {low:g} to {high:g}")
        logits = _compute(probabilities).clamp(min=PROBABILITY_FLOOR).log_()
        return self._marginals(logits, image, labels).to(probabilities.dtype)

    def from_energies(
        self, energies: Tensor, image: Tensor, *, labels: Sequence[int] | Tensor | None = None
    ) -> Tensor:
        """Return the marginals for unary energies U (low is likely) in place of probabilities exp(-U)."""
        check_picture(energies, image, name="energies")
        if not energies.detach().isfinite().all():
            raise UsageError("energies must be finite, got infinite values or NaN")
        lowest = energies.detach().amin(-3, keepdim=True)  # a constant per pixel changes nothing
        logits = _compute(lowest - energies).clamp(min=LOWEST_LOGIT)
        return self._marginals(logits, image, labels).to(energies.dtype)

    def _marginals(self, logits: Tensor, image: Tensor, labels: Sequence[int] | Tensor | None) -> Tensor:
        if logits.ndim == 3:
            return self._marginals(logits[None], image[None], labels)[0]
        play = labels_in_play(logits, labels=labels, prune=self.prune)
        if logits.is_cuda:
            return self._infer_together(logits, image, play)
        chosen = [None] * len(logits) if play is None else [row.nonzero().squeeze(1) for row in play]
        parts = [self._infer_some(logits[n : n + 1], image[n : n + 1], rows) for n, rows in enumerate(chosen)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _infer_together(self, logits: Tensor, image: Tensor, play: Tensor | None) -> Tensor:
        """Run mean field on all pictures at once, with the labels that any of them has in play."""
        if play is None:
            return self._infer(logits, image)
        some = play.any(0).nonzero().squeeze(1)
        out = ~play[:, some, None, None]
        marginals = self._infer(logits[:, some].masked_fill(out, -torch.inf), image)
        return torch.zeros_like(logits).index_copy(1, some, marginals)

    def _infer_some(self, logits: Tensor, image: Tensor, labels: Tensor | None) -> Tensor:
        if labels is None:
            return self._infer(logits, image)
        some = self._infer(logits[:, labels], image)
        return torch.zeros_like(logits).index_copy(1, labels, some)

    def _infer(self, logits: Tensor, image: Tensor) -> Tensor:
        """Run mean field on pictures of one size, each seeing only itself, as one set of pixels."""
        images, labels, height, width = logits.shape
        rows = logits.movedim(1, -1).reshape(-1, labels)  # (N * H * W, C)
        kernels = self._kernels(image, logits.dtype)
        marginals = mean_field(rows, kernels, iterations=self.parameters.iterations)
        return marginals.view(images, height, width, labels).movedim(-1, 1)  # (N, C, H, W)

    def _kernels(self, image: Tensor, dtype: torch.dtype) -> KernelSum | None:
        wanted = self.parameters
        if wanted.iterations == 0:
            return None
        kernels, weights = [], []
        if wanted.spatial_weight:
            kernels.append(self._spatial(image, sigma=wanted.spatial_sigma, dtype=dtype))
            weights.append(wanted.spatial_weight)
        if wanted.bilateral_weight:
            sigmas = {"sigma": wanted.bilateral_sigma, "colour_sigma": wanted.colour_sigma}
            kernels.append(bilateral_kernel(image, **sigmas, dtype=dtype))
            weights.append(wanted.bilateral_weight)
        return kernel_sum(kernels, weights) if kernels else None


def check_picture(values: Tensor, image: Tensor, *, name: str) -> None:
    """Raise UsageError unless ``values`` are label maps of ``image``."""
    if values.ndim not in (3, 4) or not values.is_floating_point() or 0 in values.shape:
        raise UsageError(
            f"{name} must be a float tensor (C, H, W) or (N, C, H, W), "
            f"got {tuple(values.shape)} of {values.dtype}"
        )
    if image.dtype != torch.uint8:
        raise UsageError(
            f"image must be uint8 with levels 0..255, got {image.dtype}: for an image in [0, 1] pass "
            "(image * 255).round().to(torch.uint8)"
        )
    wanted = (*values.shape[:-3], 3, *values.shape[-2:])
    if tuple(image.shape) != wanted:
        raise UsageError(f"image must have shape {wanted} to go with {name}, got {tuple(image.shape)}")
    if image.device != values.device:
        raise UsageError(f"image must be on the device of {name}, {values.device}, got {image.device}")


def _compute(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
