"""USSD over a messaging link: hops that a link hands in, answered by the same dialogues as every other wire.

What a link knows of a session is its operator's key, which is used again for the next person when the session is over,
and what was typed now, not all that was typed before. Satisfies services.dialogues.linked.LinkDialogues.
"""

import re
import time
from typing import Protocol

from gateway.channels.ussd.codes import Codes
from gateway.errors import Overloaded
from gateway.observe import Metrics, log
from gateway.services.dialogues import Closing, Event, EventKind, Reply
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage

WIRE = "smpp"
DOOR = "ussd_smpp"
TEXT_MAX = 182
"""Characters that one USSD string holds (3GPP TS 23.038 clause 5: 160 octets of packed septets)."""
_KEY = re.compile(r"[!-~]{1,100}", re.ASCII)
_SEQUENCE = re.compile(r"[!-~]{0,100}", re.ASCII)
_MSISDN = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Answerer(Protocol):
    """The part of services.dialogues.Dialogues that this wire uses."""

    async def answer(self, event: Event) -> Reply:
        """The reply to one delivery.

        Raises:
            Overloaded: Nothing was begun.
        """
        ...

    async def close(self, event: Event) -> None:
        """Note that a session's person has hung up; never raises a Fault."""
        ...

    def closing(self, closing: Closing) -> str:
        """The text for a closing without a dialogue."""
        ...


class LinkedUssd:
    """The door that links knock at. Pages have the sizes of the settings; `codes` cuts what was dialled."""

    def __init__(self, dialogues: Answerer, metrics: Metrics, codes: Codes | None = None) -> None:
        self._dialogues = dialogues
        self._codes = codes or Codes(())
        self._metrics = metrics

    async def hop(self, hop: LinkHop) -> LinkPage | None:
        """The page that answers a hop; None for an ABORT. Never raises; a fault is a last page that says so."""
        text = hop.text.strip()
        if not _is_formed(hop, text):
            self._metrics.refused.labels(door=DOOR, reason="field_form").inc()
            return None if hop.kind is HopKind.ABORT else self._closed(Closing.UNREADABLE)
        # A link's name and the operator's key together are one session.
        key = f"{hop.link}/{hop.session_key}"
        if hop.kind is HopKind.ABORT:
            try:
                await self._dialogues.close(Event(WIRE, EventKind.ABORT, key, hop.msisdn, ""))
            except Exception:  # noqa: BLE001 - the boundary of a request: a bug in one end must not end the link
                log(wire=WIRE).exception("a closing broke")
            self._metrics.hops.labels(wire=WIRE, end="aborted").inc()
            return None
        started = time.perf_counter()
        try:
            reply = await self._dialogues.answer(_event(hop, key, text, self._codes))
        except Overloaded:
            self._metrics.hops.labels(wire=WIRE, end="busy").inc()
            return self._closed(Closing.BUSY)
        except Exception:  # noqa: BLE001 - the boundary of a request: the person gets words, we get the trace
            log(wire=WIRE).exception("a hop broke")
            self._metrics.hops.labels(wire=WIRE, end="broken").inc()
            return self._closed(Closing.FAILED)
        self._metrics.hops.labels(wire=WIRE, end=reply.end.value).inc()
        self._metrics.hop_seconds.observe(time.perf_counter() - started)
        return LinkPage(reply.text, ends=not reply.more)

    def _closed(self, closing: Closing) -> LinkPage:
        return LinkPage(self._dialogues.closing(closing), ends=True)


def _is_formed(hop: LinkHop, text: str) -> bool:
    fields = ((_KEY, hop.session_key), (_SEQUENCE, hop.sequence), (_MSISDN, hop.msisdn))
    return all(form.fullmatch(value) for form, value in fields) and len(text) <= TEXT_MAX and not _CONTROL.search(text)


def _event(hop: LinkHop, key: str, text: str, codes: Codes) -> Event:
    if hop.kind is HopKind.BEGIN:
        cut = codes.split(text)
        code, dialled = cut.service_code, cut.answers
        return Event(WIRE, EventKind.BEGIN, key, hop.msisdn, code, alone=True, sequence=hop.sequence, dialled=dialled)
    return Event(WIRE, EventKind.INPUT, key, hop.msisdn, "", text, alone=True, sequence=hop.sequence)
