"""Pictures to label next, as a queue: those of the joined folder that the run is unsure of."""

from __future__ import annotations

from pathlib import Path

from weldon.errors import UsageError
from weldon.review.label_next import next_images
from weldon.runs.run_directory import RunDirectory
from weldon.serve.review_queue import Item
from weldon.serve.run_images import RunImages

COUNT = 200


def next_queue(run: RunDirectory, photos: Path | None, images: RunImages, *, device: str) -> list[Item]:
    """Return the pictures to label next, the first one first.

    Args:
        run: its folder.
        photos: the folder that joined, or None.
        images: the pictures of the page.
        device: where to compute.

    Raises:
        UsageError: no folder joined.
        DataError: pictures that cannot be used, or all of them are labelled already.
    """
    if photos is None:
        raise UsageError(
            "the page knows no pictures without labels: start it with --photos FOLDER, as "
            f"weldon serve {run.path} --photos new_photos/"
        )
    numbers = {record.path.resolve(): number for number, record in enumerate(images.records)}
    found = next_images(run, photos, count=COUNT, device=device)
    return [Item(numbers[image.path.resolve()], None) for image in found]
