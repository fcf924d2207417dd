"""The bank over HTTPS, by the house's own profile (docs/WIRES.md, "The bank's file door").

Every call may be made again: PUT names the order that it brings, and the bank keeps the first.
"""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

import aiohttp
import stamina
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.errors import BadInput, PeerUnavailable
from gateway.peers.bank.bounds import FILE_BYTES_MAX, FILE_NAME, ORDER_ID, TAKEN_BYTES_MAX, checked_order
from gateway.peers.kept import KeptConnections
from gateway.services.banking.ports import Arrived

ATTEMPTS_MAX = 3
WAIT_FIRST_S = 0.1
ANSWER_BYTES_MAX = 8_192
LISTING_BYTES_MAX = 262_144
LISTED_MAX = 500
CONNECTIONS_MAX = 4
CHUNK_BYTES = 65_536
SLOWEST_BYTES_PER_S = 131_072
"""A line that carries less is as good as cut."""
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
REFUSED_STATUSES = frozenset({400, 409, 413, 415, 422})
"""Answers about the file itself; every other one says only that nothing is known."""
T = TypeVar("T")


class _Receipt(BaseModel):
    """What the bank says of an order that it has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    received_at: datetime


class _Nothing(BaseModel):
    """What the bank says of an order that it has never had; a 404 of somebody in between says nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    known: Literal[False]


class _Listed(BaseModel):
    """A file that waits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(pattern=f"^{FILE_NAME.pattern}$")
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


_LISTING = TypeAdapter(list[_Listed])


class _TryAgain(Exception):
    """The bank could not answer this time."""


class _Refused(Exception):
    """Whoever answered does not take the file."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpBank(KeptConnections):
    """The bank at `url`. Use `async with`."""

    def __init__(self, url: str, token: str, *, timeout_s: float, tls: ssl.SSLContext | None = None) -> None:
        """`timeout_s` is for a silence; a long file may take longer as a whole. `tls` replaces the system's trust."""
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        super().__init__(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=tls or True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s),
                headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
                trust_env=False,
            )
        )

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        """Hand a file over; the same order again is harmless there.

        Raises:
            PeerUnavailable: Nothing is known; `enquire` says more.
            BadInput: The bank refuses the file as such.
        """
        digest = checked_order(order_id, name, octets)

        async def put() -> None:
            headers = {
                "Content-Type": "application/xml",
                "Content-Length": str(len(octets)),
                "Content-Disposition": f'attachment; filename="{name}"',
                # RFC 9530 and the form that GSMA Mobile Money 1.2 has; a bank checks the one that it knows.
                "Content-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:",
                "X-Content-Hash": digest,
            }
            where = f"{self._url}/orders/{order_id}"
            async with self._session.put(where, data=_pieces(octets), headers=headers, allow_redirects=False) as answer:
                if answer.status in REFUSED_STATUSES:
                    raise _Refused(answer.status)
                _expect(answer, {200, 201})
                receipt = _parsed(_Receipt.model_validate_json, await _body(answer, ANSWER_BYTES_MAX))
            if receipt.sha256 != digest:
                raise PeerUnavailable(f"the bank has another content of order {order_id} than we sent")

        try:
            await self._tried(put, len(octets))
        except _Refused as refusal:
            # A try before this one may have arrived, and somebody in between may have said no to this one.
            known = await self._receipt(order_id)
            if known is None or known.sha256 != digest:
                raise BadInput(f"the bank refuses order {order_id}: status {refusal.status}") from refusal

    async def enquire(self, order_id: str) -> bool:
        """Whether the bank has that order.

        Raises:
            PeerUnavailable: It does not answer.
        """
        assert ORDER_ID.fullmatch(order_id), "ids of orders are ours"
        return await self._receipt(order_id) is not None

    async def _receipt(self, order_id: str) -> _Receipt | None:
        """What the bank says of an order, None if it has never had it."""

        async def ask() -> _Receipt | None:
            async with self._session.get(f"{self._url}/orders/{order_id}", allow_redirects=False) as answer:
                if answer.status == 404:
                    # A proxy says 404 too; only the bank says of what.
                    _parsed(_Nothing.model_validate_json, await _body(answer, ANSWER_BYTES_MAX))
                    return None
                _expect(answer, {200})
                return _parsed(_Receipt.model_validate_json, await _body(answer, ANSWER_BYTES_MAX))

        return await self._tried(ask, 0)

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        """Files that wait, in the bank's order, from after that name; fewer than `limit` where they are long.

        Raises:
            PeerUnavailable: No answer in time, or a file that is not what the list says; files before it are given.
        """
        listed = await self._tried(partial(self._list, after, min(limit, LISTED_MAX)), 0)
        taken: list[Arrived] = []
        held = 0
        for one in listed[:limit]:
            held += one.size
            if taken and held > TAKEN_BYTES_MAX:
                break
            try:
                octets = await self._tried(partial(self._fetch, one), one.size)
            except PeerUnavailable:
                if not taken:
                    raise
                break
            taken.append(Arrived(one.name, octets))
        return taken

    async def _list(self, after: str, limit: int) -> list[_Listed]:
        query = {"after": after, "limit": str(limit)}
        async with self._session.get(f"{self._url}/files", params=query, allow_redirects=False) as answer:
            _expect(answer, {200})
            return _parsed(_LISTING.validate_json, await _body(answer, LISTING_BYTES_MAX))

    async def _fetch(self, one: _Listed) -> bytes:
        if one.size > FILE_BYTES_MAX:
            raise PeerUnavailable(f"the bank's file {one.name} is longer than we take")
        async with self._session.get(f"{self._url}/files/{one.name}", allow_redirects=False) as answer:
            _expect(answer, {200})
            octets = await _body(answer, one.size)
        if hashlib.sha256(octets).hexdigest() != one.sha256:
            raise _TryAgain(f"the bank's file {one.name} does not have its checksum")
        return octets

    async def _tried(self, call: Callable[[], Awaitable[T]], size: int) -> T:
        """The answer, asked for up to ATTEMPTS_MAX times in all, within the time that so many octets may take."""
        wait_s = self._timeout_s + size / SLOWEST_BYTES_PER_S
        attempts = stamina.retry_context(
            on=_TryAgain, attempts=ATTEMPTS_MAX, timeout=wait_s, wait_initial=WAIT_FIRST_S, wait_jitter=0.1
        )
        try:
            async with asyncio.timeout(wait_s):
                async for attempt in attempts:
                    with attempt:
                        return await _reached(call)
        except _TryAgain as problem:
            raise PeerUnavailable(str(problem)) from problem
        except TimeoutError as problem:
            raise PeerUnavailable("the bank does not answer in time") from problem
        raise AssertionError("unreachable")


