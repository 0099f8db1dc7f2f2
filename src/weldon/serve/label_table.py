"""The labels as corrected, as one table that ``weldon train --labels`` reads."""

from __future__ import annotations

import csv
import io

from weldon.serve.label_book import LabelBook

CELLS = {"present": "1", "absent": "0", "unknown": ""}


def label_table(book: LabelBook) -> str:
    """Return the table: a row a picture, a column a class (1, 0, or blank where nobody knows), and the split.

    Pictures of which nothing at all is known are left out, so that a folder that joined is not in it before
    somebody labelled it.

    Args:
        book: the labels.
    """
    book.page()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file_name", *book.classes, "split"])
    for number, record in enumerate(book.images.records):
        labels = book.labels(number)
        if number < book.images.labelled or any(label != "unknown" for label in labels.values()):
            cells = [CELLS[labels[name]] for name in book.classes]
            writer.writerow([record.file_name, *cells, record.split or ""])
    return stream.getvalue()
