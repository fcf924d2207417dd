"""RestComm's USSD gateway (Mobius): a MAP dialogue as XML over HTTP.

A begin is a processUnstructuredSSRequest, a page that asks an unstructuredSSRequest, and the last page the response to
the begin, which bears the begin's invokeId. Later deliveries name neither the number nor that invokeId, so both go out
in the cookie JSESSIONID and come back; `userObject`, which the gateway echoes too, numbers our pages and so tells a
repeated delivery from the same answer given again. The session is networkId, localId and remoteId, which are
used again one day: a begin is always a new session.

DCS 15 is the default alphabet, 72 UCS-2 (3GPP TS 23.038 clause 5). Aborts come as attributes of the dialog.

Source: RestComm USSD gateway, chapter "HTTP architecture", and its XML classes.
"""

import re
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie

from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_typed, word_of
from gateway.channels.ussd.wires.markup import BODY_BYTES_MAX, Node, attributes, xml_root
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind
from ussd_menus import gsm_septets

COOKIE = "JSESSIONID"
GSM, UCS2 = "15", "72"
BEGIN, ANSWER = "processUnstructuredSSRequest_Request", "unstructuredSSRequest_Response"
ASK, END = "unstructuredSSRequest_Request", "processUnstructuredSSRequest_Response"
_ABORTED = ("mapUserAbortChoice", "mapAbortProviderReason", "mapRefuseReason", "errComponents")
_TIMED_OUT = ("dialogTimedOut", "invokeTimedOut")
_ID = re.compile(r"[0-9]{1,12}", re.ASCII)
_TOKEN = re.compile(r"([0-9]{1,12}-[0-9]{1,12}-[0-9]{1,12})-([0-9]{1,5})-([1-9][0-9]{6,14})", re.ASCII)
_PAGE = re.compile(r"[0-9]{1,3}", re.ASCII)
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))


@dataclass(frozen=True, slots=True)
class _Token:
    """What the cookie brings back."""

    session: str
    invoke: str
    msisdn: str


class RestComm(TypedWire):
    """A wire of channels.ussd.wire."""

    body_bytes_max = BODY_BYTES_MAX

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a dialog by its message, or by the attribute that says how it ended."""
        if given.tail:
            return BadForm.SYNTAX
        dialog = xml_root(given)
        if isinstance(dialog, BadForm):
            return dialog
        if dialog.name != "dialog":
            return BadForm.SYNTAX
        session = _session(dialog)
        token = _token(given.headers.get("cookie", ""))
        if isinstance(session, BadForm):
            return session
        if token is not None and token.session != session:
            # The gateway uses one connection's cookie for another dialogue.
            token = None
        ended = _ended(dialog)
        if ended is not None:
            kind, reason = ended
            number = f"+{token.msisdn}" if token else ""
            return Delivery(Event(self.name, kind, session, number, "", reason=reason))
        begin, answer = dialog.child(BEGIN), dialog.child(ANSWER)
        if begin is not None:
            return self._begin(session, begin)
        return BadForm.FIELD_MISSING if answer is None or token is None else self._input(dialog, answer, token)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """An unstructuredSSRequest, or the response to the begin."""
        echo = delivery.echo
        string = attributes(dataCodingScheme=_scheme(text), string=text)
        if more:
            page = str(int(echo["page"]) + 1)
            return _dialog(f"<{ASK}{string}/>", attributes(userObject=page), cookie=echo["token"])
        return _dialog(f"<{END}{attributes(invokeId=echo['invoke'])}{string}/>", attributes(prearrangedEnd="false"))

    def noted(self, delivery: Delivery) -> Outbound:
        """An empty dialog."""
        del delivery
        return _dialog("", "")

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """The last page; it answers the invoke 0, since which one it was could not be read."""
        del given
        string = attributes(invokeId="0", dataCodingScheme=_scheme(text), string=text)
        return replace(_dialog(f"<{END}{string}/>", attributes(prearrangedEnd="false")), status=status)

    def _begin(self, session: str, begin: Node) -> Delivery | BadForm:
        string, invoke = begin.attributes.get("string"), begin.attributes.get("invokeId", "0")
        phone = begin.child("msisdn")
        written = phone.attributes.get("number") if phone is not None else None
        if string is None or written is None:
            return BadForm.FIELD_MISSING
        msisdn = _NUMBERS.e164(written)
        if msisdn is None or not is_typed(string) or not string or not re.fullmatch(r"[0-9]{1,5}", invoke, re.ASCII):
            return BadForm.FIELD_FORM
        event = self.begun(session, msisdn, self._codes.split(string), sequence="0")
        return Delivery(event, {"token": f"{session}-{invoke}-{msisdn[1:]}", "invoke": invoke, "page": "0"})

    def _input(self, dialog: Node, answer: Node, token: _Token) -> Delivery | BadForm:
        string, page = answer.attributes.get("string"), dialog.attributes.get("userObject", "")
        if string is None:
            return BadForm.FIELD_MISSING
        if not is_typed(string):
            return BadForm.FIELD_FORM
        # Without the number of the page, only the moment tells a repeated delivery.
        sequence = page if _PAGE.fullmatch(page) else ""
        event = self.answered(token.session, f"+{token.msisdn}", string, sequence=sequence)
        echo = {
            "token": f"{token.session}-{token.invoke}-{token.msisdn}",
            "invoke": token.invoke,
            "page": sequence or "0",
        }
        return Delivery(event, echo)


def _session(dialog: Node) -> str | BadForm:
    network = dialog.attributes.get("networkId", "0")
    local, remote = dialog.attributes.get("localId"), dialog.attributes.get("remoteId")
    if local is None or remote is None:
        return BadForm.FIELD_MISSING
    return f"{network}-{local}-{remote}" if all(map(_ID.fullmatch, (network, local, remote))) else BadForm.FIELD_FORM


def _token(cookie: str) -> _Token | None:
    try:
        found = SimpleCookie(cookie).get(COOKIE)
    except CookieError:
        return None
    read = _TOKEN.fullmatch(found.value) if found is not None else None
    return _Token(read[1], read[2], read[3]) if read is not None else None


def _ended(dialog: Node) -> tuple[EventKind, str] | None:
    for name in _TIMED_OUT:
        if dialog.attributes.get(name, "false").lower() not in {"false", ""}:
            return EventKind.TIMEOUT, name
    for name in _ABORTED:
        if name in dialog.attributes:
            return EventKind.ABORT, word_of(dialog.attributes[name]) or name
    if dialog.attributes.get("type", "").lower() in {"abort", "close"}:
        return EventKind.ABORT, dialog.attributes["type"].lower()
    return None


def _scheme(text: str) -> str:
    return UCS2 if gsm_septets(text) is None else GSM


def _dialog(message: str, said: str, cookie: str = "") -> Outbound:
    size = attributes(mapMessagesSize="1" if message else "0")
    xml = f'<?xml version="1.0" encoding="UTF-8"?><dialog{size}{said}>{message}</dialog>'
    headers = {"Set-Cookie": f"{COOKIE}={cookie}; HttpOnly"} if cookie else {}
    return Outbound(xml.encode(), "text/xml; charset=utf-8", 200, headers)


__all__ = ["RestComm"]
