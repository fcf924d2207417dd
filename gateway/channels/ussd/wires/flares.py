"""Comviva Flares, the pull of Airtel: a query in, text and headers out.

GET with `userid, password, SessionID, MSISDN, MSC, input`; the first `input` is the dialled code without `*` and `#`,
and nothing says that it is the first. The header `Freeflow` is `FC` where an answer is waited for and `FB` at the
end; `charge` and `amount` belong to a charged page, which ours never are. A clean-up GET has `clean` or `error`.

Source: vumi's transport for Airtel (source read). `userid` and `password` are what the guard `query` checks.
"""

from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import query_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, is_typed, word_of
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind

_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS))


class Flares(TypedWire):
    """A wire of channels.ussd.wire."""

    methods = ("GET",)

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
            return Delivery(self.answered(session, msisdn, text))
        # The digits of the code may be an answer too: it begins a session only where there is none.
        return Delivery(self.begun(session, msisdn, dialled, text=text))

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
