"""The one door of every HTTP wire of USSD: bounds, guards, parse, the dialogues, render, counting.

`/ussd/{name}`, with the provider's secret as `/ussd/{name}/{secret}`, and whatever a wire has below. A person on the
phone never sees an error page: every answer, also to what could not be read, comes from the wire itself and holds words
where its provider can show them. Never raises.

Status: 200 for every business outcome, 400 malformed, 401 or 403 credential, 413 too long, 429 overload; a wire whose
provider shows a text only with 200 says 200 instead.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from aiohttp import web
from prometheus_client import Counter

from gateway.channels.ussd.guards import Basic, Guard, Seen, Stage, allowed
from gateway.channels.ussd.later import Account, Clerk, LaterWire
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound, Probe, Wire
from gateway.errors import Fault, Overloaded
from gateway.observe import Metrics, log
from gateway.services.dialogues import Closing, Event, EventKind, Reply
from ussd_menus import gsm_septets, ucs2_units

DOOR = "ussd"
BODY_S = 5.0
"""How long a body may take to arrive; the shortest wait of a provider is 5 s."""
CLOSE_S = 5.0
QUERY_MAX = 4_096
_LISTS = frozenset({"x-forwarded-for", "via", "forwarded", "accept", "accept-encoding", "accept-language"})
"""Headers that may come in several lines and then are one list (RFC 9110 clause 5.3)."""


class Answerer(Protocol):
    """Who answers events; satisfied by services/dialogues."""

    async def answer(self, event: Event) -> Reply:
        """The reply to a BEGIN or INPUT.

        Raises:
            Overloaded: Nothing was begun.
        """
        ...

    async def close(self, event: Event) -> None:
        """Note an ABORT, TIMEOUT or REPORT; harmless when it comes again or for a session that nobody knows."""
        ...

    async def is_live(self, adapter: str, session_key: str) -> bool:
        """Whether a session waits for an answer."""
        ...

    def closing(self, closing: Closing) -> str:
        """The text for a closing without a dialogue."""
        ...


@dataclass(frozen=True, slots=True)
class Mount:
    """A wire at its path, and who may call it; `has_secret`: the part of the path behind its name is a secret."""

    wire: Wire
    guards: tuple[Guard, ...]
    has_secret: bool = False
    account: Account | None = None
    """Where pages go that do not go back as answers."""


class UssdDoor:
    """Serves all mounts. `routes` are for the root application."""

    def __init__(
        self, dialogues: Answerer, mounts: Iterable[Mount], metrics: Metrics, clerk: Clerk | None = None
    ) -> None:
        """`clerk` sends the pages of mounts that have an account."""
        self._dialogues = dialogues
        self._clerk = clerk
        self._mounts = tuple(mounts)
        self._metrics = metrics
        self._counted: dict[tuple[str, str], Counter] = {}

    def routes(self) -> list[web.RouteDef]:
        """Two routes a mount and method; their templates are what the log names, so no secret is in it."""
        return [
            web.route(method, f"/ussd/{mount.wire.name}{below}", _Handler(self, mount).handle)
            for mount in self._mounts
            for method in mount.wire.methods
            for below in ("", "/{below:.*}")
        ]

    async def serve(self, mount: Mount, request: web.Request) -> Outbound:
        """Answer one request of one mount."""
        wire = mount.wire
        read = await self._read(mount, request)
        if isinstance(read, _Refused):
            return self._refused(wire, read.given, read.reason, basic=_has_basic(mount))
        seen, given = read, read.given
        delivery = wire.parse(given)
        if isinstance(delivery, BadForm):
            return self._refused(wire, given, delivery)
        proof = {} if isinstance(delivery, Probe) else delivery.proof
        if not allowed(mount.guards, Stage.FIELDS, Seen(given, seen.remote, seen.path_secret, proof)):
            return self._refused(wire, given, BadForm.CREDENTIAL)
        if isinstance(delivery, Probe):
            return delivery.answer(await self._dialogues.is_live(wire.name, delivery.session_key))
        if delivery.event.kind in {EventKind.BEGIN, EventKind.INPUT}:
            return await self._answered(mount, given, delivery)
        await self._close(delivery.event)
        return wire.noted(delivery)

    async def _read(self, mount: Mount, request: web.Request) -> "Seen | _Refused":
        headers, repeated = _headers(request)
        query = request.raw_path.partition("?")[2]
        secret, tail = _parts(mount, request)
        given = Inbound(request.method, tail, query if len(query) <= QUERY_MAX else "", headers)
        seen = Seen(given, request.remote or "", secret)
        if not allowed(mount.guards, Stage.HEAD, seen):
            return _Refused(given, BadForm.CREDENTIAL)
        if repeated:
            return _Refused(given, BadForm.SYNTAX)
        if len(query) > QUERY_MAX:
            return _Refused(given, BadForm.TOO_LONG)
        body = await _body(request, mount.wire.body_bytes_max)
        if isinstance(body, BadForm):
            return _Refused(given, body)
        seen = Seen(Inbound(given.method, tail, given.query, headers, body), seen.remote, secret)
        return seen if allowed(mount.guards, Stage.BODY, seen) else _Refused(given, BadForm.CREDENTIAL)

    async def _answered(self, mount: Mount, given: Inbound, delivery: Delivery) -> Outbound:
        wire = mount.wire
        try:
            if mount.account is None:
                text, more = await self._page(wire, delivery)
            else:
                assert isinstance(wire, LaterWire), "only such a wire is given an account"
                assert self._clerk is not None, "a house with such a wire has a clerk"
                text, more = "", True
                unseen = replace(delivery.event, kind=EventKind.REPORT, reason="not_sent")
                self._clerk.take(
                    wire,
                    wire.name,
                    mount.account,
                    delivery,
                    lambda: self._later(wire, delivery),
                    lambda: self._close(unseen),
                )
        except Overloaded:
            self._count(wire, "busy")
            return wire.refused(given, self._dialogues.closing(Closing.BUSY), status=429)
        return wire.page(delivery, text, more=more)

    async def _later(self, wire: Wire, delivery: Delivery) -> tuple[str, bool]:
        try:
            return await self._page(wire, delivery)
        except Overloaded:
            self._count(wire, "busy")
            return self._dialogues.closing(Closing.BUSY), False

    async def _page(self, wire: Wire, delivery: Delivery) -> tuple[str, bool]:
        """The page of a hop and whether the session stays open.

        Raises:
            Overloaded: Nothing was begun.
        """
        started = time.perf_counter()
        try:
            reply = await self._dialogues.answer(delivery.event)
        except Overloaded:
            raise
        except Exception:  # noqa: BLE001 - the boundary of a request: the person gets words, we get the trace
            log(wire=wire.name).exception("a hop broke")
            self._count(wire, "broken")
            return self._dialogues.closing(Closing.FAILED), False
        if not _fits(wire, reply.text):
            # The network would cut it anywhere or drop the session; the person must not act on half a page.
            log(wire=wire.name).error("a page is longer than its wire carries", letters=len(reply.text))
            self._count(wire, "page_too_long")
            await self._close(replace(delivery.event, kind=EventKind.ABORT, reason="page_too_long"))
            return self._dialogues.closing(Closing.FAILED), False
        self._count(wire, reply.end.value)
        self._metrics.hop_seconds.observe(time.perf_counter() - started)
        return reply.text, reply.more

    async def _close(self, event: Event) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._dialogues.close(event)
        except (Fault, TimeoutError) as problem:
            # Its time will end it.
            log(wire=event.adapter).warning("a session was not closed", fault=type(problem).__name__)
        except Exception:  # noqa: BLE001 - the boundary of a request: nobody waits for an answer, we get the trace
            log(wire=event.adapter).exception("a closing broke")
        self._metrics.hops.labels(wire=event.adapter, end=event.kind.value).inc()

    def _refused(self, wire: Wire, given: Inbound, reason: BadForm, *, basic: bool = False) -> Outbound:
        self._metrics.refused.labels(door=DOOR, reason=reason.value).inc()
        log(wire=wire.name).info("refused", reason=reason.value)
        if reason is BadForm.CREDENTIAL:
            challenge = {"WWW-Authenticate": 'Basic realm="ussd"'} if basic else {}
            return Outbound(status=401 if basic else 403, headers=challenge)
        status = 413 if reason is BadForm.TOO_LONG else 400
        return wire.refused(given, self._dialogues.closing(Closing.UNREADABLE), status=status)

    def _count(self, wire: Wire, end: str) -> None:
        counter = self._counted.get((wire.name, end))
        if counter is None:
            counter = self._counted[wire.name, end] = self._metrics.hops.labels(wire=wire.name, end=end)
        counter.inc()


@dataclass(frozen=True, slots=True)
class _Handler:
    door: UssdDoor
    mount: Mount

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; never raises."""
        try:
            made = await self.door.serve(self.mount, request)
        except Exception:  # noqa: BLE001 - the boundary of a request: a bug in a wire is no error page on a phone
            log(wire=self.mount.wire.name).exception("a wire broke")
            return web.Response(status=400)
        headers = {"Content-Type": made.content_type, **made.headers} if made.body else dict(made.headers)
        return web.Response(body=made.body, status=made.status, headers=headers)


