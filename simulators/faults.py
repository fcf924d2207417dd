"""Faults that a person in the lab, or a test, switches on. Each simulator reads its own."""

import random
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(slots=True)
class SmscFaults:
    """What the SMSC does wrong; all off at first, and each can be switched while it runs.

    A `…_rate` is a share from 0 to 1, drawn from a generator seeded with `seed`, so that a run can be repeated.

    Attributes:
        throttle_per_s: An account that submits more than this in a second is answered 0x58; 0 is no limit.
        throttle_every: Every so manieth submit is answered 0x58; 0 is none.
        throttle_rate: Share of submits answered 0x58.
        queue_full_rate: Share of submits answered 0x14.
        lost_resp_rate: Share of submits that are taken and never answered.
        doubled_resp_rate: Share of answers that come twice.
        receipt_first: A receipt is sent before the answer to its submit.
        doubled_receipt_rate: Share of receipts that come twice.
        hex_ids: Answers name a message in decimal, receipts in hexadecimal.
        delay_ms: Answers to submits are held back for this long.
        reorder: So many answers are gathered and sent in another order; 0 is off.
        garbage_rate: Share of answers followed by a PDU that means nothing.
        lying_rate: Share of answers followed by a PDU whose command_length is a lie.
        unbind_every: After every so manieth submit that ESME is unbound; 0 is never.
        half_open: Connections stay open and nothing is read or written any more.
        bind_status: Every bind is refused with this command_status; 0 is off.
    """

    throttle_per_s: int = 0
    throttle_every: int = 0
    throttle_rate: float = 0.0
    queue_full_rate: float = 0.0
    lost_resp_rate: float = 0.0
    doubled_resp_rate: float = 0.0
    receipt_first: bool = False
    doubled_receipt_rate: float = 0.0
    hex_ids: bool = False
    delay_ms: int = 0
    reorder: int = 0
    garbage_rate: float = 0.0
    lying_rate: float = 0.0
    unbind_every: int = 0
    half_open: bool = False
    bind_status: int = 0
    seed: int = 0


