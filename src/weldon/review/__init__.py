"""Labels that a run contradicts, images worth labelling next, and the corrections that people make."""

from weldon.data.corrections import (
    ABSENT,
    PRESENT,
    STATES,
    UNKNOWN,
    Corrected,
    Correction,
    append_correction,
    apply_corrections,
    label_of,
    now,
    read_corrections,
    with_label,
)
from weldon.review.label_next import NextImage, next_images
from weldon.review.suspect_search import Search, Suspect, search_suspects, suspects

__all__ = [
    "ABSENT",
    "PRESENT",
    "STATES",
    "UNKNOWN",
    "Corrected",
    "Correction",
    "NextImage",
    "Search",
    "Suspect",
    "append_correction",
    "apply_corrections",
    "label_of",
    "next_images",
    "now",
    "read_corrections",
    "search_suspects",
    "suspects",
    "with_label",
]
