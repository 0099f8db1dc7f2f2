"""XML as nested lists and dictionaries and back, so that it can be damaged as JSON is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from random import Random
from typing import Any

from stress.tree_damage import MARK


def parse(data: bytes) -> Any:
    """Return the root element as ``{tag, attributes, text, parts}``."""
    return _tree(ET.fromstring(data))


def _tree(element: ET.Element) -> dict[str, Any]:
    return {
        "tag": element.tag,
        "attributes": dict(element.attrib),
        "text": (element.text or "").strip(),
        "parts": [_tree(part) for part in element],
    }


def write(tree: Any) -> bytes:
    """Return the XML of a tree; what is missing or of another type is left out or written as text."""
    return ("<?xml version='1.0' encoding='utf-8'?>\n" + _written(tree)).encode(
        "utf-8", errors="surrogatepass"
    )


def _written(tree: Any) -> str:
    if not isinstance(tree, dict):
        return _escaped(tree)
    tag = tree.get("tag") or "none"
    attributes = tree.get("attributes")
    pairs = attributes.items() if isinstance(attributes, dict) else ()
    shown = "".join(f' {key}="{_escaped(value)}"' for key, value in pairs)
    parts = tree.get("parts")
    inner = "".join(map(_written, parts)) if isinstance(parts, list) else _escaped(parts)
    return f"<{tag}{shown}>{_escaped(tree.get('text', ''))}{inner}</{tag}>"


def leaves_nothing(path: tuple[Any, ...]) -> bool:
    """Say whether damage at ``path`` takes elements away altogether, so that no reader can miss them."""
    return path[-1] == "parts" or path[-2:-1] == ("parts",)


def _escaped(value: Any) -> str:
    text = "" if value is None or value == [] or value == {} else str(value)
    if text == f"{MARK}deep":
        return "<a>" * 20_000 + "</a>" * 20_000
    if text == f"{MARK}digits":
        return "7" * 5000
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def laughs(data: bytes, chance: Random) -> bytes:
    """Return the XML with entities that grow tenfold eight times, used in its first text."""
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(8))
    root = parse(data)["tag"]
    body = re.sub(r"^<\?xml[^>]*\?>", "", data.decode())
    return f"<?xml version='1.0'?><!DOCTYPE {root} [{entities}]>{body.replace('>', '>&a8;', 1)}".encode()


def outside_entity(data: bytes, chance: Random) -> bytes:
    """Return the XML with an entity that asks for a file of the machine."""
    root = parse(data)["tag"]
    body = re.sub(r"^<\?xml[^>]*\?>", "", data.decode())
    entity = "<!ENTITY e SYSTEM 'file:///etc/passwd'>"
    return f"<?xml version='1.0'?><!DOCTYPE {root} [{entity}]>{body.replace('>', '>&e;', 1)}".encode()
