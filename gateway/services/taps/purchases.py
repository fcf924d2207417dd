"""Purchases: asked online in one message or two, or told of after the terminal approved them offline."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from gateway.keys import Card, issuer_ref
from gateway.services.answered import Key, Seen
from gateway.services.controls import Channel
from gateway.services.taps import decision, journal, outcomes
from gateway.services.taps.answers import fresh_approval
from gateway.services.taps.checks import Decision
from gateway.services.taps.decision import Case, Held, Shop
from gateway.services.taps.driver import LEDGER_FAULTS, Driver
from gateway.services.taps.journal import Attempt
from gateway.services.taps.model import OFFLINE, Tap
from gateway.services.taps.opening import LAST, Intent, Opening
from gateway.services.taps.outcomes import Concluding, Outcome
from gateway.services.taps.ports import Parts, TerminalInfo, TokenInfo, TokenUse
from gateway.services.taps.requests import Purchase
from gateway.services.taps.rows import Counted
from gateway.services.taps.rules import Step, TapState, Verdict, next_step
from gateway.services.taps.talk import Talk
from gateway.services.taps.terminals import KnownTerminals
from gateway.wire.emv import ac_data
from gateway.wire.iso8583 import Message
from wallet.ids import new_id

_TRIES = 3
"""How often a purchase is asked for anew when its tap was lowered or taken back meanwhile."""


class Purchases:
    """Answers purchases."""

    def __init__(self, parts: Parts, talk: Talk, driver: Driver, counted: Counted) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock
        self._talk = talk
        self._driver = driver
        self._counted = counted
        self._opening = Opening(parts.tokens, parts.decider, counted)
        self._concluding = Concluding(counted)
        self._terminals = KnownTerminals(parts.terminals, parts.clock)

    async def answer(self, message: Message, purchase: Purchase) -> bytes:
        """The body of the answer."""
        key, digest = self._talk.key(purchase), await self._talk.digest(message)
        seen, tap = await self._talk.seen(key), None
        if seen is None:
            seen, tap = await self._open(message, purchase, key, digest)
        if (told := await self._talk.told(message, purchase.terminal_id, seen, digest)) is not None:
            return told
        tap = tap or await self._driver.tap(seen.subject)
        for _ in range(_TRIES):
            if tap.state is not TapState.PENDING or tap.reversal:
                break
            body = await self._ask(message, purchase, key, tap)
            if body is not None:
                return body
            tap = await self._driver.tap(tap.id)
        return await self._talk.kept(key, await self._built(message, purchase, tap, standing(tap)))

    async def _open(self, message: Message, purchase: Purchase, key: Key, digest: bytes) -> tuple[Seen, Tap | None]:
        """Decide all that needs no lock, then store a refusal or the intent."""
        parts, now = self._parts, self._clock.now()
        terminal = await self._terminals.terminal(purchase.terminal_id)
        token = await parts.tokens.find_by_pan(purchase.pan)
        case = self._case(purchase, terminal, token, now)
        decided = parts.decider.before_cryptogram(case)
        if not decided.refused and token is not None:
            good = await self._cryptogram_is_good(purchase, token)
            decided = decision.with_cryptogram(decided, good=good)
            if not good:
                await parts.tokens.count_bad_cryptogram(token.id)
        if decided.refused or token is None or terminal is None:
            attempt = Attempt(new_id("att", self._clock), purchase.pan[-LAST:], decided)
            if token is not None and decided.verdict is Verdict.BAD_CRYPTOGRAM:
                # Once a day for each token: whoever guesses must not fill its holder's inbox.
                attempt = replace(attempt, person_id=token.person_id, cause=f"{token.id} {case.day:%Y-%m-%d}")
            body = await self._talk.built(message, purchase.terminal_id, decided.verdict)
            refusal = partial(
                journal.refuse,
                key=key,
                digest=digest,
                asked=purchase,
                attempt=attempt,
                answer=body,
                counted=self._counted,
                now=now,
            )
            return await self._store.write(refusal), None
        intent = self._intent(key, digest, purchase, terminal, token, case, decided, now)
        return await self._store.write_together(self._opening.all, intent)

    def _case(self, purchase: Purchase, terminal: TerminalInfo | None, token: TokenInfo | None, now: datetime) -> Case:
        shop = (
            Shop(terminal.merchant_id, terminal.merchant_number, terminal.category, terminal.city) if terminal else None
        )
        return Case(
            at=self._parts.decider.local(now),
            channel=Channel.OFFLINE if purchase.class_ in OFFLINE else Channel.TAP,
            merchant_number=purchase.merchant_number,
            entry_mode=purchase.entry_mode,
            expiry=purchase.expiry,
            amount_minor=purchase.amount_minor,
            icc=purchase.tap,
            shop=shop,
            token=Held(token.id, token.par, token.expiry) if token else None,
        )

    def _intent(
        self,
        key: Key,
        digest: bytes,
        purchase: Purchase,
        terminal: TerminalInfo,
        token: TokenInfo,
        case: Case,
        decided: Decision,
        now: datetime,
    ) -> Intent:
        settings, data = self._parts.settings, purchase.tap
        least = settings.tap_part_min_minor
        part = least if purchase.part_ok and least and purchase.class_ not in OFFLINE else 0
        amount, channel, ac = purchase.amount_minor, case.channel.value, data.cryptogram
        return Intent(
            key=key,
            digest=digest,
            purchase=purchase,
            tap_id=new_id("tap", self._clock),
            merchant_id=terminal.merchant_id,
            person_id=token.person_id,
            par=token.par,
            approval=fresh_approval(),
            part_minor=min(part, amount),
            decided=decided,
            case=case,
            use=TokenUse(token.id, data.iad.luk_id, data.atc, amount, channel, now, ac),
            expires_at=now + timedelta(seconds=settings.tap_hold_s),
            at=now,
        )

    async def _ask(self, message: Message, purchase: Purchase, key: Key, tap: Tap) -> bytes | None:
        """Ask the ledger and store its answer with ours; None if the tap moved meanwhile."""
        step = next_step(tap.progress, self._clock.now())
        assert step in {Step.HOLD, Step.CHARGE}, "a tap begins with its money"
        try:
            results = await self._driver.post(tap, step)
        except LEDGER_FAULTS:
            return await self._without_ledger(message, purchase, key, tap)
        now = self._clock.now()
        then = outcomes.stepped(tap, step, results, now)
        body = await self._built(message, purchase, then, standing(then))
        told = await self._store.write_together(self._concluding.all, Outcome(key, tap, then, body, now))
        if told is not None and next_step(then.progress, now) is not None:
            # A part that was held is captured now, or given up again; what the ledger cannot do now, the sweep will.
            with suppress(*LEDGER_FAULTS):
                await self._driver.drive(tap.id)
        return told

    async def _without_ledger(self, message: Message, purchase: Purchase, key: Key, tap: Tap) -> bytes:
        if tap.offline:
            # It is stored, so that the sweep will ask for the money; the goods are gone whatever the answer.
            return await self._talk.kept(key, await self._built(message, purchase, tap, Verdict.APPROVED))
        body = await self._built(message, purchase, tap, Verdict.LEDGER_DOWN)
        given_up = partial(
            journal.abandon, key=key, tap_id=tap.id, answer=body, counted=self._counted, now=self._clock.now()
        )
        return await self._store.write(given_up)

    async def _cryptogram_is_good(self, purchase: Purchase, token: TokenInfo) -> bool:
        data = purchase.tap
        if data.iad.cvn != token.cvn:
            # A token's phone makes one kind of cryptogram; another kind is somebody's guess.
            return False
        return await self._parts.keys.verify_ac(
            issuer_ref(purchase.tap.iad.cvn), _card(purchase, token.psn), ac_data(data), data.cryptogram
        )

    async def _built(self, message: Message, purchase: Purchase, tap: Tap, verdict: Verdict) -> bytes:
        """An answer with our own cryptogram: the phone's was good, whatever we answer."""
        data, approved = purchase.tap, verdict in {Verdict.APPROVED, Verdict.PARTIAL}
        card = _card(purchase, data.values["5F34"].hex())
        arpc = await self._parts.keys.arpc(
            issuer_ref(purchase.tap.iad.cvn), card, data.cryptogram, verdict.de39.encode()
        )
        return await self._talk.built(
            message,
            purchase.terminal_id,
            verdict,
            approval=tap.approval if approved else "",
            arpc=arpc,
            part_minor=tap.hold_minor if verdict is Verdict.PARTIAL else 0,
        )


def _card(purchase: Purchase, psn: str) -> Card:
    iad = purchase.tap.iad
    return Card(iad.cvn, iad.dki, purchase.pan, psn, purchase.tap.atc, iad.luk_id, purchase.tap.key_un)


def standing(tap: Tap) -> Verdict:
    """What a purchase that was not answered yet is told, as its tap stands now."""
    approved = tap.verdict if tap.verdict is Verdict.PARTIAL else Verdict.APPROVED
    match tap.state:
        case TapState.DECLINED:
            return tap.verdict or Verdict.MALFUNCTION
        case TapState.HELD | TapState.CAPTURED if tap.verdict is Verdict.NO_FUNDS:
            return Verdict.NO_FUNDS
        case TapState.VOIDED | TapState.REFUNDED if tap.verdict is Verdict.NO_FUNDS:
            return Verdict.NO_FUNDS
        case TapState.HELD | TapState.CAPTURED if not tap.reversal:
            return approved
        case TapState.EXPIRED | TapState.UNPAID | TapState.PENDING if tap.offline and not tap.reversal:
            # It was taken when it was stored.
            return approved
        case _:
            return Verdict.REVERSED
