"""Hubtel Programmable Services: JSON both ways, a Type for what happened, a Sequence for each delivery.

In: SessionId, ServiceCode, Type (in any letters: Initiation, Response, Release, Timeout, Favorite), Message, Operator,
Mobile, ClientState, Sequence. At an Initiation and a Favorite, Message is the whole dialled string. Out: Type
`response` or `release`, Message, Label, DataType, FieldType. A Timeout says that our last answer came
too late; whatever we say to it is ignored. Orders (Query, AddToCart) are no dialogue of ours and are refused.

Source: Hubtel's .NET SDK and its page "API reference: programmable services".
"""

import json

from gateway.channels.ussd.codes import Dialled
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import Fields, json_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_operator, is_sequence, is_session, is_typed
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

LABEL_MAX = 30
"""Characters of the label that Hubtel's own app shows over the page."""
_TYPES = {
    "initiation": EventKind.BEGIN,
    "favorite": EventKind.BEGIN,
    "response": EventKind.INPUT,
    "release": EventKind.ABORT,
    "timeout": EventKind.TIMEOUT,
}
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))
_NEEDED = frozenset({"SessionId", "Type", "Mobile"})


class Hubtel(TypedWire):
    """A wire of channels.ussd.wire."""

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a request by its Type."""
        if given.tail:
            return BadForm.SYNTAX
        fields = json_fields(given)
        if isinstance(fields, BadForm):
            return fields
        if not fields.keys() >= _NEEDED:
            return BadForm.FIELD_MISSING
        kind = _TYPES.get(fields["Type"].strip().lower())
        if kind is None:
            return BadForm.FIELD_FORM
        if kind in {EventKind.BEGIN, EventKind.INPUT} and "Message" not in fields:
            return BadForm.FIELD_MISSING
        return self._delivery(fields, kind)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """`response` asks, `release` ends; the label is the page's first line."""
        return _answer(text, delivery.echo.get("SessionId", ""), more=more)

    def noted(self, delivery: Delivery) -> Outbound:
        """A release without words; it is ignored."""
        return _answer("", delivery.echo.get("SessionId", ""), more=False)

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A release with the words."""
        del given
        return _answer(text, "", more=False, status=status)

    def _delivery(self, fields: Fields, kind: EventKind) -> Delivery | BadForm:
        session, msisdn = fields["SessionId"], _NUMBERS.e164(fields["Mobile"])
        message, operator = fields.get("Message", ""), fields.get("Operator", "")
        sequence, code = fields.get("Sequence", ""), fields.get("ServiceCode", "")
        formed = is_session(session) and is_operator(operator) and is_sequence(sequence)
        if msisdn is None or not formed or not is_typed(message) or not is_operator(code.strip("*#")):
            return BadForm.FIELD_FORM
        dialled = self._dialled(code, message) if kind is EventKind.BEGIN else Dialled("")
        event = Event(
            self.name,
            kind,
            session,
            msisdn,
            dialled.service_code,
            message if kind is EventKind.INPUT else "",
            operator,
            alone=True,
            sequence=sequence,
            dialled=dialled.answers,
            reason=fields["Type"].strip().lower() if kind in {EventKind.ABORT, EventKind.TIMEOUT} else "",
        )
        return Delivery(event, {"SessionId": session}, {"session": session, "msisdn": fields["Mobile"]})

    def _dialled(self, code: str, message: str) -> Dialled:
        if message[:1] in {"*", "#"}:
            return self._codes.split(message)
        return self._codes.split(code) if code else Dialled("", ours=False)


def _answer(text: str, session: str, *, more: bool, status: int = 200) -> Outbound:
    members = {
        "SessionId": session,
        "Type": "response" if more else "release",
        "Message": text,
        "Label": text.partition("\n")[0][:LABEL_MAX],
        "DataType": "input" if more else "display",
        "FieldType": "text",
    }
    return Outbound(json.dumps(members, ensure_ascii=False).encode(), "application/json; charset=utf-8", status)


__all__ = ["Hubtel"]
