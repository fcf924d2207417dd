"""A merchant's terminal: it reads a phone by APDUs, asks the acquirer by ISO 8583, and forwards later what it must."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulators import emv_card, iso8583
from simulators.emv_card import TlvError
from simulators.faults import Faults
from simulators.iso8583 import Message
from simulators.journal import Journal
from simulators.line import Answer, Line, LineCut
from simulators.nfc import InProcess, TornOff, Transport
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace

ZONE = ZoneInfo("Asia/Tehran")
ACQUIRER = "581420"
CURRENCY = "364"
COUNTRY = "364"
ANSWER_TIMEOUT_S = 10.0
LINE_WAIT_S = 3.0
FORWARD_RETRY_S = 1.0
AMOUNT_MAX = 10**12 - 1
CVM_LIMIT_MINOR = 5_000_000
"""Above this amount in rials the phone must be unlocked by its owner (CDCVM)."""

LATER = frozenset({"91", "96"})
"""Answers to an advice or reversal that mean "ask again", not "taken"."""

_ICC_TAGS = ("82", "84", "95", "9A", "9C", "5F2A", "5F34", "9F02", "9F03", "9F10", "9F1A", "9F26", "9F27", "9F33")
_ICC_TAGS_LAST = ("9F35", "9F36", "9F37")


class TapOutcome(StrEnum):
    """How a tap ended for the person at the counter."""

    APPROVED = "approved"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    NO_LINE = "no_line"
    PHONE_REFUSED = "phone_refused"
    SEE_PHONE = "see_phone"
    TORN_OFF = "torn_off"
    REPEAT_SAME = "repeat_same"
    REPEAT_DIFFERS = "repeat_differs"
    NOTHING_TO_REPEAT = "nothing_to_repeat"


TEXTS: Mapping[TapOutcome, str] = {
    TapOutcome.APPROVED: "APPROVED",
    TapOutcome.DECLINED: "DECLINED",
    TapOutcome.NO_ANSWER: "NO ANSWER - NOT CHARGED",
    TapOutcome.NO_LINE: "NO LINE - TRY LATER",
    TapOutcome.PHONE_REFUSED: "PHONE NOT READY",
    TapOutcome.SEE_PHONE: "UNLOCK THE PHONE AND TAP AGAIN",
    TapOutcome.TORN_OFF: "HOLD THE PHONE STILL AND TAP AGAIN",
    TapOutcome.REPEAT_SAME: "SAME ANSWER AGAIN",
    TapOutcome.REPEAT_DIFFERS: "ANOTHER ANSWER",
    TapOutcome.NOTHING_TO_REPEAT: "NOTHING TO REPEAT",
}


class ReceiptLine(NamedTuple):
    """A line of the slip: what it is (`merchant`, `rrn`, ...) and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TapResult:
    """What the terminal shows. `de39` is empty when there was no answer; `ms` is from the tap to this result."""

    outcome: TapOutcome
    approved: bool
    de39: str
    text: str
    receipt: tuple[ReceiptLine, ...]
    ms: int


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """Who a terminal is: `id` of 8 characters, `merchant_id` of 15 at most, `key` of 16 bytes."""

    id: str
    merchant_id: str
    merchant_name: str
    key: bytes

    def __post_init__(self) -> None:
        if len(self.id) != 8 or not 1 <= len(self.merchant_id) <= 15 or len(self.key) != 16:
            raise ValueError(f"terminal {self.id!r}: id has 8 characters, merchant_id 15 at most, key 16 bytes")


