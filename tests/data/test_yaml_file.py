"""YAML of strangers: texts only, and nothing that grows."""

from __future__ import annotations

import pytest

from weldon.data.yaml_file import read_yaml
from weldon.errors import DataError

pytest.importorskip("yaml")
GROWING = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_aliases_are_refused_by_line(tmp_path):
    (tmp_path / "data.yaml").write_text(GROWING + "names: *i\n")
    with pytest.raises(DataError, match=r"data\.yaml.*line 2: the alias \*a"):
        read_yaml(tmp_path / "data.yaml")


def test_every_value_is_the_text_that_is_written(tmp_path):
    (tmp_path / "data.yaml").write_text("names: {0: no, 1: 1.10, 2: 0x10, 3: 2020-01-01, 4: ~}\n")
    assert list(read_yaml(tmp_path / "data.yaml")["names"].values()) == [
        "no",
        "1.10",
        "0x10",
        "2020-01-01",
        "~",
    ]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\xfd", b"a: [", b"a: b: c", b"!!python/object:os.system {}\n- x", b"[" * 5000, b"{a: {}: 1}"],
)
def test_what_is_none_is_named(tmp_path, content):
    (tmp_path / "data.yaml").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.yaml"):
        read_yaml(tmp_path / "data.yaml")
