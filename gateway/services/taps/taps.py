"""Verbs of taps: purchase, completion and reversal as terminals ask for them, and the sweep of what a crash left.

Each message is first stored with what it wants (the intent), then the ledger is asked under ids that follow from it,
then the outcome and the exact bytes of the answer are stored. A message that comes again goes on where it stopped.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.errors import BadInput
from gateway.keys import Card, KeyStore
from gateway.observe import Metrics, log
from gateway.services import answered
from gateway.services.answered import Key, Seen
from gateway.services.taps import answers, journal, requests, rules
from gateway.services.taps.journal import Intent
from gateway.services.taps.model import Tap
from gateway.services.taps.money import transfer_for
from gateway.services.taps.ports import Ledger, Terminals, TokenInfo, TokenVault
from gateway.services.taps.requests import Advice, Asked, Purchase
from gateway.services.taps.rules import Step, TapState, Verdict
from gateway.services.taps.tables import taps
from gateway.settings import Settings
from gateway.store import Store
from gateway.wire.emv import ac_data
from gateway.wire.iso8583 import Message
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.errors import LedgerBusy, LedgerUnavailable
from wallet.ids import new_id
from wallet.transfers import PostResult

LEDGER_S = 4.0
"""How long the ledger may take before a terminal is told that it is down."""
SWEEP_MAX = 200
_STEPS_MAX = 6
_REFUND_BACKOFF_MAX_S = 3600
_APPROVAL_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LEDGER_FAULTS = (LedgerUnavailable, LedgerBusy, TimeoutError)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is joined with."""

    store: Store
    ledger: Ledger
    chart: Chart
    keys: KeyStore
    tokens: TokenVault
    terminals: Terminals
    clock: Clock
    settings: Settings
    metrics: Metrics


