"""Labels as corrected: nothing is lost, whoever writes, and nobody overwrites unseen."""

from __future__ import annotations

import threading

import pytest

from weldon.data import LabelSet
from weldon.data.corrections import Correction, append_correction, apply_corrections, read_corrections
from weldon.errors import DataError, UsageError
from weldon.serve.label_book import LabelBook, OtherLabelError


def other(label: str) -> str:
    return "absent" if label == "present" else "present"


def test_a_correction_is_on_the_disk_at_once_and_the_users_file_is_untouched(book, scenes):
    table = (scenes / "labels.csv").read_bytes()
    before = book.label(3, "8")
    book.correct(3, "8", before, other(before), who="Ada")
    (row,) = read_corrections(book.path)
    assert (row.file_name, row.class_name, row.before, row.after, row.who) == (
        book.images.records[3].file_name,
        "8",
        before,
        other(before),
        "Ada",
    )
    assert book.label(3, "8") == other(before)
    assert (scenes / "labels.csv").read_bytes() == table


def test_the_labels_are_those_that_training_will_learn_from(book):
    for number, name in ((0, "1"), (1, "8"), (0, "7"), (0, "1")):
        label = book.label(number, name)
        book.correct(number, name, label, "unknown" if label == "present" else other(label))
    learnt = apply_corrections(LabelSet(book.images.records, book.classes, ""), read_corrections(book.path))
    fresh = LabelBook(book.path, book.images, book.classes)
    fresh.page()
    from weldon.data.corrections import label_of

    for number, record in enumerate(learnt.label_set.records):
        expected = {name: label_of(record, name) for name in book.classes}
        assert book.labels(number) == fresh.labels(number) == expected
    assert book.page().reviewed == fresh.page().reviewed == learnt.reviewed


def test_what_somebody_else_wrote_is_seen_before_the_next_answer(book):
    label = book.label(0, "1")
    book.correct(1, "1", book.label(1, "1"), "unknown")
    name = book.images.records[0].file_name
    append_correction(book.path, Correction(name, "1", label, other(label), who="Bea"))
    assert {row.who for row in book.page().corrections} == {"", "Bea"}
    with pytest.raises(OtherLabelError) as refused:
        book.correct(0, "1", label, "unknown")
    assert refused.value.label == other(label)
    assert len(read_corrections(book.path)) == 2


def test_two_who_say_the_same_agree(book):
    label = book.label(0, "1")
    book.correct(0, "1", label, other(label), who="Ada")
    book.correct(0, "1", label, other(label), who="Bea")
    assert book.page().conflicts == ()
    assert len(book.page().corrections) == 2


def test_an_answer_is_taken_back_by_a_row_the_other_way(book):
    label = book.label(5, "4")
    book.correct(5, "4", label, other(label))
    book.correct(5, "4", other(label), label)
    assert book.label(5, "4") == label
    assert len(read_corrections(book.path)) == 2


def test_threads_and_a_second_server_lose_nothing(book):
    second = LabelBook(book.path, book.images, book.classes)

    def say(which: LabelBook, first: int) -> None:
        for number in range(first, 40, 4):
            which.correct(number, "9", which.label(number, "9"), "unknown")

    threads = [
        threading.Thread(target=say, args=(one, n)) for n, one in enumerate((book, second, book, second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_corrections(book.path)) == 40
    for one in (book, second):
        one.page()
        assert {one.label(number, "9") for number in range(40)} == {"unknown"}


def test_where_each_picture_has_one_class_the_class_before_becomes_absent(images, run, tmp_path):
    book = LabelBook(tmp_path / "c.csv", images, run.class_names, single=True)
    record = next(number for number, r in enumerate(images.records) if len(r.labels) == 1)
    (was,) = images.records[record].labels
    new = next(name for name in run.class_names if name != was)
    book.correct(record, new, "absent", "present")
    assert [name for name, label in book.labels(record).items() if label == "present"] == [new]
    assert len(read_corrections(book.path)) == 2


@pytest.mark.parametrize(("number", "name"), [(-1, "1"), (10_000, "1"), (0, "cat")])
def test_what_is_not_there_cannot_be_corrected(book, number, name):
    with pytest.raises(UsageError):
        book.correct(number, name, "absent", "present")
    assert not book.path.exists()


def test_a_table_that_speaks_of_other_pictures_is_refused_with_its_row(book):
    append_correction(book.path, Correction("elsewhere.png", "1", "absent", "present"))
    with pytest.raises(DataError, match=r"row 2.*elsewhere"):
        book.correct(0, "1", book.label(0, "1"), "unknown")


def test_a_picture_that_joined_is_labelled_in_a_table_of_its_own(run, tmp_path):
    from PIL import Image

    from weldon.serve.run_images import read_run_images

    Image.new("RGB", (40, 30)).save(tmp_path / "new.png")
    images = read_run_images(run, tmp_path, run.class_names)
    book = LabelBook(tmp_path / "corrections.csv", images, run.class_names)
    book.correct(88, "8", "unknown", "present")
    book.correct(0, "8", book.label(0, "8"), "unknown")
    fresh = LabelBook(book.path, images, run.class_names)
    (joined,) = read_corrections(book.joined)
    assert joined.file_name == str(tmp_path / "new.png")
    assert [row.file_name for row in read_corrections(book.path)] == [images.records[0].file_name]
    for one in (book, fresh):
        assert len(one.page().corrections) == 2
        assert (one.label(88, "8"), one.label(0, "8")) == ("present", "unknown")


@pytest.mark.parametrize("again", ["same", "other"])
def test_what_is_withdrawn_counts_as_if_nobody_had_spoken(book, again):
    label = book.label(5, "4")
    said = label if again == "same" else other(label)
    book.correct(1, "4", book.label(1, "4"), "unknown")
    book.correct(5, "4", label, said)
    assert len(book.page().reviewed) == 2
    book.withdraw(5, "4", said)
    for one in (book, LabelBook(book.path, book.images, book.classes)):
        assert {file for file, _ in one.page().reviewed} == {book.images.records[1].file_name}
        assert one.label(5, "4") == label
    assert len(book.path.read_text().splitlines()) == 4  # nothing that was written is lost


def test_only_what_somebody_said_can_be_withdrawn(book):
    label = book.label(5, "4")
    with pytest.raises(OtherLabelError, match="nobody said"):
        book.withdraw(5, "4", label)
    book.correct(5, "4", label, other(label))
    with pytest.raises(OtherLabelError, match="nobody said"):
        book.withdraw(5, "4", label)
    with pytest.raises(OtherLabelError, match="nobody said"):
        book.withdraw(5, "cat", "unknown")
    assert len(read_corrections(book.path)) == 1


def test_what_was_said_of_a_picture_that_is_gone_is_told_and_stops_nobody(book):
    append_correction(book.joined, Correction("/gone/a.png", "8", "unknown", "present"))
    label = book.label(0, "8")
    book.correct(0, "8", label, other(label))
    (sentence,) = book.page().conflicts
    assert sentence.startswith(f"{book.joined.name} row 2: the page does not know the picture '/gone/a.png'")
    assert "--photos" in sentence
    assert len(book.page().reviewed) == 1
    assert len(read_corrections(book.joined)) == 1  # nothing that was written is lost


def test_changed_labels_are_those_that_differ_from_the_table(book):
    label = book.label(0, "8")
    book.correct(0, "8", label, label)
    book.correct(1, "8", book.label(1, "8"), "unknown")
    assert book.changed() == {(book.images.key(1), "8", "unknown")}
    book.withdraw(1, "8", "unknown")
    assert book.changed() == frozenset()
