"""XML of strangers is read without what it declares; ours is written whole."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

import pytest

from weldon.data.formats.xml_file import read_xml, write_xml
from weldon.errors import DataError

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l11;</a>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_grow_are_refused_at_once(tmp_path, encoding):
    (tmp_path / "a.xml").write_bytes(BOMB.encode(encoding))
    start = time.perf_counter()
    with pytest.raises(DataError, match=r"a\.xml.*document type"):
        read_xml(tmp_path / "a.xml", root="a")
    assert time.perf_counter() - start < 5


def test_no_file_outside_is_read(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "a.xml").write_text(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tmp_path}/secret">]><a>&x;</a>')
    with pytest.raises(DataError, match="document type"):
        read_xml(tmp_path / "a.xml", root="a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "cp1252"])
def test_declared_encodings_are_read(tmp_path, encoding):
    (tmp_path / "a.xml").write_bytes(f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'.encode(encoding))
    assert read_xml(tmp_path / "a.xml", root="a").text == "é"


@pytest.mark.parametrize(
    "content",
    [
        b"<a>\xe9</a>",
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b"",
        b"<a><b></a>",
        b"<a>\0</a>",
        b"<b/>",
    ],
)
def test_what_is_no_such_document_is_named(tmp_path, content):
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.xml"):
        read_xml(tmp_path / "a.xml", root="a")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path, tmp_path / "b.xml"):
        with pytest.raises(DataError, match=path.name):
            read_xml(path, root="a")


def test_names_come_back(tmp_path):
    root = ET.Element("a", name='ü & "<x>"')
    write_xml(tmp_path / "deep" / "a.xml", root)
    assert read_xml(tmp_path / "deep" / "a.xml", root="a").get("name") == 'ü & "<x>"'


@pytest.mark.parametrize("name", ["a\x01b", "a\udcff", "a\0"])
def test_a_name_that_xml_cannot_hold_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(DataError, match="XML cannot hold"):
        write_xml(tmp_path / "a.xml", ET.Element("a", name=name))
    assert not list(tmp_path.iterdir())
