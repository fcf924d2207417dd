"""USSD by XML-RPC: handleUSSD of MTN Rwanda and Uganda, and TrueAfrican's three methods.

Calls are written and answers read by the standard library, which the application's side does not use.
"""

import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, echoed, member
from simulators.carriers.hop import Hop, HopKind, NoPage, Page


def _call(method: str, struct: Mapping[str, object]) -> Request:
    body = xmlrpc.client.dumps((dict(struct),), method).encode("utf-8", "surrogateescape")
    return Request(headers={"Content-Type": "text/xml"}, body=body)


def _struct(answer: Answer) -> Mapping[str, Any]:
    """The one struct of an answer.

    Raises:
        NoPage: It is a fault, or no answer with a struct.
    """
    try:
        values, method = xmlrpc.client.loads(answer.text("text/xml", "application/xml"))
    except xmlrpc.client.Fault as fault:
        text = str(fault.faultString)
        raise NoPage(f"the application answered the fault {fault.faultCode}", text) from None
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, KeyError, IndexError):
        raise NoPage(f"{ANOTHER_FORM}: it is no XML-RPC") from None
    if method is not None or len(values) != 1 or not isinstance(values[0], dict):
        raise NoPage(f"{ANOTHER_FORM}: it is no answer of one struct")
    return values[0]


@dataclass(frozen=True)
class HandleUssd(Form):
    """One method for every hop; `response` is true where the person answers a page. No word for an end."""

    def request(self, hop: Hop) -> Request | None:
        """The first USSDRequestString is what was dialled."""
        if hop.kind not in (HopKind.BEGIN, HopKind.INPUT):
            return None
        begins = hop.kind is HopKind.BEGIN
        return _call(
            "handleUSSD",
            {
                **self._known(hop), "MSISDN": hop.bare_msisdn, "USSDServiceCode": hop.bare_code,
                "USSDRequestString": hop.dialled if begins else hop.typed, "response": not begins,
            },
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`action` is request where an answer is waited for; end and notify end."""
        struct = _struct(answer)
        echoed(struct, {"TransactionId": hop.session_id})
        action = member(struct, "action", str)
        if action not in {"request", "end", "notify"}:
            raise NoPage(f"{ANOTHER_FORM}: action is {action}")
        return Page(member(struct, "USSDResponseString", str), more=action == "request")

    def _known(self, hop: Hop) -> Mapping[str, object]:
        return {"TransactionId": hop.session_id, "TransactionTime": xmlrpc.client.DateTime(hop.at)}


METHODS: Mapping[HopKind, str] = {
    HopKind.BEGIN: "USSD.INIT",
    HopKind.INPUT: "USSD.CONT",
    HopKind.ABORT: "USSD.END",
    HopKind.TIMEOUT: "USSD.END",
}


@dataclass(frozen=True)
class TrueAfrican(Form):
    """A method for each thing that happens; the answer to an end is an empty struct."""

    def request(self, hop: Hop) -> Request | None:
        """`message` is what was dialled, then what was typed."""
        if hop.kind not in METHODS:
            return None
        entered = hop.dialled if hop.kind is HopKind.BEGIN else hop.typed
        struct = {
            "session": hop.session_id,
            "msisdn": hop.bare_msisdn,
            "shortcode": hop.bare_code,
            "message": entered,
        }
        return _call(METHODS[hop.kind], struct)

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`type` is cont or end."""
        struct = _struct(answer)
        echoed(struct, {"session": hop.session_id})
        kind = member(struct, "type", str)
        if kind not in {"cont", "end"}:
            raise NoPage(f"{ANOTHER_FORM}: type is {kind}")
        return Page(member(struct, "message", str), more=kind == "cont")
