"""The parameters of the dense CRF, named and checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real

from weldon.errors import UsageError


@dataclass(frozen=True)
class CRFParameters:
    """What a dense CRF believes of images; docs/crf.md has what the defaults were chosen on.

    Attributes:
        spatial_sigma: standard deviation, in pixels, of the kernel over positions (pydensecrf: ``sxy`` of
            ``addPairwiseGaussian``). It removes specks of this size.
        spatial_weight: its weight (``compat``); 0 leaves it out.
        bilateral_sigma: standard deviation, in pixels, of the kernel over positions and colours (``sxy`` of
            ``addPairwiseBilateral``): how far apart pixels of like colour still speak to each other.
        colour_sigma: standard deviation of colours, in levels of 0..255 (``srgb``). Smaller follows fainter
            edges and costs more time.
        bilateral_weight: its weight (``compat``); 0 leaves it out. Larger smooths more.
        iterations: mean field updates.
    """

    spatial_sigma: float = 1.0
    spatial_weight: float = 3.0
    bilateral_sigma: float = 67.0
    colour_sigma: float = 3.0
    bilateral_weight: float = 4.0
    iterations: int = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_parameter(field.name, getattr(self, field.name))


def _check_parameter(name: str, value: object) -> None:
    if name == "iterations":
        fits, wanted = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "an int >= 0"
    elif name.endswith("sigma"):
        fits, wanted = isinstance(value, Real) and 0 < float(value) < math.inf, "a finite number > 0"
    else:
        fits, wanted = isinstance(value, Real) and 0 <= float(value) < math.inf, "a finite number >= 0"
    if not fits:
        raise UsageError(f"{name} must be {wanted}, got {value!r}")


README_PARAMETERS = CRFParameters(
    spatial_sigma=3, spatial_weight=3, bilateral_sigma=80, colour_sigma=13, bilateral_weight=10, iterations=10
)
"""Those of pydensecrf's readme: they smooth more; docs/crf.md says where that gained and where it cost."""
