"""A form with a file: small fields first, the CSRF token before a byte of the file is taken, the file bounded."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, cast

from aiohttp import BodyPartReader, web

from gateway.channels.console.forms import FIELDS_MAX
from gateway.errors import BadInput, NotAllowed

Fields = Mapping[str, Sequence[str]]
FIELD_BYTES_MAX = 2000
UPLOAD_S = 120.0
"""How long a file may take to arrive."""
IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024


async def form_with_file(
    request: web.Request, bytes_max: int, is_ours: Callable[[Fields], bool]
) -> tuple[Fields, BinaryIO, str]:
    """The fields, the file and its name of a multipart form (RFC 7578); who gets the file closes it.

    Args:
        request: A POST.
        bytes_max: Octets that the file may have.
        is_ours: Whether the fields that came before the file hold the right CSRF token.

    Raises:
        BadInput: Not such a form, too long, too slow, or without a file.
        NotAllowed: The fields before the file hold no right token.
    """
    if request.content_type != "multipart/form-data":
        raise BadInput("not a form with a file")
    fields: dict[str, list[str]] = {}
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - handed to the caller
    try:
        async with asyncio.timeout(UPLOAD_S):
            name = await _read(request, fields, file, bytes_max, is_ours)
    except BaseException as problem:
        file.close()
        if isinstance(problem, TimeoutError | ValueError):
            raise BadInput("no form with a file, or too slow") from problem
        raise
    file.seek(0)
    return fields, file, name


async def _read(
    request: web.Request,
    fields: dict[str, list[str]],
    file: BinaryIO,
    bytes_max: int,
    is_ours: Callable[[Fields], bool],
) -> str:
    """The name of the file; the first one ends the form, since fields stand before it."""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None or len(fields) >= FIELDS_MAX:
            raise BadInput("not a form with a file")
        if part.filename is None:
            fields.setdefault(part.name, []).append((await _bounded(part, FIELD_BYTES_MAX)).decode("utf-8"))
            continue
        if not is_ours(fields):
            raise NotAllowed("csrf")
        size = 0
        while chunk := await part.read_chunk(CHUNK):
            size += len(chunk)
            if size > bytes_max:
                raise BadInput("file too long")
            await asyncio.to_thread(file.write, chunk)
        if size:
            return part.filename
    raise BadInput("no file")


async def _bounded(part: BodyPartReader, bytes_max: int) -> bytes:
    value = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        value += chunk
        if len(value) > bytes_max:
            raise BadInput("form too long")
    return bytes(value)
