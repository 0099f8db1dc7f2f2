"""The labels as corrected, as one table that ``weldon train --labels`` reads."""

from __future__ import annotations

import csv
import io

from weldon.data.corrections import label_of
from weldon.serve.label_book import LabelBook

CELLS = {"present": "1", "absent": "0", "unknown": ""}


def label_table(book: LabelBook, *, corrected: bool = True) -> str:
    """Return the table: a row a picture, a column a class (1, 0, or blank where nobody knows), and the split.

    A picture that joined is in it once somebody labelled it; it is one to train on.

    Args:
        book: the labels.
        corrected: with the corrections of the user's own labels.
    """
    book.page()
    images = book.images
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file_name", *book.classes, "split"])
    for number, record in enumerate(images.records):
        own = number < images.labelled
        labels = book.labels(number)
        if own and not corrected:
            labels = {name: label_of(record, name) for name in book.classes}
        if own or set(labels.values()) != {"unknown"}:
            split = record.split or ("" if own else "train")
            writer.writerow([images.key(number), *(CELLS[labels[name]] for name in book.classes), split])
    return stream.getvalue()
