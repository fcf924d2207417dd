"""USSD in the manner of GSMA's OneAPI (Ideabiz and others on WSO2): JSON in, acknowledged; the page by a POST of ours.

In: `{"inboundUSSDMessageRequest": {address, sessionID, shortCode, keyword, inboundUSSDMessage, ussdAction}}` with
ussdAction `moinit`, `mocont` or `mofin`. Out: POST `…/outbound/{address}` with `{"outboundUSSDMessageRequest":
{address, shortCode, keyword, outboundUSSDMessage, clientCorrelator, responseRequest, sessionID, ussdAction}}`,
ussdAction `mtcont` or `mtfin`, and a bearer token.

Source: the outbound half from Ideabiz' pages; the inbound names by likeness only: verify with the operator.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from gateway.channels.ussd.codes import normal_code
from gateway.channels.ussd.later import Account
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import json_object
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

_NUMBERS = Numbers((NumberForm.TEL, NumberForm.BARE, NumberForm.PLUS))
_KINDS = {"moinit": EventKind.BEGIN, "mocont": EventKind.INPUT, "mofin": EventKind.ABORT}
_JSON = "application/json; charset=utf-8"


class OneApi(TypedWire):
    """A wire of channels.ussd.later."""

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a request by its ussdAction."""
        if given.tail:
            return BadForm.SYNTAX
        found = json_object(given)
        if isinstance(found, BadForm):
            return found
        fields = _texts(found.get("inboundUSSDMessageRequest"))
        if fields is None or not {"address", "sessionID", "ussdAction"} <= fields.keys():
            return BadForm.FIELD_MISSING
        kind, msisdn = _KINDS.get(fields["ussdAction"].lower()), _NUMBERS.e164(fields["address"])
        session, text = fields["sessionID"], fields.get("inboundUSSDMessage", "")
        written = fields.get("keyword") or fields.get("shortCode", "")
        code = normal_code(written.removeprefix("tel:").strip("*#"))
        if kind is None or msisdn is None or not is_session(session) or not is_typed(text):
            return BadForm.FIELD_FORM
        if kind is EventKind.INPUT and "inboundUSSDMessage" not in fields:
            return BadForm.FIELD_MISSING
        if kind is EventKind.BEGIN and code is None:
            return BadForm.FIELD_FORM
        echo = {name: fields.get(name, "")[:64] for name in ("address", "sessionID", "shortCode", "keyword")}
        return Delivery(self._event(kind, session, msisdn, code or "", text), echo)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The acknowledgement: the page goes by a call of its own."""
        del text, more
        return self.noted(delivery)

    def noted(self, delivery: Delivery) -> Outbound:
        """The acknowledgement."""
        del delivery
        return Outbound(b'{"status": "OK"}', _JSON)

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A fault as OneAPI has it; the words are for whoever reads the provider's log."""
        del given
        fault = {"requestError": {"serviceException": {"messageId": "SVC0002", "text": text}}}
        return Outbound(json.dumps(fault, ensure_ascii=False).encode(), _JSON, status)

    def sending(self, delivery: Delivery, text: str, *, more: bool, account: Account, now: datetime) -> Outbound:
        """The outbound request that shows the page."""
        echo = delivery.echo
        # A name for this page alone, the same when the call is made again: a provider shows a page of one name once.
        named = hashlib.sha256(f"{echo['sessionID']} {now.isoformat()}".encode()).hexdigest()[:32]
        made = {
            "outboundUSSDMessageRequest": {
                "address": echo["address"],
                "shortCode": echo["shortCode"],
                "keyword": echo["keyword"],
                "outboundUSSDMessage": text,
                "clientCorrelator": named,
                "sessionID": echo["sessionID"],
                "responseRequest": {"notifyURL": account.service, "callbackData": ""},
                "ussdAction": "mtcont" if more else "mtfin",
            }
        }
        headers = {"Authorization": f"Bearer {account.password}"}
        body = json.dumps(made, ensure_ascii=False).encode()
        return Outbound(body, _JSON, headers=headers, tail=f"outbound/{quote(echo['address'], safe='')}")

    def _event(self, kind: EventKind, session: str, msisdn: str, code: str, text: str) -> Event:
        if kind is EventKind.ABORT:
            return Event(self.name, kind, session, msisdn, code, reason="mofin")
        if kind is EventKind.INPUT:
            return self.answered(session, msisdn, text, code)
        return self.begun(session, msisdn, self.dialled(text, code), sequence="0")


def _texts(value: Any) -> Mapping[str, str] | None:  # noqa: ANN401  - JSON
    """The members that are texts."""
    if not isinstance(value, dict):
        return None
    return {name: text for name, text in value.items() if isinstance(text, str)}


__all__ = ["OneApi"]
