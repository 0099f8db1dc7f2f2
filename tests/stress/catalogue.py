"""All kinds by name, and how often each is damaged in a full run."""

from __future__ import annotations

from stress.kind import Kind
from stress.kinds import bags, labels, pictures, run_files, stores, truth_files

PARTS = (labels, truth_files, pictures, run_files, stores, bags)
KINDS: dict[str, Kind] = {kind.name: kind for part in PARTS for kind in part.KINDS}
