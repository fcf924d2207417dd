"""The door: from a keyword to what the services say, and to the one notice that answers.

What an SMS may do is less than what a dial may: its sender's address can be forged, a lent phone shows what came in,
and a text stays in the phone. So nothing here moves money or shows a balance, and no PIN is ever asked for by SMS: BAL
and PAY lead to the dial that asks for the PIN, PAY with what is due, which our own notices of debt say anyway. YES is
not a PIN either, so it answers questions and never agrees to a payment. With the code of our SMS it is an employer's
word on a claim.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from gateway.channels.sms.keywords import Found, Keyword, Keywords, looks_secret
from gateway.channels.sms.ports import Benefits, OptOuts, Payments, People, Questions, Tickets
from gateway.services.benefits import AttestOutcome, Claim, ClaimState
from gateway.services.messages import Answer, Limit, Written
from gateway.services.payments import Invoice
from gateway.services.people import Person
from gateway.services.shortnumber import ascii_digits
from wallet.money import Money

_DIGITS = re.compile(r"[^0-9]+")
_ATTEST_CODE = re.compile(r"[0-9]{6}")
CLAIM_CLASSES: Mapping[ClaimState, str] = {
    ClaimState.ATTESTING: "reply_claim_waiting",
    ClaimState.SUBMITTED: "reply_claim_waiting",
    ClaimState.OBJECTED: "reply_claim_waiting",
    ClaimState.BATCHED: "reply_claim_waiting",
    ClaimState.APPROVED: "reply_claim_waiting",
    ClaimState.RELEASED: "reply_claim_waiting",
    ClaimState.PAID: "reply_claim_paid",
    # Not said in clear: the phone may lie on somebody else's table.
    ClaimState.REJECTED: "reply_claim_decided",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One keyword of one person, if the number is somebody's here; `language` is that of the answer."""

    written: Written
    found: Found
    person: Person | None
    language: str

    def answer(self, class_: str, **values: str | int | Money) -> Answer:
        """An answer in the language of the word."""
        return Answer(class_, self.language, self.person.id if self.person else "", values)


@dataclass(frozen=True, slots=True)
class Services:
    """What the door asks."""

    people: People
    payments: Payments
    benefits: Benefits
    questions: Questions
    opt_outs: OptOuts
    tickets: Tickets


