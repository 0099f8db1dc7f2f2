"""The forms of labels: those of a file, known by its ending, and those of a whole folder."""

from __future__ import annotations

from pathlib import Path

from weldon.data.labels import annotated, folder, jsonl, parquet, table
from weldon.data.labels.label_file import FileForm, FolderForm
from weldon.data.public import voc
from weldon.data.shards import listing as shards
from weldon.errors import UsageError

FILE_FORMS: list[FileForm] = [table.FORM, jsonl.FORM, parquet.FORM, annotated.FORM]

# The first that finds itself in a folder reads it; the last takes any.
FOLDER_FORMS: list[FolderForm] = [shards.FORM, voc.FORM, folder.FORM]


def usual_names() -> tuple[str, ...]:
    """Return the names under which a label file is looked for in the folder of the images."""
    return tuple(name for form in FILE_FORMS for name in form.usual)


def other_names() -> tuple[str, ...]:
    """Return the names that are looked for where none of :func:`usual_names` is there."""
    return tuple(name for form in FILE_FORMS for name in form.also)


def form_of(file: Path) -> FileForm:
    """Return the form of a label file.

    Raises:
        UsageError: no form has its ending; the message lists them all.
    """
    found = next((form for form in FILE_FORMS if file.suffix.lower() in form.endings), None)
    if found is None:
        endings = ", ".join(end for form in FILE_FORMS for end in form.endings)
        raise UsageError(f"`labels` must end in {endings}, got {file}")
    return found
