"""One suspect label: what the table says, what heads that had not seen the image say, and which regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.inference.evidence import Evidence, Region


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that the run contradicts.

    Args:
        rank: 1 is the most doubtful of all.
        file_name: the name the image goes by in the label file.
        path: the file.
        class_name: the class.
        given: what the table says: ``present`` or ``absent``.
        probability: that the class is present, in (0, 1), by a head that did not learn from this image.
        doubt: how probable it is that the label is wrong, in (0, 1): suspects are ranked by it.
        evidence: the regions for and against the class, by the same head.
        sentence: the same in words.
    """

    rank: int
    file_name: str
    path: Path
    class_name: str
    given: str
    probability: float
    doubt: float
    evidence: Evidence
    sentence: str

    @property
    def regions_for(self) -> tuple[Region, ...]:
        """The regions that count as evidence for the class, highest first."""
        return self.evidence.top

    @property
    def regions_against(self) -> tuple[Region, ...]:
        """The regions that count as evidence against the class, lowest first."""
        return self.evidence.low

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "rank": self.rank,
            "file_name": self.file_name,
            "class": self.class_name,
            "given": self.given,
            "probability": self.probability,
            "doubt": self.doubt,
            "sentence": self.sentence,
            "for": [region.to_dict() for region in self.evidence.top],
            "against": [region.to_dict() for region in self.evidence.low],
        }