async def _reached(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as problem:
        raise PeerUnavailable(f"the bank is not who it says: {type(problem).__name__}") from problem
    except (aiohttp.ClientError, aiohttp.http.HttpProcessingError) as problem:
        # Their texts may hold the address and what was answered.
        raise _TryAgain(f"the bank cannot be reached: {type(problem).__name__}") from problem


def _expect(answer: aiohttp.ClientResponse, statuses: set[int]) -> None:
    if answer.status in RETRIED_STATUSES:
        raise _TryAgain(f"the bank answers {answer.status}")
    if answer.status not in statuses:
        raise PeerUnavailable(f"the bank answers {answer.status}")


async def _body(answer: aiohttp.ClientResponse, longest: int) -> bytes:
    """The whole body, if it is not longer than that; a piece too many is read and no more."""
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_chunked(CHUNK_BYTES):
        size += len(piece)
        if size > longest:
            raise PeerUnavailable("the bank's answer is longer than it may be")
        pieces.append(piece)
    return b"".join(pieces)


def _parsed(parse: Callable[[bytes], T], body: bytes) -> T:
    try:
        return parse(body)
    except ValidationError:
        # Pydantic's text would quote the answer.
        raise PeerUnavailable("the bank's answer has another form") from None


async def _pieces(octets: bytes) -> AsyncIterator[memoryview]:
    """A long file piece by piece, so that writing it to the socket never holds the loop."""
    whole = memoryview(octets)
    for at in range(0, len(octets), CHUNK_BYTES):
        yield whole[at : at + CHUNK_BYTES]