class Terminal:
    """One terminal. `run` keeps its line; `pay` and `repeat_last` are what a merchant does with it."""

    def __init__(
        self,
        config: TerminalConfig,
        *,
        host: str,
        port: int,
        faults: Faults,
        trace: Trace,
        folder: Path | None = None,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.config = config
        self._faults = faults
        self._answer_timeout_s = answer_timeout_s
        self._journal = Journal(folder / f"{config.id}.jsonl" if folder is not None else None)
        self._line = Line(config.id, config.key, host=host, port=port, trace=trace, next_stan=self._journal.next_stan)
        self._busy = asyncio.Lock()
        self._owing = asyncio.Event()
        self._drained = asyncio.Event()
        self._last: tuple[Message, Answer | None] | None = None
        for message in self._journal.open_authorisations():
            self._owe_reversal(message)
        self._look()

    @property
    def online(self) -> bool:
        """Whether the line is up and signed on."""
        return self._line.up.is_set()

    @property
    def owed_count(self) -> int:
        """Advices and reversals that wait for their acknowledgement."""
        return len(self._journal.owed())

    async def run(self) -> None:
        """Keep the line and forward what is owed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._line.run())
            tasks.create_task(self._forward())

    async def drained(self) -> None:
        """Wait until nothing is owed."""
        await self._drained.wait()

    async def pay(self, amount_minor: int, phone: NfcPhone) -> TapResult:
        """Take `amount_minor` rials (1..AMOUNT_MAX) from a phone held at the terminal."""
        if not 1 <= amount_minor <= AMOUNT_MAX:
            raise ValueError("the amount is out of range")
        async with self._busy:
            started = time.perf_counter()
            if not await self._online():
                return _result(TapOutcome.NO_LINE, started)
            now = datetime.now(UTC)
            card = await self._read_card(amount_minor, InProcess(phone), now)
            if isinstance(card, TapOutcome):
                return _result(card, started)
            request = self._authorisation(amount_minor, card, now)
            self._journal.authorising(request)
            answer = await self._ask(request)
            self._last = (request, answer)
            if answer is None:
                return _result(TapOutcome.NO_ANSWER, started)
            code = answer.message[39]
            outcome = TapOutcome.APPROVED if code == "00" else TapOutcome.DECLINED
            return _result(outcome, started, code, self._receipt(request, answer.message, card))

    async def repeat_last(self) -> TapResult:
        """Send the bytes of the last authorisation once more, as a link that lost the answer would."""
        async with self._busy:
            started = time.perf_counter()
            if self._last is None:
                return _result(TapOutcome.NOTHING_TO_REPEAT, started)
            if not await self._online():
                return _result(TapOutcome.NO_LINE, started)
            request, before = self._last
            try:
                answer = await self._line.exchange(request, timeout_s=self._answer_timeout_s)
            except (LineCut, TimeoutError):
                return _result(TapOutcome.NO_ANSWER, started)
            same = before is not None and answer.raw == before.raw
            outcome = TapOutcome.REPEAT_SAME if same else TapOutcome.REPEAT_DIFFERS
            return _result(outcome, started, answer.message[39])

    async def _online(self) -> bool:
        try:
            async with asyncio.timeout(LINE_WAIT_S):
                await self._line.up.wait()
        except TimeoutError:
            return False
        return True

    async def _ask(self, request: Message) -> Answer | None:
        """The acquirer's answer; without one, or when the merchant walks away, a reversal is owed."""
        try:
            answer = await self._line.exchange(
                request, timeout_s=self._answer_timeout_s, cut_after=self._faults.terminal_line_cut
            )
        except (LineCut, TimeoutError):
            self._owe_reversal(request)
            return None
        except asyncio.CancelledError:
            self._owe_reversal(request)
            raise
        if answer.message[39] == "00":
            self._owe(self._later("0220", request, {38: answer.message[38]}), request)
        else:
            self._journal.settled(request[11])
        return answer

    async def _forward(self) -> None:
        tries: dict[str, int] = {}
        while True:
            await self._owing.wait()
            await self._line.up.wait()
            for message in self._journal.owed():
                stan = message[11]
                repeat = message.mti == "0420" and tries.get(stan, 0) > 0
                tries[stan] = tries.get(stan, 0) + 1
                try:
                    answer = await self._line.exchange(
                        replace(message, mti="0421") if repeat else message, timeout_s=self._answer_timeout_s
                    )
                except (LineCut, TimeoutError):
                    break
                if answer.message[39] not in LATER:
                    tries.pop(stan)
                    self._journal.paid(stan)
            self._look()
            if self._owing.is_set():
                await asyncio.sleep(FORWARD_RETRY_S)

    async def _read_card(self, amount_minor: int, phone: Transport, now: datetime) -> dict[str, bytes] | TapOutcome:
        """The three APDUs of a tap: what the card said and what the terminal told it, by tag."""
        try:
            await phone.activate()
            if await _command(phone, "00A40400", emv_card.PPSE) is None:
                return TapOutcome.PHONE_REFUSED
            selected = await _command(phone, "00A40400", emv_card.AID)
            pdol = emv_card.find(selected, "9F38") if selected is not None else None
            if pdol is None:
                return TapOutcome.PHONE_REFUSED
            told = self._terminal_data(amount_minor, now)
            filled = emv_card.fill(emv_card.parse_dol(pdol), told)
            processed = await _command(phone, "80A80000", emv_card.tlv("83", filled))
            card = _template(processed) if processed is not None else {}
        except TlvError:
            return TapOutcome.PHONE_REFUSED
        except TornOff:
            return TapOutcome.TORN_OFF
        finally:
            await phone.deactivate()
        if not {"82", "9F36", "9F26", "9F27", "9F10", "57", "5F34"} <= card.keys():
            return TapOutcome.PHONE_REFUSED
        unlocked = len(card.get("9F6C", b"")) == 2 and bool(card["9F6C"][1] & 0x80)
        if amount_minor > CVM_LIMIT_MINOR and not unlocked:
            return TapOutcome.SEE_PHONE
        return {**told, **card}

    def _terminal_data(self, amount_minor: int, now: datetime) -> dict[str, bytes]:
        return {
            "84": emv_card.AID,
            "9F66": bytes.fromhex("36004000"),
            "9F02": bytes.fromhex(f"{amount_minor:012d}"),
            "9F03": bytes(6),
            "9F1A": bytes.fromhex(f"{COUNTRY:0>4}"),
            "95": bytes(5),
            "5F2A": bytes.fromhex(f"{CURRENCY:0>4}"),
            "9A": bytes.fromhex(f"{now.astimezone(ZONE):%y%m%d}"),
            "9C": b"\0",
            "9F33": bytes.fromhex("0008C8"),
            "9F35": bytes.fromhex("22"),
            "9F37": secrets.token_bytes(4),
        }

    def _authorisation(self, amount_minor: int, card: Mapping[str, bytes], now: datetime) -> Message:
        pan, _, rest = card["57"].hex().upper().partition("D")
        local = now.astimezone(ZONE)
        stan = self._journal.next_stan()
        fields = {
            2: pan,
            3: "000000",
            4: f"{amount_minor:012d}",
            7: f"{now:%m%d%H%M%S}",
            11: stan,
            12: f"{local:%H%M%S}",
            13: f"{local:%m%d}",
            14: rest[:4],
            22: "071",
            25: "00",
            32: ACQUIRER,
            37: f"{local.year % 10}{local:%j%H}{stan}",
            41: self.config.id,
            42: f"{self.config.merchant_id:<15}",
            49: CURRENCY,
        }
        tags = (*_ICC_TAGS, *_ICC_TAGS_LAST)
        return Message("0100", fields, b"".join(emv_card.tlv(tag, card[tag]) for tag in tags))

    def _later(self, mti: str, original: Message, more: Mapping[int, str]) -> Message:
        """A completion or reversal of `original`: its own trace number and time, the rest is the original's."""
        kept = {number: original[number] for number in (3, 4, 12, 13, 32, 37, 41, 42, 49)}
        reference = iso8583.original_data(original.mti, original[11], original[7], original[32])
        own = {7: f"{datetime.now(UTC):%m%d%H%M%S}", 11: self._journal.next_stan(), 90: reference}
        return Message(mti, {**kept, **own, **more})

    def _owe_reversal(self, original: Message) -> None:
        self._owe(self._later("0420", original, {}), original)

    def _owe(self, message: Message, original: Message) -> None:
        self._journal.owe(message, original=original[11])
        self._look()

    def _look(self) -> None:
        if self._journal.owed():
            self._owing.set()
            self._drained.clear()
        else:
            self._owing.clear()
            self._drained.set()

    def _receipt(self, request: Message, answer: Message, card: Mapping[str, bytes]) -> tuple[ReceiptLine, ...]:
        lines = {
            "merchant": self.config.merchant_name,
            "terminal": f"{self.config.id} / {self.config.merchant_id}",
            "date": f"{datetime.now(ZONE):%Y-%m-%d %H:%M:%S}",
            "token": f"**** {request[2][-4:]}",
            "amount": f"{int(request[4]):,} IRR",
            "stan": request[11],
            "rrn": request[37],
            "approval": answer[38],
            "atc": str(int.from_bytes(card["9F36"], "big")),
            "cryptogram": card["9F26"].hex().upper(),
        }
        return tuple(ReceiptLine(name, value) for name, value in lines.items() if value)


async def _command(phone: Transport, head: str, data: bytes) -> bytes | None:
    """The data of a phone's answer, or None when its status word is not 9000."""
    answer = await phone.transceive(bytes.fromhex(head) + bytes([len(data)]) + data + b"\0")
    return answer[:-2] if answer[-2:] == emv_card.SW_OK else None


def _template(data: bytes) -> dict[str, bytes]:
    """What is inside the response message template (77)."""
    inner = emv_card.find(data, "77")
    return {item.tag: item.value for item in emv_card.parse(inner)} if inner is not None else {}


def _result(outcome: TapOutcome, started: float, de39: str = "", receipt: tuple[ReceiptLine, ...] = ()) -> TapResult:
    ms = round((time.perf_counter() - started) * 1000)
    approved = outcome is TapOutcome.APPROVED
    return TapResult(outcome, approved, de39, TEXTS[outcome], receipt, ms)
