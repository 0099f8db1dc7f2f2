"""What a network says about one image: beside scores and labels, points, boxes, masks and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from weldon.data.geometry import TILES, Geometry, crop_map, upsample_map
from weldon.data.greys import Window
from weldon.data.image import load_image
from weldon.data.record import Box
from weldon.data.windows import reduced
from weldon.inference.decision import Decision
from weldon.inference.evidence import Region, RegionResult
from weldon.inference.localise import Point, locate_boxes, locate_point
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.inference.masks import CRF_SIDE
from weldon.inference.overlay import overlay_map, picture_size, with_caption

if TYPE_CHECKING:
    from weldon.inference.explain import Explanation


@dataclass(frozen=True, eq=False)
class Result(RegionResult[Region]):
    """The answer for one image; everything in pixels of the upright original, computed from one forward pass.

    Args:
        file_name: the name under which results are written.
        source: the file, or the picture itself.
        geometry: how the image lay on the network's canvas.
        decision: what the scores mean: classes, thresholds, task.
        class_scores: ``(C,)`` float.
        class_maps: ``(C, h, w)`` float, signed.
        positive: ``(C, h, w)`` float, weights of the regions as evidence for.
        negative: ``(C, h, w)`` float, weights of the regions as evidence against.
        window: how the file is read anew; see :func:`weldon.data.load_image`.
    """

    file_name: str
    source: Path | Image.Image = field(repr=False)
    geometry: Geometry
    decision: Decision = field(repr=False)
    class_scores: Tensor = field(repr=False)
    class_maps: Tensor = field(repr=False)
    positive: Tensor = field(repr=False)
    negative: Tensor = field(repr=False)
    window: Window | None = field(default=None, repr=False, kw_only=True)
    _masks: dict[tuple[MaskSettings, bool], NDArray[np.uint8]] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def width(self) -> int:
        """Of the upright original, in pixels."""
        return self.geometry.width

    @property
    def height(self) -> int:
        """Of the upright original, in pixels."""
        return self.geometry.height

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the maps."""
        return self.class_maps.shape[1], self.class_maps.shape[2]

    @property
    def regions(self) -> int:
        """How many cells of the maps show the picture; the others are padding, which no share counts."""
        rows, columns = self.geometry.real_cells(self.grid)
        return rows * columns

    @property
    def name(self) -> str:
        """The name under which results are written: ``file_name``."""
        return self.file_name

    def region(self, place: tuple[int, ...], score: float, weight: float) -> Region:
        """Return a cell of the maps, in pixels of the upright original."""
        row, col = place
        return Region(self.geometry.cell_box(row, col, self.grid), row, col, score, weight)

    @property
    def image(self) -> Image.Image:
        """The upright picture, read anew from its file."""
        if self.geometry.resize == TILES:
            return reduced(self.source, max(self.width, self.height), self.window)
        return self.source if isinstance(self.source, Image.Image) else load_image(self.source, self.window)

    def reduced(self, side: int) -> Image.Image:
        """Return the upright picture to draw a small copy from; a large one is never decoded at its own size.

        Args:
            side: long side of the copy that will be drawn, in pixels.
        """
        if self.geometry.resize != TILES:
            return self.image
        return reduced(self.source, 2 * side, self.window)  # twice: resizing again then costs no sharpness

    def point(self, class_name: str) -> Point:
        """Return the centre of the class's highest cell."""
        return locate_point(self._map(class_name), self.geometry)

    def boxes(self, class_name: str, *, threshold: float | None = None, min_area: float = 0.005) -> list[Box]:
        """Return a box around each connected part of the map above a share of its range, best first.

        A part without a region that speaks for the class, its highest value being 0 or less, gets no box: it
        is high among its neighbours only. So a class that is predicted since its threshold is low may have
        none. :func:`weldon.inference.localise.locate_boxes` gives all parts, as measures take them.

        Args:
            class_name: the class.
            threshold: share of the way from the map's lowest value to its highest, in (0, 1); None takes the
                one that ``weldon val`` chose on boxes of tuning images, else 0.5.
            min_area: smallest part, as a share of the image.
        """
        share = self.decision.box_threshold if threshold is None else threshold
        parts = locate_boxes(
            self._map(class_name), self.geometry, label=class_name, threshold=share, min_area=min_area
        )
        return [box for box in parts if box.score is not None and box.score > 0]

    def heatmap(self, class_name: str, *, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Return the signed map of a class, unnormalised, ``(height, width)``.

        Args:
            class_name: the class.
            size: ``(height, width)``; the original image's by default.
        """
        values = upsample_map(self._map(class_name)[None], self.geometry, size=size)[0]
        return np.asarray(values.numpy(), dtype=np.float32)

    def explain(self, class_name: str, *, versus: str | None = None) -> Explanation:
        """Explain the score of a class, alone or against a rival."""
        from weldon.inference.explain import explain

        return explain(self, class_name, versus=versus)

    def mask(
        self,
        *,
        background: float | None = None,
        relative: bool | None = None,
        crf: bool | Mapping[str, Any] = False,
    ) -> NDArray[np.uint8]:
        """Return ``(height, width)``: 0 where background wins, ``i + 1`` where predicted class ``i`` does.

        What is None is as ``weldon val`` chose it on true masks, else a background of half a map's range.

        Args:
            background: the constant claim of the background: a share of each map's range, or a raw score.
            relative: measure the maps as shares of their range in this image; False takes raw scores.
            crf: refine with the fully connected CRF; a mapping gives its options.

        Raises:
            UsageError: ``relative`` without ``background``, or no such option of the CRF.
        """
        options = crf if isinstance(crf, Mapping) else {}
        settings = self.decision.masks.changed(background=background, relative=relative, crf=options)
        asked = settings, crf is not False
        if self.geometry.resize == TILES:  # too large to be kept beside
            return self._draw_mask(*asked)
        if asked not in self._masks:  # the CRF is slow, and a mask is wanted by several files
            self._masks[asked] = self._draw_mask(*asked)
        return self._masks[asked].copy()

    def _draw_mask(self, settings: MaskSettings, refine: bool) -> NDArray[np.uint8]:
        present = [self.decision.index(name) for name in self.labels]
        picture = self.reduced(CRF_SIDE) if refine else None
        return draw_mask(self.class_maps, present, self.geometry, settings, image=picture)

    def plot(self, class_name: str | None = None) -> Image.Image:
        """Return the picture under the signed map of a class; None takes the best one.

        Args:
            class_name: the class, or None.
        """
        name = class_name if class_name is not None else self.shown[0]
        caption = f"{name}: score {self.scores[name]:+.2f}, probability {self.probabilities[name]:.2f}"
        return with_caption(self.overlay(name), [caption], scale=self.decision.map_scale)

    def overlay(self, class_name: str) -> Image.Image:
        """Return the picture under the signed map of a class, at most 1600 pixels long, without a caption."""
        size = picture_size(self.geometry)
        heat = self.heatmap(class_name, size=(size[1], size[0]))
        return overlay_map(self.reduced(max(size)).resize(size), heat, scale=self.decision.map_scale)

    def save(self, out: str | Path, *, overwrite: bool = False) -> list[Path]:
        """Write this image's answer as JSON, its maps as npz and its overlays as png into a folder.

        Args:
            out: the folder; made where it is missing.
            overwrite: replace files of the same name.

        Returns:
            The files written.

        Raises:
            UsageError: a file is there already.
        """
        from weldon.inference.write import save_result

        return save_result(self, Path(out), overwrite=overwrite)

    def inner_map(self, class_name: str) -> Tensor:
        """Return the ``(rows, columns)`` cells of a class's map that lie on the picture, without padding."""
        return crop_map(self._map(class_name), self.geometry)

    def _map(self, class_name: str) -> Tensor:
        return self.class_maps[self.decision.index(class_name)]
