"""Comviva Flares, the pull of Airtel: a query in, text and headers out.

GET with `userid, password, SessionID, MSISDN, MSC, input`; the first `input` is the dialled code without `*` and `#`,
and nothing says that it is the first. The header `Freeflow` is `FC` where an answer is waited for and `FB` at the
end; `charge` and `amount` belong to a charged page, which ours never are. A clean-up GET has `clean` or `error`.

Source: vumi's transport for Airtel (source read). `userid` and `password` are what the guard `query` checks.
"""

from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import BODY_BYTES_MAX, query_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed, word_of
from gateway.services.dialogues import Event, EventKind
from ussd_menus import Profile

_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))


class Flares:
    """A wire of channels.ussd.wire."""

    methods = ("GET",)
    body_bytes_max = BODY_BYTES_MAX
    profile = Profile()

    def __init__(self, name: str, codes: Codes) -> None:
        self.name = name
        self._codes = codes

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a pull, or a clean-up."""
        if given.tail:
            return BadForm.SYNTAX
        fields = query_fields(given)
        if isinstance(fields, BadForm):
            return fields
        session, text = fields.get("SessionID"), fields.get("input", "")
        if session is None or (number := fields.get("MSISDN", fields.get("msisdn"))) is None:
            return BadForm.FIELD_MISSING
        msisdn = _NUMBERS.e164(number)
        if msisdn is None or not is_session(session) or not is_typed(text):
            return BadForm.FIELD_FORM
        if "clean" in fields or "error" in fields:
            reason = word_of(fields.get("error", "") or fields.get("clean", ""))
            return Delivery(Event(self.name, EventKind.ABORT, session, msisdn, "", reason=reason))
        if "input" not in fields:
            return BadForm.FIELD_MISSING
        dialled = self._codes.split(text) if text[:1].isdigit() else None
        if dialled is None or not dialled.ours:
            return Delivery(Event(self.name, EventKind.INPUT, session, msisdn, "", text, alone=True))
        # The digits of the code may be an answer too: it begins a session only where there is none.
        event = Event(
            self.name,
            EventKind.BEGIN,
            session,
            msisdn,
            dialled.service_code,
            text,
            alone=True,
            dialled=dialled.answers,
        )
        return Delivery(event)

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The text, and whether the session flows on."""
        del delivery
        return Outbound(text.encode(), headers={"Freeflow": "FC" if more else "FB", "charge": "N", "amount": "0"})

    def noted(self, delivery: Delivery) -> Outbound:
        """Nothing but the status."""
        del delivery
        return Outbound()

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A last page with the words."""
        del given
        return Outbound(text.encode(), status=status, headers={"Freeflow": "FB"})


__all__ = ["Flares"]
