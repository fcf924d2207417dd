"""Infobip: a session is an address, and what happens in it is the address's last word.

`POST …/session/{id}/start` and `…/response` with JSON are answered by `{"ussdMenu", "shouldClose", "responseExitCode",
"responseMessage"}`, `…/end` with `{exitCode, reason}` by the exit code alone, and `GET …/status` by whether the
session waits for an answer. An error is 200 with exit code 400. The first answer can never close the session: a last
page at a start is shown as one that waits, and whatever is answered to it closes.

Source: Infobip's "USSD Gateway to Third-party Application" as vumi's transport quotes it; shortCode may be missing, and
ussdGwId comes though it is not documented.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.channels.ussd.codes import Dialled
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound, Probe
from gateway.channels.ussd.wires.bodies import Fields, json_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_operator, is_session, is_typed, word_of
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

OK, BAD = 200, 400
_TAIL = re.compile(r"session/([^/]{1,128})/(start|response|end|status)", re.ASCII)
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))
_CLOSE = {OK: EventKind.REPORT, 510: EventKind.ABORT}
"""Exit codes of a session that ended well, and of one that its person ended; every other one is the network's."""


class Infobip(TypedWire):
    """A wire of channels.ussd.wire."""

    methods = ("POST", "GET")

    def parse(self, given: Inbound) -> Delivery | Probe | BadForm:
        """Read a request by the last word of its path."""
        path = _TAIL.fullmatch(given.tail)
        if path is None or not is_session(path[1]):
            return BadForm.SYNTAX
        session, verb = path[1], path[2]
        if (verb == "status") != (given.method == "GET"):
            return BadForm.SYNTAX
        if verb == "status":
            return Probe(session, lambda live: _answer({"sessionActive": live, **_code(OK)}))
        fields = json_fields(given)
        if isinstance(fields, BadForm):
            return fields
        return self._ended(session, fields) if verb == "end" else self._hop(session, verb, fields)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The menu; never closing at a start."""
        closes = not more and delivery.event.kind is not EventKind.BEGIN
        return _answer({"ussdMenu": text, "shouldClose": closes, **_code(OK)})

    def noted(self, delivery: Delivery) -> Outbound:
        """The exit code alone."""
        del delivery
        return _answer(_code(OK))

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A page that closes, with an exit code that says so; at a start, one that waits."""
        closes = not given.tail.endswith("/start")
        # Words are shown with exit code 200 alone, and overload is no error of the provider's.
        code, said = (OK, "") if status == 429 else (BAD, "refused")
        return _answer({"ussdMenu": text, "shouldClose": closes, "responseExitCode": code, "responseMessage": said})

    def _hop(self, session: str, verb: str, fields: Fields) -> Delivery | BadForm:
        if not {"msisdn", "text"} <= fields.keys():
            return BadForm.FIELD_MISSING
        msisdn, text = _NUMBERS.e164(fields["msisdn"]), fields["text"]
        operator = fields.get("ussdGwId", "")
        if msisdn is None or not is_typed(text) or not is_operator(operator):
            return BadForm.FIELD_FORM
        if verb == "response":
            return Delivery(self.answered(session, msisdn, text, operator=operator))
        dialled = self._dialled(fields.get("shortCode", ""), text)
        if not is_typed(dialled.service_code):
            return BadForm.FIELD_FORM
        return Delivery(self.begun(session, msisdn, dialled, operator=operator))

    def _dialled(self, short_code: str, text: str) -> Dialled:
        """Both fields are what was dialled; the text is the longer one where they differ."""
        from_text = self._codes.split(text) if text[:1] in {"*", "#"} else None
        if from_text is not None and (from_text.ours or not short_code):
            return from_text
        return self._codes.split(short_code) if short_code else Dialled("", ours=False)

    def _ended(self, session: str, fields: Fields) -> Delivery | BadForm:
        if "exitCode" not in fields:
            return BadForm.FIELD_MISSING
        code, reason = fields["exitCode"], word_of(fields.get("reason", ""))
        if not re.fullmatch(r"[0-9]{1,4}", code, re.ASCII):
            return BadForm.FIELD_FORM
        kind = _CLOSE.get(int(code), EventKind.TIMEOUT)
        return Delivery(Event(self.name, kind, session, "", "", reason=reason or code))


def _code(code: int) -> Mapping[str, Any]:
    return {"responseExitCode": code, "responseMessage": ""}


def _answer(members: Mapping[str, Any]) -> Outbound:
    return Outbound(json.dumps(members, ensure_ascii=False).encode(), "application/json; charset=utf-8")


__all__ = ["Infobip"]
