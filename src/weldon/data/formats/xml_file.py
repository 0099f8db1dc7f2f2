"""XML files of other tools, read without what a document may declare, and written whole or not at all."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

from weldon.errors import DataError
from weldon.files import read_bytes, write_bytes

# A document's declarations come before its elements: parsed in pieces this small, none of them is ever used.
_PIECE = 64


class _Undeclared(ET.TreeBuilder):
    """A tree of elements; a document type, which could declare entities that grow without end, is refused."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse the declaration."""
        raise DataError(f"it declares a document type ({name}): remove the line <!DOCTYPE ...>")


def read_xml(path: str | Path, *, root: str) -> ET.Element:
    """Return the root element of an XML file in whichever encoding it declares.

    Args:
        path: of the file.
        root: what its outermost element must be called.

    Raises:
        DataError: it cannot be read, is no XML, declares a document type, or has another root.
    """
    return parse_xml(read_bytes(path), str(path), root=root)


def parse_xml(data: bytes, source: str, *, root: str) -> ET.Element:
    """Return the root element of an XML document.

    Args:
        data: the document.
        source: where it is from, for the error.
        root: what its outermost element must be called.

    Raises:
        DataError: it is no XML, declares a document type, or has another root.
    """
    parser = ET.XMLParser(target=_Undeclared())
    try:
        for start in range(0, len(data), _PIECE):
            parser.feed(data[start : start + _PIECE])
        found: ET.Element = parser.close()
    except (ET.ParseError, LookupError, ValueError, DataError) as error:
        raise DataError(f"cannot read {source} as XML: {error}") from error
    if found.tag != root:
        raise DataError(f"cannot use {source}: its root must be <{root}>, got <{found.tag}>")
    return found


def write_xml(path: str | Path, root: ET.Element, *, declaration: bool = False) -> None:
    """Write an XML file in UTF-8, indented, whole or not at all.

    Args:
        path: of the file.
        root: of the document; it is indented in place.
        declaration: begin with ``<?xml ...?>``.

    Raises:
        DataError: a name or text that XML cannot hold (control characters, names that are no text).
    """
    for element in root.iter():
        for text in (element.text or "", *element.attrib.values()):
            if not _can_stand(text):
                raise DataError(f"{text!r} has a character that XML cannot hold, so {path} was not written")
    ET.indent(root)
    stream = io.BytesIO()
    ET.ElementTree(root).write(stream, encoding="utf-8", xml_declaration=declaration)
    write_bytes(path, stream.getvalue())


def _can_stand(text: str) -> bool:
    r"""Return whether XML 1.0 has every character: no controls but tab and line ends, no surrogates.

    Example:
        >>> _can_stand("a\tb"), _can_stand("a\x01b"), _can_stand("\udcff")
        (True, False, False)
    """
    return not any(
        (character < " " and character not in "\t\n\r")
        or "\ud800" <= character <= "\udfff"
        or character in "\ufffe\uffff"
        for character in text
    )
