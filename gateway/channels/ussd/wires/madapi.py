"""MTN's MADAPI: JSON in, JSON out.

In: `{sessionId, messageType, msisdn, serviceCode, ussdString, cellId?, imsi?, language?}`; messageType is 0 begin, 1
continue, 2 end, 3 notification, 4 cancel, 5 timeout. Out: status 0000 and in `data` the text, whether an answer is
waited for, and 1 or 2 as messageType. The imsi and the cell are not read: nothing here needs them.

Source: MTN's developer pages for the request; the answer's members from community code: verify with the operator.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from gateway.channels.ussd.codes import normal_code
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import json_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS, NumberForm.TEL))
_KINDS = {
    "0": EventKind.BEGIN,
    "1": EventKind.INPUT,
    "2": EventKind.ABORT,
    "3": EventKind.REPORT,
    "4": EventKind.ABORT,
    "5": EventKind.TIMEOUT,
}
_WORDS = {"2": "end", "3": "notification", "4": "cancel", "5": "timeout"}


class Madapi(TypedWire):
    """A wire of channels.ussd.wire."""

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a request by its messageType."""
        if given.tail:
            return BadForm.SYNTAX
        fields = json_fields(given)
        if isinstance(fields, BadForm):
            return fields
        if not {"sessionId", "messageType", "msisdn"} <= fields.keys():
            return BadForm.FIELD_MISSING
        session, said, text = fields["sessionId"], fields["messageType"], fields.get("ussdString", "")
        kind, msisdn = _KINDS.get(said), _NUMBERS.e164(fields["msisdn"])
        code = normal_code(fields.get("serviceCode", "").strip("*#")) or ""
        if kind is None or msisdn is None or not is_session(session) or not is_typed(text):
            return BadForm.FIELD_FORM
        echo = {"code": fields.get("serviceCode", "")[:32], "msisdn": msisdn[1:], "session": session}
        match kind:
            case EventKind.BEGIN:
                event = self.begun(session, msisdn, self._codes.split(text or code), sequence="0")
            case EventKind.INPUT if "ussdString" not in fields:
                return BadForm.FIELD_MISSING
            case EventKind.INPUT:
                event = self.answered(session, msisdn, text, code)
            case _:
                event = Event(self.name, kind, session, msisdn, code, reason=_WORDS[said])
        return Delivery(event, echo)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The text, and whether an answer is waited for."""
        return _answer(delivery.echo, text, more=more)

    def noted(self, delivery: Delivery) -> Outbound:
        """The status without words."""
        return _answer(delivery.echo, "", more=False)

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A last page with the words."""
        del given
        return replace(_answer({}, text, more=False), status=status)


def _answer(echo: Mapping[str, str], text: str, *, more: bool) -> Outbound:
    made = {
        "statusCode": "0000",
        "statusMessage": "",
        "transactionId": echo.get("session", ""),
        "data": {
            "inboundResponse": text,
            "userInputRequired": more,
            "messageType": "1" if more else "2",
            "serviceCode": echo.get("code", ""),
            "msisdn": echo.get("msisdn", ""),
        },
    }
    return Outbound(json.dumps(made, ensure_ascii=False).encode(), "application/json; charset=utf-8")


__all__ = ["Madapi"]