class Taps:
    """Answers terminals."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock
        self._zone = ZoneInfo(parts.settings.zone)

    async def answer(self, message: Message, terminal_id: str) -> bytes:
        """The body that answers a purchase, completion or reversal of this terminal, whose MAC was good.

        Raises:
            StoreUnavailable, Overloaded, KeyFault: Nothing is promised; the terminal asks again or reverses.
        """
        if message.mti not in requests.CLASSES or message.text(41) != terminal_id:
            return await self.plain_answer(message, terminal_id, Verdict.BAD_FORMAT)
        try:
            if message.mti == "0100":
                purchase = requests.read_purchase(message)
                return await self._purchase(message, purchase, self._local_day(purchase))
            advice = requests.read_advice(message)
            return await self._advice(message, advice, self._local_day(advice))
        except BadInput as problem:
            log().info("tap_refused", mti=message.mti, terminal=terminal_id, reason=str(problem))
            return await self.plain_answer(message, terminal_id, Verdict.BAD_FORMAT)

    async def plain_answer(self, message: Message, terminal_id: str, verdict: Verdict) -> bytes:
        """The body of an answer that is not kept: the message had no effect."""
        return await self._built(message, terminal_id, verdict)

    async def tap(self, tap_id: str) -> Tap | None:
        """The tap with this id."""
        rows = await self._store.read(select(taps).where(taps.c.id == tap_id))
        return journal.tap_of(rows[0]) if rows else None

    async def recent(self, limit: int, before: str = "~") -> list[Tap]:
        """Taps with a good cryptogram, newest first, of ids below `before`."""
        query = select(taps).where(taps.c.id < before).order_by(taps.c.id.desc()).limit(limit)
        return [journal.tap_of(row) for row in await self._store.read(query)]

    async def sweep(self) -> int:
        """Finish what a crash or a ledger that was down left; how many taps were looked after."""
        now = self._clock.now()
        before = now - timedelta(seconds=self._parts.settings.sweep_after_s)
        rows = await self._store.read(journal.unfinished_query(now, before, SWEEP_MAX))
        due = [tap for tap in map(journal.tap_of, rows) if tap.changed_at + _backoff(tap) <= now]
        for tap in due:
            await self._drive(tap.id)
        return len(due)

    async def _purchase(self, message: Message, purchase: Purchase, local_on: date) -> bytes:
        key, digest = _key(purchase, local_on), await self._digest(message)
        seen = await self._seen(key) or await self._open(message, purchase, key, digest)
        if seen.digest != digest:
            return await self.plain_answer(message, purchase.terminal_id, Verdict.DUPLICATE)
        if seen.answer:
            return self._repeated(message, seen)
        tap = await self._known(seen.subject)
        if tap.state is TapState.PENDING and not tap.reversal:
            body = await self._hold(message, purchase, key, tap)
            if body is not None:
                return body
            tap = await self._known(tap.id)
        body = await self._purchase_answer(message, purchase, tap, _standing(tap))
        return await self._store.write(partial(answered.put_answer, key=key, answer=body))

    async def _open(self, message: Message, purchase: Purchase, key: Key, digest: bytes) -> Seen:
        """Decide all that needs no lock, then store a refusal or the intent."""
        parts, now = self._parts, self._clock.now()
        terminal = await parts.terminals.terminal(purchase.terminal_id)
        token = await parts.tokens.find_by_pan(purchase.pan)
        expiry = token.expiry if token is not None else None
        verdict = rules.check_purchase(purchase, expiry, terminal.merchant_number if terminal is not None else None)
        if verdict is None and token is not None and not await self._cryptogram_is_good(purchase, token):
            verdict = Verdict.BAD_CRYPTOGRAM
            await parts.tokens.count_bad_cryptogram(token.id)
        if verdict is not None or token is None or terminal is None:
            verdict = verdict or Verdict.MALFUNCTION
            body = await self._built(message, purchase.terminal_id, verdict)
            return await self._store.write(
                partial(journal.refuse, key=key, digest=digest, verdict=verdict, answer=body, now=now)
            )
        data = purchase.tap
        intent = Intent(
            tap_id=new_id("tap", self._clock),
            merchant_id=terminal.merchant_id,
            person_id=token.person_id,
            token_id=token.id,
            approval="".join(secrets.choice(_APPROVAL_LETTERS) for _ in range(6)),
            refused=rules.check_phone(purchase, token.expiry),
            use=lambda tx: parts.tokens.use(
                tx,
                token.id,
                data.iad.luk_id,
                data.atc,
                now,
                amount_minor=purchase.amount_minor,
                channel="tap",
                ac=data.cryptogram,
            ),
            expires_at=now + timedelta(seconds=parts.settings.tap_hold_s),
        )
        return await self._store.write(
            partial(journal.open_tap, key=key, digest=digest, purchase=purchase, intent=intent, now=now)
        )

    async def _hold(self, message: Message, purchase: Purchase, key: Key, tap: Tap) -> bytes | None:
        """Ask the ledger and store its answer with ours; None if the tap moved meanwhile."""
        now = self._clock.now()
        try:
            result = await self._post(tap, Step.HOLD)
        except _LEDGER_FAULTS:
            body = await self._purchase_answer(message, purchase, tap, Verdict.LEDGER_DOWN)
            return await self._store.write(partial(journal.abandon, key=key, tap_id=tap.id, answer=body, now=now))
        verdict = rules.verdict_of(result.outcome)
        body = await self._purchase_answer(message, purchase, tap, verdict)
        return await self._store.write(
            partial(journal.conclude, key=key, tap_id=tap.id, verdict=verdict, answer=body, now=now)
        )

    async def _advice(self, message: Message, advice: Advice, local_on: date) -> bytes:
        key, digest, now = _key(advice, local_on), await self._digest(message), self._clock.now()
        completion = advice.class_ == requests.CLASS_COMPLETION
        seen = await self._seen(key)
        if seen is None:
            opening = journal.open_completion if completion else journal.open_reversal
            seen = await self._store.write(partial(opening, key=key, digest=digest, advice=advice, now=now))
        if seen.digest != digest:
            return await self.plain_answer(message, advice.terminal_id, Verdict.DUPLICATE)
        if seen.answer:
            return self._repeated(message, seen)
        verdict = Verdict(seen.verdict) if seen.verdict else None
        if seen.subject:
            try:
                tap = await self._drive(seen.subject)
                verdict = verdict or _completed(tap)
            except _LEDGER_FAULTS:
                # A reversal is a promise that is stored by now; a completion is not told until the money moved.
                if verdict is None:
                    return await self.plain_answer(message, advice.terminal_id, Verdict.LEDGER_DOWN)
        body = await self._built(message, advice.terminal_id, verdict or Verdict.MALFUNCTION)
        return await self._store.write(partial(answered.put_answer, key=key, answer=body))

    async def _drive(self, tap_id: str) -> Tap:
        """Ask the ledger step by step until the tap needs nothing more, or a refund was refused.

        Raises:
            LedgerUnavailable, LedgerBusy, TimeoutError: Nothing is known of the last step; asking again is harmless.
        """
        tap = await self._known(tap_id)
        for _ in range(_STEPS_MAX):
            now = self._clock.now()
            step = rules.next_step(tap.progress, now)
            if step is None:
                break
            outcome = (await self._post(tap, step)).outcome
            state = rules.after(step, tap.progress, outcome)
            verdict = rules.verdict_of(outcome) if step in {Step.HOLD, Step.LATE} and not tap.reversal else None
            await self._store.write(partial(journal.advance, before=tap, state=state, verdict=verdict, now=now))
            if step is Step.REFUND and state is TapState.CAPTURED:
                log().error("tap_refund_refused", tap=tap.id, outcome=outcome.name)
                return await self._known(tap_id)
            tap = await self._known(tap_id)
        return tap

    async def _post(self, tap: Tap, step: Step) -> PostResult:
        async with asyncio.timeout(LEDGER_S):
            (result,) = await self._parts.ledger.post(transfer_for(tap, step, self._parts.chart))
        return result

    async def _cryptogram_is_good(self, purchase: Purchase, token: TokenInfo) -> bool:
        data = purchase.tap
        card = _card(purchase, token.psn)
        return await self._parts.keys.verify_ac("imk", card, ac_data(data.values), data.cryptogram)

    async def _purchase_answer(self, message: Message, purchase: Purchase, tap: Tap, verdict: Verdict) -> bytes:
        if verdict is not Verdict.APPROVED:
            return await self._built(message, purchase.terminal_id, verdict)
        data = purchase.tap
        arc = verdict.de39.encode()
        psn = data.values["5F34"].hex()
        arpc = await self._parts.keys.arpc("imk", _card(purchase, psn), data.cryptogram, arc)
        return await self._built(message, purchase.terminal_id, verdict, tap.approval, arpc)

    async def _built(
        self, message: Message, terminal_id: str, verdict: Verdict, approval: str = "", arpc: bytes = b""
    ) -> bytes:
        self._parts.metrics.taps.labels(mti=message.mti, de39=verdict.de39).inc()
        log().info("tap_answered", mti=message.mti, terminal=terminal_id, verdict=verdict.value, de39=verdict.de39)
        return await answers.build(self._parts.keys, message, terminal_id, verdict, approval=approval, arpc=arpc)

    def _repeated(self, message: Message, seen: Seen) -> bytes:
        log().info("tap_repeated", mti=message.mti, tap=seen.subject)
        return seen.answer

    async def _digest(self, message: Message) -> bytes:
        """What makes two messages the same: every field except the time of sending (DE7) and the MAC.

        A type's repeat (0421) counts as what it repeats. Keyed, because the fields hold a PAN.
        """
        parts = [requests.CLASSES[message.mti].encode()]
        for number in sorted(message.fields.keys() - {7, 64}):
            value = message.fields[number]
            content = value.encode() if isinstance(value, str) else value
            parts.append(b"%d:%d:" % (number, len(content)) + content)
        return await self._parts.keys.mac("lookup", b"tap message\0" + b"".join(parts))

    def _local_day(self, asked: Asked) -> date:
        day = rules.nearest_day(asked.month_day, self._clock.now().astimezone(self._zone).date())
        if day is None:
            raise BadInput("DE13 is not a day of these years")
        return day

    async def _seen(self, key: Key) -> Seen | None:
        rows = await self._store.read(answered.seen_query(key))
        return answered.seen_of(rows[0]) if rows else None

    async def _known(self, tap_id: str) -> Tap:
        tap = await self.tap(tap_id)
        assert tap is not None, "a stored message names a stored tap"
        return tap


def _card(purchase: Purchase, psn: str) -> Card:
    iad = purchase.tap.iad
    return Card(iad.cvn, iad.dki, purchase.pan, psn, purchase.tap.atc, iad.luk_id)


def _key(asked: Asked, local_on: date) -> Key:
    return Key(asked.acquirer, asked.terminal_id, asked.stan, local_on, asked.class_)


def _standing(tap: Tap) -> Verdict:
    """What a purchase that was never answered is told, as its tap stands now."""
    if tap.state is TapState.DECLINED:
        return tap.verdict or Verdict.MALFUNCTION
    if tap.reversal or tap.state in {TapState.VOIDED, TapState.REFUNDED, TapState.EXPIRED, TapState.PENDING}:
        return Verdict.REVERSED
    return Verdict.APPROVED


def _completed(tap: Tap) -> Verdict:
    """What a completion is told, as its tap stands now."""
    if tap.state in {TapState.CAPTURED, TapState.REFUNDED}:
        return Verdict.APPROVED
    return tap.verdict or Verdict.MALFUNCTION


def _backoff(tap: Tap) -> timedelta:
    """How long a refused refund waits before it is tried again."""
    return timedelta(seconds=min(2**tap.refund_attempt - 1, _REFUND_BACKOFF_MAX_S))
