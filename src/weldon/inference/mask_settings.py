"""How a run's maps become masks: as ``weldon val --tune-on`` chose on true masks, or the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from weldon.crf.parameters import CRFParameters
from weldon.data.geometry import Geometry
from weldon.errors import DataError, UsageError
from weldon.inference.masks import SHARPNESS, segment

BACKGROUND = 0.5


@dataclass(frozen=True)
class Refinement:
    """What the dense CRF starts from and believes.

    Args:
        background: constant claim of the background before refinement.
        sharpness: log-odds between a claim of 1 and a claim of 0, before refinement.
        parameters: of the CRF.
    """

    background: float = BACKGROUND
    sharpness: float = SHARPNESS
    parameters: CRFParameters = field(default_factory=CRFParameters)

    @property
    def options(self) -> dict[str, Any]:
        """Sharpness and parameters, as :func:`weldon.inference.masks.refine_claims` takes them."""
        return {"sharpness": self.sharpness, **asdict(self.parameters)}


@dataclass(frozen=True)
class MaskSettings:
    """How class maps become a mask.

    Args:
        background: constant claim of the background, on the scale that ``relative`` chooses.
        relative: measure each map as a share of its range in the image; False takes raw scores.
        refinement: for masks that the dense CRF refines.
    """

    background: float = BACKGROUND
    relative: bool = True
    refinement: Refinement = field(default_factory=Refinement)

    def changed(
        self, *, background: float | None, relative: bool | None, crf: Mapping[str, Any]
    ) -> MaskSettings:
        """Return the settings with what the caller wants otherwise; None and missing names change nothing.

        Args:
            background: for masks with and without the CRF.
            relative: needs a ``background`` of its own where it differs, for that is another scale.
            crf: sharpness and parameters of the refinement.

        Raises:
            UsageError: ``relative`` without ``background``, or no such option of the CRF.
        """
        if relative not in (None, self.relative) and background is None:
            raise UsageError(f"background must be given with relative={relative}: it is another scale")
        options = dict(crf)
        sharpness = options.pop("sharpness", self.refinement.sharpness)
        unknown = sorted(options.keys() - asdict(self.refinement.parameters).keys())
        if unknown:
            choices = ", ".join(self.refinement.options)
            raise UsageError(f"crf must have options among {choices}, got {', '.join(unknown)}")
        refinement = Refinement(
            self.refinement.background if background is None else background,
            sharpness,
            replace(self.refinement.parameters, **options),
        )
        return MaskSettings(
            self.background if background is None else background,
            self.relative if relative is None else relative,
            refinement,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the content of a run's ``segmentation.json``."""
        crf = {"background": self.refinement.background, **self.refinement.options}
        return {"background": self.background, "relative": self.relative, "crf": crf}


def mask_settings_from_json(stored: Mapping[str, Any], *, source: str) -> MaskSettings:
    """Return what :meth:`MaskSettings.to_json` gave.

    Args:
        stored: the values; others beside them are not looked at.
        source: the file, for the error message.

    Raises:
        DataError: a value is missing or cannot be used.

    Example:
        >>> settings = MaskSettings(background=0.3)
        >>> mask_settings_from_json(settings.to_json(), source="segmentation.json") == settings
        True
    """
    try:
        crf = dict(stored["crf"])
        background, sharpness = float(crf.pop("background")), float(crf.pop("sharpness"))
        refinement = Refinement(background, sharpness, CRFParameters(**crf))
        return MaskSettings(float(stored["background"]), bool(stored["relative"]), refinement)
    except (KeyError, TypeError, ValueError, OverflowError, UsageError) as error:
        raise DataError(f"{source} must be as `weldon val --tune-on` writes it, got {error!r}") from None


def draw_mask(
    class_maps: Tensor,
    present: list[int],
    geometry: Geometry,
    settings: MaskSettings,
    *,
    image: Image.Image | None = None,
) -> NDArray[np.uint8]:
    """Return the mask ``(height, width)`` of an image; with its picture, refined by the dense CRF.

    Args:
        class_maps: ``(C, h, w)`` float over the whole canvas.
        present: indices of the classes that are in the image.
        geometry: how the image lay on the canvas.
        settings: of the run.
        image: the picture; None leaves the CRF out.
    """
    refined = image is not None
    return segment(
        class_maps,
        present,
        geometry,
        background=settings.refinement.background if refined else settings.background,
        relative=settings.relative,
        image=image,
        crf_options=settings.refinement.options if refined else None,
    )
