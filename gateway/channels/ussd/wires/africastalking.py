"""Africa's Talking: the table of `profiles/africastalking.toml`, and the report on the end of a session.

In: a form with sessionId, phoneNumber (E.164), networkCode, serviceCode and text, which is all answers joined by `*`.
Out: 200 text/plain, `CON …` or `END …`; any other status, or a body without the prefix, makes the provider cut the
session. It waits 15 s for an answer, and signs nothing.

The report comes to `…/events`: date, sessionId, status (Success, Incomplete, Failed), durationInMillis, hopsCount,
input, lastAppResponse and more. `input` holds every key that was pressed, PINs too: it and our own last text go no
further than this parser.

Source: the provider's page on USSD and its help centre; facts of the CON/END family.
"""

from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.bodies import form_fields
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_session, word_of
from gateway.channels.ussd.wires.form import Form
from gateway.channels.ussd.wires.mapped import MappedWire
from gateway.services.dialogues import Event, EventKind

REPORTS = "events"
_STATUSES = frozenset({"success", "incomplete", "failed"})


class AfricasTalking(MappedWire):
    """The wire with its second path."""

    def __init__(self, name: str, form: Form, codes: Codes) -> None:
        super().__init__(name, form, codes)
        self._reported = Numbers((NumberForm.PLUS,))

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """A hop, or the report of a session that is over."""
        return self._report(given) if given.tail == REPORTS else super().parse(given)

    def noted(self, delivery: Delivery) -> Outbound:
        """200 and nothing else."""
        del delivery
        return Outbound()

    def _report(self, given: Inbound) -> Delivery | BadForm:
        fields = form_fields(given)
        if isinstance(fields, BadForm):
            return fields
        if not {"sessionId", "phoneNumber", "status"} <= fields.keys():
            return BadForm.FIELD_MISSING
        session, msisdn = fields["sessionId"], self._reported.e164(fields["phoneNumber"])
        status = fields["status"].lower()
        if not is_session(session) or msisdn is None or status not in _STATUSES:
            return BadForm.FIELD_FORM
        return Delivery(Event(self.name, EventKind.REPORT, session, msisdn, "", reason=word_of(status)))


__all__ = ["AfricasTalking"]
