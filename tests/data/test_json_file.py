"""JSON as people's tools leave it, and errors that name the file."""

from __future__ import annotations

import pytest

from weldon.data.json_file import read_json, write_json
from weldon.errors import DataError


def test_names_survive_and_stay_readable(tmp_path):
    path = tmp_path / "deep" / "a.json"
    write_json(path, {"Löwe": [1, None, "ü"]})
    assert read_json(path) == {"Löwe": [1, None, "ü"]}
    assert "Löwe" in path.read_text(encoding="utf-8")


def test_the_mark_that_windows_puts_first_is_no_content(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(tmp_path / "a.json") == [1]


@pytest.mark.parametrize("content", [b"", b"{", b"[1,]", b'["\xff"]', b"\x00"])
def test_what_is_no_json_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json is no JSON"):
        read_json(tmp_path / "a.json")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none\.json: No such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory"):
        read_json(tmp_path)
