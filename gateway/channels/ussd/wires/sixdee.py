"""6D's dynamic menu (AirtelTigo, Tata, Equitel): XML in, XML out.

A USSDDynMenuRequest has `requestId, sessionId, msisdn, starCode, keyWord, dataSet, userData, timeStamp`; `dataSet`
holds `param`s of `id` and `value`, which are looked up by id here, since their order is each operator's own. A first
request has the star code in `userData` or nothing. The answer's one param says by `rspFlag` whether the session goes
on (1) or ends (2).

Source: community code that agrees, not the vendor's document: verify with the operator.
"""

from collections.abc import Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from gateway.channels.ussd.codes import normal_code
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed
from gateway.channels.ussd.wires.markup import BODY_BYTES_MAX, Node, xml_root
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

ROOT = "USSDDynMenuRequest"
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))
_REPEATED = ("requestId", "sessionId", "msisdn", "starCode", "timeStamp")
_NEW, _CLOSED = "IS_NEW_REQUEST", "SESSION_END"
"""Params by which operators say that a session begins, or is over."""


class Sixdee(TypedWire):
    """A wire of channels.ussd.wire."""

    body_bytes_max = BODY_BYTES_MAX

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a request by its fields and the params of its data set."""
        if given.tail:
            return BadForm.SYNTAX
        root = xml_root(given)
        if isinstance(root, BadForm):
            return root
        if root.name != ROOT:
            return BadForm.SYNTAX
        said = {name: root.said(name) for name in (*_REPEATED, "userData")}
        params = _params(root)
        session, number = said["sessionId"] or params.get("SESSION_ID"), said["msisdn"]
        if session is None or number is None or said["starCode"] is None:
            return BadForm.FIELD_MISSING
        msisdn, text = _NUMBERS.e164(number), said["userData"] or ""
        code = normal_code(said["starCode"].strip("*#"))
        if msisdn is None or code is None or not is_session(session) or not is_typed(text):
            return BadForm.FIELD_FORM
        echo = {name: said[name] or "" for name in _REPEATED} | {"sessionId": session}
        return Delivery(self._event(session, msisdn, code, text, params), echo)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """A response that goes on or ends."""
        return _response(delivery.echo, text, more=more)

    def noted(self, delivery: Delivery) -> Outbound:
        """A response without words that ends."""
        return _response(delivery.echo, "", more=False)

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A last response with the words."""
        del given
        return replace(_response({}, text, more=False), status=status)

    def _event(self, session: str, msisdn: str, code: str, text: str, params: Mapping[str, str]) -> Event:
        if params.get(_CLOSED, "").lower() in {"1", "true", "y"}:
            return Event(self.name, EventKind.ABORT, session, msisdn, code, reason="session_end")
        dialled = self.dialled(text, code)
        # An answer may begin with a star too, as that of a person who types a code of another kind.
        whole = text[:1] in {"*", "#"} and dialled.ours
        if whole or not text or params.get(_NEW, "").lower() in {"1", "true", "y"}:
            return self.begun(session, msisdn, dialled, sequence="0")
        return self.answered(session, msisdn, text, code)


def _params(root: Node) -> dict[str, str]:
    data = root.child("dataSet")
    params = data.children if data is not None else ()
    return {(node.said("id") or "").upper(): node.said("value") or "" for node in params if node.name == "param"}


def _response(echo: Mapping[str, str], text: str, *, more: bool) -> Outbound:
    fields = {
        **{name: echo.get(name, "") for name in _REPEATED},
        "langId": "1",
        "encodingScheme": "0",
    }
    param = {
        "id": "1",
        "value": text,
        "rspFlag": "1" if more else "2",
        "rspURL": "",
        "appendIndex": "0",
        "default": "1",
    }
    body = (
        f"{_elements(fields)}<dataSet><param>{_elements(param)}</param></dataSet><ErrCode>1</ErrCode><errURL></errURL>"
    )
    xml = f'<?xml version="1.0" encoding="UTF-8"?><USSDDynMenuResponse>{body}</USSDDynMenuResponse>'
    return Outbound(xml.encode(), "text/xml; charset=utf-8")


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


__all__ = ["Sixdee"]
