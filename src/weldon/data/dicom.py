"""DICOM pictures as Pillow opens any other; needs the extra ``dicom``.

The values are those after the rescale of the file (Hounsfield units of a CT), and the window is the first
that the file has, else the whole range of what it stores.
Source: DICOM PS3.3, C.11.1 (modality), C.11.2 (window).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile

from weldon.data.greys import INVERTED, OWN, UNKNOWN, WINDOW, Window
from weldon.errors import MissingPackageError

if TYPE_CHECKING:
    import numpy as np

FORMAT = "DICOM"
ENDINGS = (".dcm", ".dicom")
_PREAMBLE, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")  # what a file without a preamble begins with
_COLOUR = {"RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420"}
_GREY = {"MONOCHROME1", "MONOCHROME2"}

# Values that do not fit their kind are told by weldon, where they matter.
warnings.filterwarnings("ignore", module=r"pydicom\.")


class DicomImage(ImageFile.ImageFile):
    """The first frame of a DICOM file: RGB, or grey as 32-bit floats with a window in ``info``."""

    format = FORMAT
    format_description = "DICOM"

    def _open(self) -> None:
        file = self._file()
        start = file.read(_PREAMBLE + len(_MAGIC))
        named = str(self.filename).lower().endswith(ENDINGS)
        if start[_PREAMBLE:] != _MAGIC and not (named and start[:2] in _FIRST_GROUPS):
            raise SyntaxError("no DICOM file")  # for Pillow: another format may fit
        head = self._read(pixels=False)
        rows, columns = int(head.get("Rows") or 0), int(head.get("Columns") or 0)
        if not (rows and columns):
            raise ValueError(f"it is DICOM without a picture ({_kind(head)})")
        kind = str(head.get("PhotometricInterpretation", ""))
        if kind not in _COLOUR | _GREY:
            raise ValueError(
                f"it is DICOM whose pixels are {kind[:40] or 'not described'}, which is not read"
            )
        self._size = (columns, rows)
        self._mode = "F" if kind in _GREY else "RGB"
        self.is_animated = int(head.get("NumberOfFrames") or 1) > 1
        if kind in _GREY:
            self.info[INVERTED] = kind == "MONOCHROME1"
            try:
                own = _own_window(head)
                self.info[OWN] = own is not None
                self.info[WINDOW] = own or _stored_range(head)
            except ValueError as error:  # no matter where the user gives a window
                self.info[UNKNOWN] = str(error)

    def load(self) -> Any:
        """Decode the pixels.

        Raises:
            ValueError: compressed in a way that needs another package, or damaged.
        """
        if self._im is None:
            self.im = self._decoded().im
        return Image.Image.load(self)

    def _decoded(self) -> Image.Image:
        from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array

        data = self._read(pixels=True)
        try:
            values = pixel_array(data, index=0)
            if data.PhotometricInterpretation == "PALETTE COLOR":
                values = apply_color_lut(values, data)
            elif self.mode == "F":
                values = apply_modality_lut(values, data)
        except RuntimeError as error:  # no package that decompresses them
            raise ValueError(
                f"its pixels are compressed ({data.file_meta.TransferSyntaxUID.name}), which no package here "
                "reads: install pylibjpeg with its plugins, or save it uncompressed"
            ) from error
        if values.shape[:2] != self.size[::-1]:
            raise ValueError(f"its pixels are {values.shape}, but its header says {self.size[::-1]}")
        if self.mode == "F":
            return Image.fromarray(values.astype("float32", order="C"))
        return Image.fromarray(_eight_bits(values))

    def _read(self, *, pixels: bool) -> Any:
        try:
            import pydicom
        except ImportError:
            name = str(self.filename or "a DICOM picture")
            raise MissingPackageError(f"to read {name}", "pydicom", "dicom") from None
        file = self._file()
        file.seek(0)
        return pydicom.dcmread(file, stop_before_pixels=not pixels, force=True)

    def _file(self) -> Any:
        assert self.fp is not None
        return self.fp


def _kind(head: Any) -> str:
    """Return what a file without a picture is, in the standard's words."""
    told = head.get("SOPClassUID")
    return str(getattr(told, "name", told) or "it does not say what it is")


def _own_window(head: Any) -> Window | None:
    """Return the values that the file's first window shows black and white; None where it has none.

    Raises:
        ValueError: a window that is no straight line.
    """
    centre, width = _first(head.get("WindowCenter")), _first(head.get("WindowWidth"))
    if centre is None or width is None:
        if "VOILUTSequence" in head:
            raise ValueError("it is shown by a table of values, which is not read: give --window LOW HIGH")
        return None
    shape = str(head.get("VOILUTFunction") or "LINEAR")
    if shape == "LINEAR_EXACT":
        low, high = centre - width / 2, centre + width / 2
    elif shape == "LINEAR":  # a width of 1 is a threshold
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    else:
        raise ValueError(f"its window is {shape[:20]}, no straight line: give --window LOW HIGH")
    return (low, high) if high > low else (low, low + 1e-6)


def _stored_range(head: Any) -> Window:
    """Return the least and the largest value that the file could store, after its rescale."""
    if "ModalityLUTSequence" in head:
        raise ValueError("its values come from a table of unknown range: give --window LOW HIGH")
    bits, signed = int(head.get("BitsStored") or 16), bool(head.get("PixelRepresentation"))
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, shift = _first(head.get("RescaleSlope")), _first(head.get("RescaleIntercept"))
    ends = sorted((value * (1.0 if slope is None else slope)) + (shift or 0.0) for value in (least, most))
    return (ends[0], ends[1]) if ends[1] > ends[0] else (ends[0], ends[0] + 1)


def _first(value: Any) -> float | None:
    """Return a number, or the first of several; None where there is none."""
    if value is None or value == "":
        return None
    first = value[0] if isinstance(value, list | tuple) or hasattr(value, "__iter__") else value
    number = float(first)
    if not math.isfinite(number):
        raise ValueError(f"it holds {number} where a number must stand")
    return number


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Return colours of any number of bits as 8 bits."""
    import numpy as np  # the start of the command line reads this file, and needs no arrays

    if values.dtype == np.uint8:
        return values
    most = float(np.iinfo(values.dtype).max)
    scaled: np.ndarray = np.floor(values.astype(np.float64) / most * 255 + 0.5).astype(np.uint8)
    return scaled


Image.register_open(FORMAT, DicomImage)