@dataclass(frozen=True, slots=True)
class _Refused:
    given: Inbound
    reason: BadForm


def _has_basic(mount: Mount) -> bool:
    return any(isinstance(guard, Basic) for guard in mount.guards)


def _parts(mount: Mount, request: web.Request) -> tuple[str, str]:
    """The secret and the tail of a path."""
    below = request.match_info.get("below", "")
    if not mount.has_secret:
        return "", below
    first, _, rest = below.partition("/")
    return first, rest


def _headers(request: web.Request) -> tuple[dict[str, str], bool]:
    """Headers by lower-case name, and whether one came twice that may not."""
    found: dict[str, str] = {}
    repeated = False
    for name, value in request.headers.items():
        lower = name.lower()
        if lower in found and lower in _LISTS:
            found[lower] = f"{found[lower]}, {value}"
        else:
            repeated = repeated or lower in found
            found[lower] = value
    return found, repeated


async def _body(request: web.Request, bytes_max: int) -> bytes | BadForm:
    if request.content_length is not None and request.content_length > bytes_max:
        return BadForm.TOO_LONG
    body = bytearray()
    try:
        if request.content.is_eof():
            # It came with its head, as nearly all do: nothing to wait for, so no clock is needed.
            whole = request.content.read_nowait(bytes_max + 1)
            return whole if len(whole) <= bytes_max else BadForm.TOO_LONG
        async with asyncio.timeout(BODY_S):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > bytes_max:
                    return BadForm.TOO_LONG
    except TimeoutError:
        return BadForm.TOO_SLOW
    except (web.HTTPException, OSError, ValueError):
        # The connection went, or what it sent is no body of HTTP.
        return BadForm.SYNTAX
    return bytes(body)


def _fits(wire: Wire, text: str) -> bool:
    septets = gsm_septets(text)
    if septets is None:
        return ucs2_units(text) <= wire.profile.ucs2_max
    return septets <= wire.profile.septets_max


__all__ = ["BODY_S", "Answerer", "Mount", "UssdDoor"]
