"""Picture formats that are not read: known by ending or first bytes, and what to do about such a file."""

from __future__ import annotations

# Files of a camera begin as TIFF files do, and hold a small preview that Pillow would take for the picture.
CAMERA_RAW = frozenset(
    {
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2"),
        *(".srf", ".srw", ".x3f"),
    }
)
# Pictures that must be converted; everything else that is no picture is only named.
CONVERTIBLE = CAMERA_RAW | frozenset(
    {
        *(".heic", ".heif", ".hif", ".jxl", ".jxr", ".psd", ".psb", ".xcf", ".svg", ".ai", ".eps"),
        *(".pdf", ".tga", ".pcx", ".ico", ".icns", ".wmf", ".emf", ".dds", ".jls", ".fpx", ".exr"),
        *(".hdr", ".fits", ".nii", ".svs", ".ndpi", ".mrxs", ".czi", ".mp4", ".mov", ".avi", ".mkv"),
    }
)
START = 12  # bytes of a file that tell what it is
# ISO 14496-12 names the kind of a file in bytes 8 to 12; these are of ISO 23008-12, Annex B.
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_TODO = "is not read: convert it to JPEG or PNG"


def refuse_camera_raw(ending: str) -> None:
    """Refuse a camera's raw file before its preview is read in its place.

    Args:
        ending: of the file's name, in any case.

    Raises:
        ValueError: it is one; the text says what to do.
    """
    if ending.lower() in CAMERA_RAW:
        raise ValueError(f"a camera's raw file ({ending.lower()}) {_TODO}")


def unread_reason(ending: str, start: bytes) -> str | None:
    r"""Return why a file in no format that is read gives no picture; None where nothing is known of it.

    Args:
        ending: of its name, in any case; empty where it has none.
        start: its first :data:`START` bytes, which say more than a name that somebody changed.

    Example:
        >>> unread_reason(".jpg", b"\0\0\0\x18ftypheic")
        'HEIC is not read: convert it to JPEG or PNG'
        >>> unread_reason(".PSD", b"8BPS"), unread_reason(".jpg", b"<html>")
        ('.psd is not read: convert it to JPEG or PNG', None)
    """
    if not start:
        return None
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC:
        return f"HEIC {_TODO}"
    return f"{ending.lower()} {_TODO}" if ending.lower() in CONVERTIBLE else None
