"""USSD by XML-RPC, in two dialects.

MTN Rwanda and Uganda call `handleUSSD` with a struct of `TransactionId, TransactionTime, MSISDN, USSDServiceCode,
USSDRequestString, response`; `response` is false at the begin. The answer is the struct with USSDResponseString and
`action`: `request` waits for an answer, `end` does not. A field that lacks is the fault 4001.

TrueAfrican calls `USSD.INIT`, `USSD.CONT` and `USSD.END` with a struct of `session, msisdn, shortcode, message`; the
answer is `{session, type, message}` with type `cont` or `end`, and an empty struct to an END.

Source: vumi's transports (source read).
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from gateway.channels.ussd.codes import normal_code
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed
from gateway.channels.ussd.wires.markup import BODY_BYTES_MAX, Node, xml_root
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

FAULT = "4001"
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))
_VALUES_MAX = 32


class _XmlRpc(TypedWire):
    """What both dialects share: the envelope."""

    body_bytes_max = BODY_BYTES_MAX

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a call by its method."""
        if given.tail:
            return BadForm.SYNTAX
        root = xml_root(given)
        if isinstance(root, BadForm):
            return root
        method, fields = root.said("methodName"), _struct(root)
        if root.name != "methodCall" or method is None or fields is None:
            return BadForm.SYNTAX
        return self.read(method, fields)

    def read(self, method: str, fields: Mapping[str, str]) -> Delivery | BadForm:
        """Read a call's method and struct."""
        raise NotImplementedError

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A fault with the words."""
        del given
        value = f"<struct>{_member('faultCode', FAULT, 'int')}{_member('faultString', text)}</struct>"
        return _document(f"<fault><value>{value}</value></fault>", status)

    def event(self, kind: EventKind, session: str, number: str, code: str, text: str) -> Event | BadForm:
        """The event of a hop, if its fields have their forms."""
        msisdn, service_code = _NUMBERS.e164(number), normal_code(code.strip("*#"))
        if msisdn is None or not is_session(session) or not is_typed(text):
            return BadForm.FIELD_FORM
        if kind is EventKind.ABORT:
            return Event(self.name, kind, session, msisdn, service_code or "", reason="end")
        if kind is not EventKind.BEGIN:
            return self.answered(session, msisdn, text, service_code or "")
        if service_code is None:
            return BadForm.FIELD_FORM
        return self.begun(session, msisdn, self.dialled(text, service_code), sequence="0")


class HandleUssd(_XmlRpc):
    """MTN Rwanda and Uganda; a wire of channels.ussd.wire."""

    def read(self, method: str, fields: Mapping[str, str]) -> Delivery | BadForm:
        """A handleUSSD."""
        if method != "handleUSSD":
            return BadForm.SYNTAX
        try:
            session, number = fields["TransactionId"], fields["MSISDN"]
            code, text = fields["USSDServiceCode"], fields["USSDRequestString"]
        except KeyError:
            return BadForm.FIELD_MISSING
        later = fields.get("response", "false").lower() in {"true", "1"}
        event = self.event(EventKind.INPUT if later else EventKind.BEGIN, session, number, code, text)
        if isinstance(event, BadForm):
            return event
        return Delivery(event, {"TransactionId": session, "TransactionTime": fields.get("TransactionTime", "")[:40]})

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The struct with the text and the action."""
        return _answer({**delivery.echo, "USSDResponseString": text, "action": "request" if more else "end"})

    def noted(self, delivery: Delivery) -> Outbound:
        """Not called: this dialect tells of no end."""
        return self.page(delivery, "", more=False)


class TrueAfrican(_XmlRpc):
    """TrueAfrican; a wire of channels.ussd.wire."""

    def read(self, method: str, fields: Mapping[str, str]) -> Delivery | BadForm:
        """A USSD.INIT, USSD.CONT or USSD.END."""
        kinds = {"USSD.INIT": EventKind.BEGIN, "USSD.CONT": EventKind.INPUT, "USSD.END": EventKind.ABORT}
        kind = kinds.get(method)
        if kind is None:
            return BadForm.SYNTAX
        try:
            session, number = fields["session"], fields["msisdn"]
            text = fields["message"] if kind is EventKind.INPUT else fields.get("message", "")
            code = fields["shortcode"] if kind is EventKind.BEGIN else fields.get("shortcode", "")
        except KeyError:
            return BadForm.FIELD_MISSING
        event = self.event(kind, session, number, code, "" if kind is EventKind.ABORT else text)
        return event if isinstance(event, BadForm) else Delivery(event, {"session": session})

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The struct with the text and its type."""
        return _answer({**delivery.echo, "type": "cont" if more else "end", "message": text})

    def noted(self, delivery: Delivery) -> Outbound:
        """An empty struct."""
        del delivery
        return _answer({})


def _struct(root: Node) -> dict[str, str] | None:
    """The members of the first parameter's struct as text."""
    struct = root.find("struct")
    if struct is None or len(struct.children) > _VALUES_MAX:
        return None
    found: dict[str, str] = {}
    for member in struct.children:
        name, value = member.said("name"), member.child("value")
        if name is None or value is None or name in found:
            return None
        typed = value.children[0] if value.children else value
        found[name] = typed.text if typed.name in {"string", "value"} else typed.text.strip()
    return found


def _answer(fields: Mapping[str, str]) -> Outbound:
    members = "".join(_member(name, value) for name, value in fields.items())
    return _document(f"<params><param><value><struct>{members}</struct></value></param></params>")


def _member(name: str, value: str, kind: str = "string") -> str:
    return f"<member><name>{name}</name><value><{kind}>{escape(value)}</{kind}></value></member>"


def _document(inner: str, status: int = 200) -> Outbound:
    xml = f'<?xml version="1.0" encoding="UTF-8"?><methodResponse>{inner}</methodResponse>'
    return Outbound(xml.encode(), "text/xml; charset=utf-8", status)


__all__ = ["HandleUssd", "TrueAfrican"]
