"""All kinds by name, and how often each is damaged in a full run."""

from __future__ import annotations

from stress.kind import Kind
from stress.kinds import labels

KINDS: dict[str, Kind] = {kind.name: kind for part in (labels,) for kind in part.KINDS}
