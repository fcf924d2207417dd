"""Where ESMEs hand in messages, ask about them, cancel and replace them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from smpplib import consts

from simulators.faults import Faults
from simulators.smsc import receipts, wire
from simulators.smsc.courier import Courier, Delivery
from simulators.smsc.lacking import Dest, Unsent
from simulators.smsc.mishaps import Mishaps
from simulators.smsc.receipts import Fate, Message, State
from simulators.smsc.session import SUBMITTERS, Session
from simulators.smsc.shelf import Shelf, delay_of
from simulators.smsc.terms import Terms
from simulators.smsc.text import Joiner, Piece, piece_of, text_of
from simulators.smsc.wire import Pdu
from simulators.trace import Trace

OnSms = Callable[[str, str, str], None]
"""Called with msisdn (`+98…`), the whole text and the sender."""

RECEIPT_FIRST_S = 0.02
"""How long an answer waits behind its receipt, which may go over another connection."""
DELIVERED = Fate()
COMMANDS = frozenset({"submit_sm", "submit_multi", "data_sm", "query_sm", "cancel_sm", "replace_sm"})


class Desk:
    """Takes messages, brings them to phones, and tells what became of them."""

    def __init__(self, trace: Trace, faults: Faults, on_sms: OnSms, terms: Terms, courier: Courier) -> None:
        self.fates: dict[str, Fate] = {}
        self._trace = trace
        self._faults = faults.smsc
        self._on_sms = on_sms
        self._terms = terms
        self._courier = courier
        self._shelf = Shelf(terms.ids)
        self._mishaps = Mishaps(faults.smsc)
        self._joiner = Joiner()

    def take(self, session: Session, pdu: Pdu) -> None:
        """One of COMMANDS."""
        if session.bound not in SUBMITTERS:
            session.answer(f"{pdu.command}_resp", pdu.sequence, consts.SMPP_ESME_RINVBNDSTS)
            return
        match pdu.command:
            case "query_sm":
                self._query(session, pdu)
            case "cancel_sm":
                self._cancel(session, pdu)
            case "replace_sm":
                self._replace(session, pdu)
            case _:
                self._submit(session, pdu)

    def _submit(self, session: Session, pdu: Pdu) -> None:
        status = self._mishaps.verdict(session.system_id) or self._problem(pdu)
        if status:
            self._mishaps.answer(session, wire.framed(f"{pdu.command}_resp", pdu.sequence, status))
            self._trace.record("sms", f"{pdu.command} refused", f"status 0x{status:02X}", outbound=True)
            return
        number, dests, unsent = self._shelf.number(), *_destinations(pdu)
        more: dict[str, Any] = {"unsent": unsent} if pdu.command == "submit_multi" else {}
        written = self._shelf.written(number, hex_ids=self._faults.hex_ids)
        octets = wire.make(f"{pdu.command}_resp", pdu.sequence, message_id=written, **more)
        first = self._faults.receipt_first and pdu.number("registered_delivery") != 0
        if not first:
            self._mishaps.answer(session, octets)
        for dest in dests:
            self._accept(self._message(number, session, pdu, dest), pdu, written, at_once=first)
        if first:
            self._mishaps.answer(session, octets, hold_s=RECEIPT_FIRST_S)

    def _problem(self, pdu: Pdu) -> int:
        """What is wrong with a submit, as a command_status; 0 is nothing."""
        dests, unsent = _destinations(pdu)
        if any(dest.ton is None for dest in _asked(pdu)):
            return int(consts.SMPP_ESME_RINVDLNAME)
        if pdu.command == "submit_multi" and not dests and not unsent:
            return int(consts.SMPP_ESME_RINVNUMDESTS)
        if not dests:
            return int(consts.SMPP_ESME_RINVDSTADR)
        if _due_s(pdu, "schedule_delivery_time") is None:
            return int(consts.SMPP_ESME_RINVSCHED)
        if _due_s(pdu, "validity_period") is None:
            return int(consts.SMPP_ESME_RINVEXPIRY)
        return int(consts.SMPP_ESME_ROK)

    def _message(self, number: int, session: Session, pdu: Pdu, dest: str) -> Message:
        octets = piece_of(pdu).octets
        return Message(
            number, session.system_id, pdu.text("service_type"), pdu.text("source_addr"), pdu.number("source_addr_ton"),
            pdu.number("source_addr_npi"), dest, text_of(octets, pdu.number("data_coding")), pdu.number("data_coding"),
            pdu.number("registered_delivery"), datetime.now(UTC),
        )  # fmt: skip

    def _accept(self, message: Message, pdu: Pdu, written: str, *, at_once: bool) -> None:
        self._shelf.keep(message)
        piece = piece_of(pdu)
        self._trace.record(
            "sms",
            f"{pdu.command} to +{message.dest}, part {piece.number} of {piece.total}",
            f"id {written}, data_coding {message.data_coding}, {len(piece.octets)} octets: {message.text}",
            outbound=False,
        )
        delay_s = max(_due_s(pdu, "schedule_delivery_time") or 0.0, self._terms.delivery_delay_s)
        if delay_s > 0:
            message.held = True
            asyncio.get_running_loop().call_later(delay_s, self._arrive, message, piece)
        else:
            self._arrive(message, piece, at_once=at_once)

    def _arrive(self, message: Message, piece: Piece, *, at_once: bool = False) -> None:
        """The message reaches its phone, or what its number's fate is; cancelled ones have none."""
        if message.state.final:
            return
        message.held = False
        fate = self.fates.get(f"+{message.dest}", DELIVERED)
        if fate.states[-1] is State.DELIVERED:
            text = self._joiner.joined(message.source, message.dest, piece, message.text)
            if text is not None:
                self._on_sms(f"+{message.dest}", text, message.source)
        step_s = 0.0 if at_once else self._terms.receipt_delay_s
        for number, state in enumerate(fate.states, 1):
            if at_once:
                self._reach(message, state, fate.error)
            else:
                asyncio.get_running_loop().call_later(number * step_s, self._reach, message, state, fate.error)

    def _reach(self, message: Message, state: State, error: int = 0) -> None:
        """The message is in this state now; its ESME is told if it wants to know."""
        if message.state.final:
            return
        message.state = state
        if state.final:
            message.done_at = datetime.now(UTC)
            message.error = 0 if state is State.DELIVERED else error
        if not receipts.wanted(message):
            return
        written = self._shelf.written(message.number, in_receipt=True, hex_ids=self._faults.hex_ids)
        form = self._terms.receipts
        self._courier.add(
            Delivery(
                _maker(message, written, form),
                f"deliver_sm, receipt of +{message.dest}",
                receipts.said(message, written, form),
                message.account,
                times=1 + self._mishaps.strikes(self._faults.doubled_receipt_rate),
            )
        )
        self._courier.pump()

    def _query(self, session: Session, pdu: Pdu) -> None:
        found = self._found(pdu)
        if not found:
            session.answer("query_sm_resp", pdu.sequence, consts.SMPP_ESME_RQUERYFAIL)
            return
        message = found[0]
        done = f"{message.done_at:%y%m%d%H%M%S}000+" if message.done_at else ""
        session.answer(
            "query_sm_resp", pdu.sequence, message_id=pdu.text("message_id"), final_date=done,
            message_state=int(message.state), error_code=message.error & 0xFF,
        )  # fmt: skip
        self._trace.record("sms", f"query_sm of +{message.dest}", message.state.name, outbound=False)

    def _cancel(self, session: Session, pdu: Pdu) -> None:
        if pdu.octets("message_id"):
            found = [message for message in self._found(pdu) if message.held]
        else:
            found = self._shelf.held(source=pdu.text("source_addr"), dest=pdu.text("destination_addr"))
        session.answer("cancel_sm_resp", pdu.sequence, 0 if found else consts.SMPP_ESME_RCANCELFAIL)
        for message in found:
            message.held = False
            self._reach(message, State.DELETED)
            self._trace.record("sms", f"cancel_sm of +{message.dest}", outbound=False)

    def _replace(self, session: Session, pdu: Pdu) -> None:
        found = [message for message in self._found(pdu) if message.held]
        session.answer("replace_sm_resp", pdu.sequence, 0 if found else consts.SMPP_ESME_RREPLACEFAIL)
        for message in found:
            message.text = text_of(pdu.octets("short_message"), message.data_coding)
            message.registered = pdu.number("registered_delivery")
            self._trace.record("sms", f"replace_sm of +{message.dest}", message.text, outbound=False)

    def _found(self, pdu: Pdu) -> list[Message]:
        message_id, source = pdu.text("message_id"), pdu.text("source_addr")
        return self._shelf.find(message_id, source=source, hex_ids=self._faults.hex_ids)


