"""The pictures that come with a request: from a form or as the body itself, each read once, none kept."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from PIL import Image
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from weldon.data.decode import opened
from weldon.data.greys import Window
from weldon.data.image import refused, upright_rgb
from weldon.errors import DataError

MOST_FILES = 64  # of one request
IN_MEMORY = 1 << 20  # bytes of a body; larger ones wait on the disk


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture somebody sent.

    Args:
        file_name: what they call it.
        file: its bytes.
    """

    file_name: str
    file: IO[bytes]


@asynccontextmanager
async def uploads(request: Request) -> AsyncIterator[list[Upload]]:
    """Yield the pictures of a request: the files of a form, or its body.

    Raises:
        HTTPException: none, or too many of them.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            yield _some([Upload(shown_name(file.filename), file.file) for file in files])
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
        async for chunk in request.stream():
            body.write(chunk)
        size = body.tell()
        body.seek(0)
        name = shown_name(request.headers.get("x-file-name"))
        yield _some([Upload(name, body)] if size else [])


def _some(found: list[Upload]) -> list[Upload]:
    if not found:
        raise HTTPException(422, "send a picture: as the body, or as files of a form")
    return found


def shown_name(name: str | None) -> str:
    r"""Return the last part of a name as a browser gives it, at most 200 letters.

    Example:
        >>> shown_name("C:\\fakepath\\cat.jpg"), shown_name(None)
        ('cat.jpg', 'picture')
    """
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:200] or "picture"


def read_upload(upload: Upload, window: Window | None = None) -> Image.Image:
    """Return the picture, upright, as RGB.

    Raises:
        DataError: it is none, is damaged, or has more pixels than allowed.
    """
    content = upload.file.read()
    if not content:
        raise DataError(f"cannot read the image {upload.file_name}: the file is empty (0 bytes)")
    with refused(upload.file_name), opened(content) as image:
        return upright_rgb(image, window)
