"""YAML files of other tools: every value a text, and nothing that grows while it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weldon.errors import DataError
from weldon.files import read_text


def read_yaml(path: str | Path) -> Any:
    """Return lists, dicts and texts; ``no``, ``7`` and ``1.10`` stay what is written there.

    Aliases are refused: a few hundred bytes of them stand for gigabytes.

    Raises:
        DataError: it cannot be read, is no YAML, or uses aliases.
    """
    import yaml

    class PlainTexts(yaml.BaseLoader):  # type: ignore[misc]  # yaml says nothing of its types
        """Resolve nothing and repeat nothing."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                raise yaml.YAMLError(
                    f"line {event.start_mark.line + 1}: the alias *{event.anchor}: write the value out"
                )
            return super().compose_node(parent, index)

    try:
        return yaml.load(read_text(path), PlainTexts)  # BaseLoader makes texts only
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"cannot read {path} as YAML: {error}") from error