def _maker(message: Message, written: str, form: receipts.ReceiptForm) -> Callable[[int], bytes]:
    """The receipt of the state that the message has at this moment, whenever it is sent."""
    whole = receipts.receipt(message, written, form, 0)
    return lambda sequence: whole[:12] + sequence.to_bytes(4, "big") + whole[16:]


def _asked(pdu: Pdu) -> tuple[Dest, ...]:
    if pdu.command != "submit_multi":
        return (Dest(pdu.text("destination_addr")),)
    dests = pdu.values.get("dests")
    return tuple(dest for dest in dests if isinstance(dest, Dest)) if isinstance(dests, tuple) else ()


def _destinations(pdu: Pdu) -> tuple[list[str], tuple[Unsent, ...]]:
    """The numbers that it goes to, and those that are none."""
    asked = [(dest, dest.address.removeprefix("+")) for dest in _asked(pdu)]
    bad = tuple(
        Unsent(dest.address, int(consts.SMPP_ESME_RINVDSTADR), dest.ton or 0, dest.npi)
        for dest, number in asked
        if not (number.isascii() and number.isdecimal())
    )
    return [number for _, number in asked if number.isascii() and number.isdecimal()], bad


def _due_s(pdu: Pdu, name: str) -> float | None:
    """Seconds until the time in this field, 0 if it is empty; None if it is no time."""
    text = pdu.text(name)
    return delay_of(text, datetime.now(UTC)) if text else 0.0
