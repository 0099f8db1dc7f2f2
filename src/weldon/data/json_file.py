"""JSON files of other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weldon.errors import DataError


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: missing, not UTF-8, or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path} is no JSON: {error}") from error


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON with names readable, making the folder where needed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
