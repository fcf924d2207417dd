"""A small town behind the door of SMS: people, invoices and claims as tables, the rest of it real."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from gateway.app.adapters import NoticeTeller
from gateway.channels.sms import Door, Keywords
from gateway.channels.sms.door import Services
from gateway.services.benefits import Attested, AttestOutcome, Claim, ClaimState
from gateway.services.messages import OptOuts, Question, Questions, Tickets
from gateway.services.payments import Invoice, InvoiceState
from gateway.services.people import Person, PersonState
from gateway.store import Store
from tests.gateway.services.messages.postbox import KEYS, Postbox, message, postbox
from wallet.clock import ManualClock
from wallet.money import irr

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ENGLISH, PERSIAN, FRENCH, ARAB, STRANGER = (f"+98912000000{n}" for n in (1, 2, 3, 4, 9))
NUMBERS = {"en": ENGLISH, "fa": PERSIAN, "fr": FRENCH, "ar": ARAB, "": STRANGER}
LANGUAGE_OF = {number: language for language, number in NUMBERS.items() if language}


def invoice(period: str, person_id: str = "per_en") -> Invoice:
    return Invoice(f"inv_{period}", person_id, period, irr(7_500_000), InvoiceState.OPEN, "stf_1", AT, None)


def claim(number: str, state: ClaimState, person_id: str = "per_en") -> Claim:
    day = date(2026, 11, 20)
    return Claim(
        f"clm_{number}", number, person_id, day, day, 1, irr(1), state, AT, "", None, "", "", None, f"ses_{number}:1"
    )  # fmt: skip


@dataclass
class Registers:
    """Who is enrolled, what they owe, what they claimed."""

    invoices: list[Invoice] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    attest_outcomes: dict[str, AttestOutcome] = field(default_factory=dict)
    attested: list[tuple[str, str, bool]] = field(default_factory=list)

    async def by_msisdn(self, msisdn: str) -> Person | None:
        language = LANGUAGE_OF.get(msisdn)
        if language is None:
            return None
        return Person(f"per_{language}", msisdn, "Name", "نام", language, PersonState.ACTIVE, "", AT)

    async def invoices_of(self, person_id: str) -> list[Invoice]:
        return [one for one in self.invoices if one.person_id == person_id]

    async def claims_of(self, person_id: str) -> list[Claim]:
        return [one for one in self.claims if one.person_id == person_id]

    async def attest(self, msisdn: str, code: str, *, agrees: bool) -> Attested:
        self.attested.append((msisdn, code, agrees))
        outcome = self.attest_outcomes.get(code, AttestOutcome.WRONG)
        ok = outcome is AttestOutcome.OK
        return Attested(outcome, claim("W-12345674", ClaimState.SUBMITTED) if ok else None)


@dataclass
class Town:
    box: Postbox
    registers: Registers
    questions: Questions
    opt_outs: OptOuts
    tickets: Tickets
    answered: list[Question]
    """Questions of kind `plan` whose handler has run."""

    async def text(self, written: str, source: str = ENGLISH) -> list[tuple[str, str, str]]:
        """Write an SMS; class, language and text of what comes back."""
        before = {told["id"] for told in await self.box.told()}
        self.box.later(minutes=2)
        await self.box.take(message(written, source))
        await self.box.work()
        return [
            (told["class_"], told["language"], told["text"])
            for told in await self.box.told()
            if told["id"] not in before
        ]


@asynccontextmanager
async def opened(url: str, clock: ManualClock) -> AsyncIterator[Town]:
    registers, answered = Registers(), list[Question]()

    async def plan(question: Question) -> None:
        answered.append(question)

    made: list[tuple[Questions, OptOuts, Tickets]] = []

    def door(store: Store, teller: NoticeTeller) -> Door:
        questions, opt_outs = Questions(store, clock, {"plan": plan}), OptOuts(store, clock)
        tickets = Tickets(store, KEYS, clock, teller, questions)
        made.append((questions, opt_outs, tickets))
        return Door(Services(registers, registers, registers, questions, opt_outs, tickets), Keywords())

    async with postbox(url, clock, door) as box:
        yield Town(box, registers, *made[0], answered)
