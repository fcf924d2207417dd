"""The Africa's Talking wire: a form in, `CON …` or `END …` out.

In: POST application/x-www-form-urlencoded with sessionId, phoneNumber (E.164), networkCode, serviceCode and text (''
first, then all answers joined by `*`). Out: 200 text/plain. Any other status, or a body without the prefix, makes the
provider cut the session, so every refusal except of a wrong credential and by overload is 200 with an `END` that a
person can read. The provider signs nothing: a secret last part of the path is the credential.

Source: facts of the CON/END family; the provider waits 15 s for an answer.
"""

import asyncio
import hmac
import ipaddress
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.errors import Overloaded
from gateway.observe import Metrics, log
from gateway.services.dialogues import Closing, Event, EventKind, Reply

WIRE = "africastalking"
DOOR = "ussd"
BODY_BYTES_MAX = 4_096
FIELDS_MAX = 16
TEXT_MAX = 1_000
BODY_S = 5.0
FORM = "application/x-www-form-urlencoded"

_SESSION = re.compile(r"[A-Za-z0-9_.:\-]{1,128}", re.ASCII)
_MSISDN = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_CODE = re.compile(r"\*[0-9*]{1,30}#", re.ASCII)
_NETWORK = re.compile(r"[A-Za-z0-9\-]{0,16}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class BadForm(StrEnum):
    """Why a request is not one of this wire; the label of the metric."""

    CREDENTIAL = "credential"
    NOT_A_FORM = "not_a_form"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    CHARSET = "charset"
    SYNTAX = "syntax"
    FIELD_MISSING = "field_missing"
    FIELD_TWICE = "field_twice"
    FIELD_FORM = "field_form"


class Answerer(Protocol):
    """Who answers events; satisfied by services/dialogues."""

    async def answer(self, event: Event) -> Reply:
        """The reply to one delivery.

        Raises:
            Overloaded: Nothing was begun.
        """
        ...

    def closing(self, closing: Closing) -> str:
        """The text for a closing without a dialogue."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """Who may call: the secret last part of the path; loopback is exempt where `loopback_exempt` (the demo)."""

    secret: str
    loopback_exempt: bool

    def allows(self, given: str, remote: str | None) -> bool:
        """Compare in constant time. Without a secret only an exempt loopback may call."""
        if self.loopback_exempt and is_loopback(remote):
            return True
        same = hmac.compare_digest(given.encode(), self.secret.encode())
        return same and self.secret != ""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Credential(loopback_exempt={self.loopback_exempt})"


class AfricasTalking:
    """The door of this wire. `routes` are for the root application."""

    def __init__(self, dialogues: Answerer, credential: Credential, metrics: Metrics) -> None:
        self._dialogues = dialogues
        self._credential = credential
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """POST /ussd/africastalking, with and without a secret."""
        return [web.post(f"/ussd/{WIRE}", self.handle), web.post(f"/ussd/{WIRE}/{{secret}}", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one callback. Never raises; a fault is an `END` that says so."""
        started = time.perf_counter()
        if not self._credential.allows(request.match_info.get("secret", ""), request.remote):
            self._refused(BadForm.CREDENTIAL)
            return web.Response(status=403)
        event = await _read(request)
        if isinstance(event, BadForm):
            self._refused(event)
            return _response("END", self._dialogues.closing(Closing.UNREADABLE))
        try:
            reply = await self._dialogues.answer(event)
        except Overloaded:
            self._metrics.hops.labels(wire=WIRE, end="busy").inc()
            return _response("END", self._dialogues.closing(Closing.BUSY), status=429)
        except Exception:  # noqa: BLE001 - the boundary of a request: the person gets words, we get the trace
            log(wire=WIRE).exception("a hop broke")
            self._metrics.hops.labels(wire=WIRE, end="broken").inc()
            return _response("END", self._dialogues.closing(Closing.FAILED))
        self._metrics.hops.labels(wire=WIRE, end=reply.end.value).inc()
        self._metrics.hop_seconds.observe(time.perf_counter() - started)
        return _response("CON" if reply.more else "END", reply.text)

    def _refused(self, reason: BadForm) -> None:
        self._metrics.refused.labels(door=DOOR, reason=reason.value).inc()


def parse(body: bytes) -> Event | BadForm:
    """Read a form, strictly: each field once and in its form, percent-encoded UTF-8. Unknown fields are ignored."""
    try:
        # Form bodies are ASCII; what is not in it comes percent-encoded.
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except UnicodeDecodeError:
        return BadForm.CHARSET
    except ValueError:
        return BadForm.SYNTAX
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return BadForm.FIELD_TWICE
    try:
        session_key, msisdn = fields["sessionId"], fields["phoneNumber"]
        service_code, text = fields["serviceCode"], fields["text"]
    except KeyError:
        return BadForm.FIELD_MISSING
    operator = fields.get("networkCode", "")
    if msisdn.startswith(" "):
        # A plus sign that was not percent-encoded arrives as a blank.
        msisdn = f"+{msisdn[1:]}"
    forms = ((_SESSION, session_key), (_MSISDN, msisdn), (_CODE, service_code), (_NETWORK, operator))
    if not all(form.fullmatch(value) for form, value in forms):
        return BadForm.FIELD_FORM
    if len(text) > TEXT_MAX or _CONTROL.search(text):
        return BadForm.FIELD_FORM
    kind = EventKind.INPUT if text else EventKind.BEGIN
    return Event(WIRE, kind, session_key, msisdn, service_code, text, operator)


def is_loopback(remote: str | None) -> bool:
    """Whether the peer's address is this machine's own."""
    try:
        return remote is not None and ipaddress.ip_address(remote).is_loopback
    except ValueError:
        return False


async def _read(request: web.Request) -> Event | BadForm:
    if request.content_type != FORM:
        return BadForm.NOT_A_FORM
    try:
        charset = request.charset or "utf-8"
        if charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
            return BadForm.CHARSET
        async with asyncio.timeout(BODY_S):
            body = await _bounded(request)
    except TimeoutError:
        return BadForm.TOO_SLOW
    return BadForm.TOO_LONG if body is None else parse(body)


async def _bounded(request: web.Request) -> bytes | None:
    if request.content_length is not None and request.content_length > BODY_BYTES_MAX:
        return None
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _response(kind: str, text: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{kind} {text}", status=status, content_type="text/plain", charset="utf-8")