class Mishap(StrEnum):
    """What can go wrong with one hop of a USSD dialogue; `CarrierFaults` has a rate for each."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REPEAT = "repeat"
    REORDER = "reorder"
    CHARSET = "charset"
    SLOW_WRITE = "slow_write"
    SLOW_READ = "slow_read"
    ABORT = "abort"
    LOST_ANSWER = "lost_answer"
    REPEATED_BEGIN = "repeated_begin"
    REDIAL = "redial"


@dataclass(slots=True)
class CarrierFaults:
    """What a carrier's network does wrong; all off at first, and each can be switched while it runs.

    A `…_rate` is the share of hops, from 0 to 1, drawn for each phone from a generator of its own, seeded with `seed`
    and the number, so that a run can be repeated.

    Attributes:
        drop_rate: The network loses the dialogue after the application answered, and says so where the wire can.
        delay_rate: The answer is held back for `delay_ms`.
        duplicate_rate: The hop is delivered twice at once; the first answer is shown.
        repeat_rate: The hop is delivered again after its answer.
        reorder_rate: The hop before is delivered again, after the answer to this one.
        charset_rate: The hop holds octets that are no text of its charset.
        slow_write_rate: The request trickles in over `slow_ms`.
        slow_read_rate: The answer is read over `slow_ms`, through a small window.
        abort_rate: The person hangs up instead of answering.
        lost_answer_rate: The application answered and the phone never sees it; nobody is told.
        repeated_begin_rate: The first hop is delivered again in the middle of the dialogue.
        redial_rate: While the hop is on its way the person dials again, in another session.
    """

    drop_rate: float = 0.0
    delay_rate: float = 0.0
    delay_ms: int = 2_000
    duplicate_rate: float = 0.0
    repeat_rate: float = 0.0
    reorder_rate: float = 0.0
    charset_rate: float = 0.0
    slow_write_rate: float = 0.0
    slow_read_rate: float = 0.0
    slow_ms: int = 1_000
    abort_rate: float = 0.0
    lost_answer_rate: float = 0.0
    repeated_begin_rate: float = 0.0
    redial_rate: float = 0.0
    seed: int = 0

    def rate(self, mishap: Mishap) -> float:
        """The rate of one mishap."""
        return float(getattr(self, f"{mishap}_rate"))


class BankMishap(StrEnum):
    """What can go wrong with one order, payment or file at the bank; `BankFaults` has a rate for each."""

    REJECT = "reject"
    RETURN = "return"
    LATE = "late"
    SILENT = "silent"
    LOST_ORDER = "lost_order"
    LOST_ANSWER = "lost_answer"
    REFUSE = "refuse"
    DOUBLE_STATUS = "double_status"
    DOUBLE_STATEMENT = "double_statement"
    WRONG_AMOUNT = "wrong_amount"
    GARBLE = "garble"


@dataclass(slots=True)
class BankFaults:
    """What the bank does wrong; all off at first, and each can be switched while it runs.

    A `…_rate` is a share from 0 to 1, drawn for each order, payment or file by its name and `seed`, so that a run can
    be repeated whatever the order of things is.

    Attributes:
        down: The door answers 503.
        answer_delay_ms: The door holds each answer back for this long.
        reject_rate: Share of payments that are rejected at the cycle, with a reason drawn from the table.
        return_rate: Share of settled payments that come back in the cycle after.
        late_rate: Share of payments that miss `late_cycles` cycles.
        silent_rate: Share of orders that are paid and of which no pain.002 is ever written.
        lost_order_rate: Share of orders whose connection is cut before they are taken: an enquiry says no.
        lost_answer_rate: Share of orders that are taken, and whose connection is cut instead of an answer.
        refuse_rate: Share of orders that the door refuses with 422.
        double_status_rate: Share of pain.002 that come twice, under another name.
        double_statement_rate: Share of statements that come twice, under another name.
        wrong_amount_rate: Share of payments that are booked with 1 rial too little.
        garble_rate: Share of downloads in which an octet is another.
        stray_credit: Somebody whom nobody knows pays in at each cycle.
    """

    down: bool = False
    answer_delay_ms: int = 0
    reject_rate: float = 0.0
    return_rate: float = 0.0
    late_rate: float = 0.0
    late_cycles: int = 2
    silent_rate: float = 0.0
    lost_order_rate: float = 0.0
    lost_answer_rate: float = 0.0
    refuse_rate: float = 0.0
    double_status_rate: float = 0.0
    double_statement_rate: float = 0.0
    wrong_amount_rate: float = 0.0
    garble_rate: float = 0.0
    stray_credit: bool = False
    seed: int = 0

    def hits(self, mishap: BankMishap, name: str) -> bool:
        """Whether it goes wrong with what is called so; the same answer for the same name."""
        rate = float(getattr(self, f"{mishap}_rate"))
        return rate > 0 and self.draw(mishap, name).random() < rate

    def draw(self, what: str, name: str) -> random.Random:
        """A generator of its own."""
        return random.Random(f"{self.seed}/{what}/{name}")


@dataclass(slots=True)
class MsspFaults:
    """What the mobile signature service does wrong; all off at first, and each stays on until it is switched off.

    Attributes:
        slow_ms: Every answer is held back for this long.
        drop_answer: What was asked is done, and the line is cut instead of an answer.
        duplicate_answer: A result that it sends by itself is sent twice.
        malformed_answer: The answer ends in the middle.
        wrong_echo: The answer names another transaction of the application provider.
        other_text: Another text than the one that was asked for is signed.
        other_signer: Another person's key signs.
        other_root: A key signs whose certificate leads to another root.
        broken_signature: One bit of the signature is turned.
        replay: The phone's signature before this one comes again.
        clock_skew_s: The service's clock is ahead by this much, or behind.
    """

    slow_ms: int = 0
    drop_answer: bool = False
    duplicate_answer: bool = False
    malformed_answer: bool = False
    wrong_echo: bool = False
    other_text: bool = False
    other_signer: bool = False
    other_root: bool = False
    broken_signature: bool = False
    replay: bool = False
    clock_skew_s: int = 0


class TillMishap(StrEnum):
    """What can go wrong between a terminal and its acquirer, or with the terminal; `TillFaults` has a switch each."""

    DROP = "drop"
    DROP_ANSWER = "drop_answer"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    TRUNCATE = "truncate"
    HALF_OPEN = "half_open"
    CORRUPT_MAC = "corrupt_mac"
    CORRUPT_ANSWER = "corrupt_answer"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"


@dataclass(slots=True)
class TillFaults:
    """What goes wrong with a terminal and its line; all off at first, and each can be switched while it runs.

    Sign-on and echo are spared, but for `half_open`.

    Attributes:
        drop: Requests are lost on their way.
        drop_answer: Answers are lost on theirs.
        delay: Each answer is held back for `delay_ms`; for longer than the terminal waits, it comes too late.
        duplicate: Each request arrives twice.
        reorder: A request is kept in the network until the one after it has gone.
        truncate: The line is cut in the middle of a request.
        half_open: The line stands, and nothing gets through in either direction until it is made anew.
        corrupt_mac: A bit of the request's MAC is turned.
        corrupt_answer: A bit of the answer's MAC is turned.
        crash_before: The terminal dies when the request is written down and has not left.
        crash_after: It dies when the request has left and no answer has come.
        only: The type of the request that it happens to (`0100`); '' is any.
        times: So many requests it happens to, then no more; 0 is every one.
        clock_skew_s: The terminal's clock is ahead by this much, or behind.
    """

    drop: bool = False
    drop_answer: bool = False
    delay: bool = False
    duplicate: bool = False
    reorder: bool = False
    truncate: bool = False
    half_open: bool = False
    corrupt_mac: bool = False
    corrupt_answer: bool = False
    crash_before: bool = False
    crash_after: bool = False
    only: str = ""
    times: int = 0
    delay_ms: int = 15_000
    clock_skew_s: int = 0

    def takes(self, mishap: TillMishap, mti: str) -> bool:
        """Whether it happens to this request, which then counts."""
        spared = mti == "0800" and mishap is not TillMishap.HALF_OPEN
        if spared or not getattr(self, mishap.value) or self.only not in ("", mti):
            return False
        if self.times:
            self.times -= 1
            if not self.times:
                setattr(self, mishap.value, False)
        return True


@dataclass(slots=True)
class Faults:
    """All off at first.

    Attributes:
        drop_session: The carrier loses the dialogue after the next hop's answer.
        answer_delay_s: The carrier holds each answer back for this long.
        callback_twice: The carrier sends each callback twice at once and shows the first answer.
        carrier: What else the carrier's network does wrong.
        smsc_down: The SMSC takes no connections and cuts those that it has.
        smsc: What else the SMSC does wrong.
        bank: What the bank does wrong.
        terminal_line_cut: The terminal's line to the acquirer is cut after a request was sent.
        till: What else goes wrong with terminals and their lines.
        mssp: What the mobile signature service does wrong.
    """

    drop_session: bool = False
    answer_delay_s: float = 0.0
    callback_twice: bool = False
    carrier: CarrierFaults = field(default_factory=CarrierFaults)
    smsc_down: bool = False
    smsc: SmscFaults = field(default_factory=SmscFaults)
    bank: BankFaults = field(default_factory=BankFaults)
    terminal_line_cut: bool = False
    till: TillFaults = field(default_factory=TillFaults)
    mssp: MsspFaults = field(default_factory=MsspFaults)
