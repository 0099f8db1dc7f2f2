"""One photograph, several files: which groups are found, and how grave each is."""

from __future__ import annotations

import random
from pathlib import Path

from weldon.data.copies import NEAR, Copies, copy_errors, copy_warnings, find_copies, near_copies
from weldon.data.file_facts import FileFacts
from weldon.data.record import Record

FAR = ((1 << 128) - 1) << 128  # half of the bits of a print of 256


def record(name: str, *, split: str | None = "train", label: str = "cat") -> Record:
    return Record(Path(name), name, frozenset({label}), split=split)


def test_equal_files_are_exact_copies_and_likenesses_are_near_ones():
    records = [record(name) for name in "abcd"]
    facts = [
        FileFacts("1", fingerprint=0),
        FileFacts("2", fingerprint=FAR),
        FileFacts("1", fingerprint=0),
        FileFacts("3", fingerprint=FAR ^ 0b111),
    ]
    assert [(found.file_names, found.exact) for found in find_copies(records, facts)] == [
        (("a", "c"), True),
        (("b", "d"), False),
    ]


def test_a_likeness_of_two_equal_files_names_all_three():
    facts = [FileFacts("1", fingerprint=0), FileFacts("1", fingerprint=0), FileFacts("2", fingerprint=1)]
    exact, near = find_copies([record(name) for name in "abc"], facts)
    assert (exact.file_names, near.file_names) == (("a", "b"), ("a", "b", "c"))


def test_files_that_cannot_be_read_are_no_copies_of_each_other():
    facts = [FileFacts("0", problem="the file is empty")] * 2
    assert find_copies([record("a"), record("b")], facts) == ()


def test_splits_and_labels_of_a_group_are_compared():
    facts = [FileFacts("1")] * 3
    records = [record("a", split=None), record("b", split="val"), record("c", split="val")]
    (found,) = find_copies(records, facts)
    assert (found.splits, found.same_labels) == (("-", "val"), True)
    (other,) = find_copies([*records[:2], record("c", label="dog")], facts)
    assert not other.same_labels


def test_one_file_in_two_splits_or_with_two_answers_is_an_error():
    leak = Copies(("a", "b"), True, ("train", "val"), False)
    assert list(copy_errors([leak])) == [
        "leak: one file in train and val: a, b",
        "one file with different labels: a, b",
    ]
    assert list(copy_warnings([leak])) == []


def test_likenesses_and_needless_copies_are_warnings():
    groups = [
        Copies(("a", "b"), True, ("train",), True),
        Copies(("c", "d"), False, ("train", "val"), False),
        Copies(("e", "f", "g"), False, ("train",), True),
    ]
    assert list(copy_errors(groups)) == []
    assert list(copy_warnings(groups)) == [
        "one file 2 times: a, b",
        "nearly one picture in train and val, look whether it leaks: c, d",
        "nearly one picture 3 times: e, f, g",
    ]


def test_the_last_bit_that_may_differ_decides():
    assert near_copies([0, (1 << NEAR) - 1]) == [[0, 1]]
    assert near_copies([0, (1 << (NEAR + 1)) - 1]) == []


def test_near_copies_equal_the_naive_search():
    chance = random.Random(0)
    leaders = [chance.getrandbits(256) for _ in range(20)]
    prints = [
        leader ^ sum(1 << bit for bit in chance.sample(range(256), flips))
        for leader in leaders
        for flips in (0, 5, 8)
    ]
    assert near_copies(prints) == [[3 * n, 3 * n + 1, 3 * n + 2] for n in range(20)]
    far = [prints[0], prints[0] ^ ((1 << 9) - 1), None, None]
    assert near_copies(far) == []