class Door:
    """Satisfies services.messages.Reader."""

    def __init__(self, services: Services, keywords: Keywords, *, language: str = "fa") -> None:
        """`language` is spoken to numbers that we do not know."""
        self._services = services
        self._keywords = keywords
        self._language = language
        self._actions: Mapping[Keyword, Callable[[Asked], Awaitable[Answer | None]]] = {
            Keyword.BALANCE: self._balance,
            Keyword.PAY: self._pay,
            Keyword.CLAIM: self._claim,
            Keyword.STOP: self._stop,
            Keyword.START: self._start,
            Keyword.HELP: self._help,
            Keyword.COMPLAINT: self._complaint,
            Keyword.YES: self._reply,
            Keyword.NO: self._reply,
            Keyword.DIGIT: self._reply,
        }

    async def answer(self, written: Written) -> Answer | None:
        """Do what is asked, and what to answer; harmless to repeat for the same message."""
        person = await self._services.people.by_msisdn(written.msisdn)
        language, person_id = (person.language, person.id) if person else (self._language, "")
        if written.text is None:
            return Answer("reply_incomplete", language, person_id, limit=Limit.INCOMPLETE)
        found = self._keywords.find(written.text, language)
        if found is not None:
            return await self._actions[found.keyword](Asked(written, found, person, found.language or language))
        if not written.text.strip():
            return None
        if looks_secret(written.text):
            return Answer("reply_pin_typed", language, person_id)
        return self._helped(language, person_id, Limit.HELP)

    async def _balance(self, asked: Asked) -> Answer:
        return asked.answer("reply_balance" if asked.person else "reply_not_enrolled")

    async def _pay(self, asked: Asked) -> Answer:
        if asked.person is None:
            return asked.answer("reply_not_enrolled")
        invoices = await self._services.payments.invoices_of(asked.person.id)
        due = _meant(invoices, asked.found.argument)
        if due is None:
            return asked.answer("reply_nothing_due")
        return asked.answer("reply_due", amount=due.amount, period=due.period)

    async def _claim(self, asked: Asked) -> Answer:
        if asked.person is None:
            return asked.answer("reply_not_enrolled")
        claims = await self._services.benefits.claims_of(asked.person.id)
        claim = _named(claims, asked.found.argument)
        if claim is None:
            return asked.answer("reply_claim_unknown")
        return asked.answer(CLAIM_CLASSES[claim.state], number=claim.number)

    async def _stop(self, asked: Asked) -> Answer:
        await self._services.opt_outs.stop(asked.written.msisdn)
        return asked.answer("reply_stopped", word=self._keywords.named(Keyword.START, asked.language))

    async def _start(self, asked: Asked) -> Answer:
        await self._services.opt_outs.start(asked.written.msisdn)
        return asked.answer("reply_started", word=self._keywords.named(Keyword.STOP, asked.language))

    async def _help(self, asked: Asked) -> Answer:
        return self._helped(asked.language, asked.person.id if asked.person else "", Limit.ANSWER)

    async def _complaint(self, asked: Asked) -> Answer:
        if looks_secret(asked.found.argument):
            # It would stay with the ticket, for staff to read.
            return asked.answer("reply_pin_typed")
        if not asked.found.argument:
            return asked.answer("reply_complaint_how", word=self._keywords.named(Keyword.COMPLAINT, asked.language))
        number = await self._services.tickets.open(
            asked.written.id,
            asked.written.msisdn,
            asked.person.id if asked.person else "",
            asked.language,
            asked.found.argument,
        )
        return (
            asked.answer("reply_complaint_many") if number is None else asked.answer("reply_complaint", number=number)
        )

    async def _reply(self, asked: Asked) -> Answer:
        code = ascii_digits(asked.found.argument)
        if asked.found.keyword is not Keyword.DIGIT and _ATTEST_CODE.fullmatch(code):
            return await self._attested(asked, code)
        said = asked.found.argument if asked.found.keyword is Keyword.DIGIT else asked.found.keyword.value
        replied = await self._services.questions.reply(asked.written.msisdn, said, asked.written.id)
        if replied is None:
            return self._helped(asked.language, asked.person.id if asked.person else "", Limit.HELP)
        if not replied.taken:
            options = ", ".join(self._shown(option, asked.language) for option in replied.question.options)
            return asked.answer("reply_choose", options=options)
        return asked.answer("reply_thanks")

    async def _attested(self, asked: Asked, code: str) -> Answer:
        agrees = asked.found.keyword is Keyword.YES
        said = await self._services.benefits.attest(asked.written.msisdn, code, agrees=agrees)
        match said.outcome:
            case AttestOutcome.OK:
                assert said.claim is not None
                return asked.answer("reply_attested" if agrees else "reply_not_attested", number=said.claim.number)
            case AttestOutcome.WRONG:
                return asked.answer("reply_attest_wrong")
            case AttestOutcome.EXPIRED:
                return asked.answer("reply_attest_late")
            case unreachable:
                assert_never(unreachable)

    def _helped(self, language: str, person_id: str, limit: Limit) -> Answer:
        words = ("balance", "pay", "claim", "complaint", "stop")
        values = {f"word_{word}": self._keywords.named(Keyword(word), language) for word in words}
        return Answer("reply_help", language, person_id, values, limit)

    def _shown(self, option: str, language: str) -> str:
        return option if option.isdigit() else self._keywords.named(Keyword(option), language)


def _meant(invoices: list[Invoice], argument: str) -> Invoice | None:
    """The invoice of the period that was written, `140508` or `8`; else the oldest: only who owes none owes nothing."""
    digits = _DIGITS.sub("", ascii_digits(argument))
    for invoice in invoices:
        period = _DIGITS.sub("", invoice.period)
        if digits and (period == digits or period[4:] == digits.zfill(2)):
            return invoice
    return invoices[0] if invoices else None


def _named(claims: list[Claim], argument: str) -> Claim | None:
    """The claim with the number that was written, with or without its letter; the newest where none was."""
    digits = _DIGITS.sub("", ascii_digits(argument))
    if not digits:
        return claims[0] if claims else None
    return next((claim for claim in claims if _DIGITS.sub("", claim.number) == digits), None)
