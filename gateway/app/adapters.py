"""Small pieces that make one service fit the Protocol of another."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from gateway.observe import Metrics
from gateway.services.benefits import Attester, AttesterBook, AttesterSort
from gateway.services.campaigns import Campaigns, Known, Owed
from gateway.services.dialogues import LateAnswer
from gateway.services.dialogues.push import PASSING, Push, PushOutcome
from gateway.services.messages import NO, Incoming, Messages, OptOuts, Questions
from gateway.services.messages.questions import put as put_question
from gateway.services.notices import Notice, NoticeClass, Notices, NoticeValue, Reached
from gateway.services.payments import Payments, period_of
from gateway.services.people import People
from gateway.services.providers import Providers, ProviderState
from gateway.workers.money_notices import Address
from gateway.workers.pushes import PAUSES_S
from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.ledger import Ledger
from wallet.transfers import Balances, PostResult, RoleSum, Transfer

PAYEE_QUESTION = "payee_change"
"""Kind of the question whether a person's new account is their own doing."""
LATE_PUSH_S = 15.0
"""How long a late page is tried on the screen; well within the time that a hop's work has for telling it."""


class NoticeTeller:
    """Words a notice by the value of its class, as services that may not know the notices' package ask for it."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Callable[[Connection], bool]:
        """The write that puts the notice into the outbox inside the caller's unit of work."""
        notice = Notice(cause, NoticeClass(class_), msisdn, person_id, language, values, secrets)
        prepared = await self._notices.prepare(notice)
        return lambda tx: self._notices.put(tx, prepared)


class RefusalAsked:
    """Lets whoever was told of a change answer NO by SMS."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def prepared(
        self, person_id: str, msisdn: str, cause: str, valid_until: datetime
    ) -> Callable[[Connection], object]:
        """The write that opens the question inside the caller's unit of work."""
        row = self._questions.row(person_id, msisdn, PAYEE_QUESTION, cause, (NO,), valid_until)
        return lambda tx: put_question(tx, row)


class Letterbox:
    """Keeps what people write, as links hand it on."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def message(self, incoming: Incoming) -> None:
        """Keep a message; one that nobody can read or answer is refused, counted and taken all the same."""
        await self._messages.take(incoming)


class CountedLedger:
    """The ledger as services move money with it; each answer is counted by its outcome."""

    def __init__(self, ledger: Ledger, metrics: Metrics) -> None:
        self._ledger = ledger
        self._metrics = metrics

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        await self._ledger.open_accounts(*accounts)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        """Post transfers."""
        results = await self._ledger.post(*transfers)
        for result in results:
            self._metrics.posted.labels(result.outcome.name.lower()).inc()
        return results

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now."""
        return await self._ledger.balances(account)

    async def trial_balance(self) -> list[RoleSum]:
        """Posted sums by role."""
        return await self._ledger.trial_balance()


class Addresses:
    """Where a person is told of money."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def address(self, person_id: str) -> Address | None:
        """Number, language and e-mail of a person; None for nobody we know."""
        person = await self._people.by_id(person_id)
        return None if person is None else Address(person.msisdn, person.language, person.letters_to)

    async def addresses(self, person_ids: Collection[str]) -> Mapping[str, Address]:
        """The same of many at once; people whom nobody knows are left out."""
        people = await self._people.by_ids(person_ids)
        return {person.id: Address(person.msisdn, person.language, person.letters_to) for person in people}

    async def reached(self, person_id: str) -> Reached | None:
        """The same, for a notice that goes on by another channel."""
        person = await self._people.by_id(person_id)
        return None if person is None else Reached(person.msisdn, person.language, person.letters_to)


class Readers:
    """Whom campaigns tell: people behind numbers, and who owes invoices."""

    def __init__(self, people: People, payments: Payments) -> None:
        self._people = people
        self._payments = payments

    async def known_among(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        """Who is behind these numbers; numbers of nobody are left out."""
        people = await self._people.by_msisdns(msisdns)
        return {person.msisdn: Known(person.id, person.language) for person in people}

    async def owed(self, period: str, *, after: str, limit: int) -> list[Owed]:
        """Unpaid invoices of a month, in order of their ids, from after `after`."""
        page = await self._payments.unpaid(period, after=after, limit=limit)
        people = {person.id: person for person in await self._people.by_ids({one.person_id for one in page})}
        owing = [(one, people[one.person_id]) for one in page]
        return [Owed(one.id, who.msisdn, who.id, who.language, one.amount) for one, who in owing]


class Contributions:
    """What a person has paid in, as claims ask for it."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    async def months_paid(self, person_id: str, until: date) -> int:
        """Months of the year before a day for which the contribution is paid."""
        return await self._payments.months_paid(person_id, period_of(until - timedelta(days=365)))


class Confirming:
    """Who confirms claims: the register of employers, and every provider by the code of its till."""

    def __init__(self, book: AttesterBook, providers: Providers) -> None:
        self._book = book
        self._providers = providers

    async def by_code(self, sort: AttesterSort, code: str) -> Attester | None:
        """The one with this code; a provider that no longer treats anybody confirms nothing."""
        found: Attester | None = await self._book.by_code(sort, code)
        if found is None and sort is AttesterSort.PROVIDER:
            provider = await self._providers.by_till(code)
            found = provider if provider is not None and provider.state is ProviderState.ACTIVE else None
        return found


class Stops:
    """The opt-out list as people write to it: it counts for campaigns that are under way, too."""

    def __init__(self, opt_outs: OptOuts, campaigns: Campaigns) -> None:
        self._opt_outs = opt_outs
        self._campaigns = campaigns

    async def stop(self, msisdn: str) -> None:
        """Put a number on the list, and take out what waits for it; harmless when repeated."""
        await self._opt_outs.stop(msisdn)
        await self._campaigns.leave_alone(msisdn)

    async def start(self, msisdn: str) -> None:
        """Take a number off the list."""
        await self._opt_outs.start(msisdn)


Show = Callable[[Push], Awaitable[tuple[str, PushOutcome]]]
"""Shows a page unasked; satisfied by PushCarrier.show."""


class LateSms:
    """Tells what a session has to say after its end: shown on the phone where a wire can, else by SMS.

    That is the page that a person would have seen, had the work kept within the hop budget, or what a last page sends;
    the latter always by SMS, for that is to be kept.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._show: Show | None = None

    def pushes(self, show: Show) -> None:
        """From now on there is a wire that pushes."""
        self._show = show

    async def __call__(self, answer: LateAnswer) -> None:
        """One notice for each session, unless the phone says that it has shown the page."""
        if not await self._shown(answer):
            await self._notices.tell(_late(answer))

    async def _shown(self, answer: LateAnswer) -> bool:
        if self._show is None or answer.kept:
            return False
        push = Push(answer.session_id, answer.msisdn, answer.text)
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_PUSH_S):
                _, outcome = await self._show(push)
                if outcome in PASSING:
                    # The last page of the session that was too slow may still be on the screen.
                    await asyncio.sleep(PAUSES_S[0])
                    _, outcome = await self._show(push)
                return outcome is PushOutcome.SHOWN
        return False

    async def prepared(self, answer: LateAnswer) -> Callable[[Connection], bool]:
        """The same, inside the caller's unit of work."""
        prepared = await self._notices.prepare(_late(answer))
        return lambda tx: self._notices.put(tx, prepared)


def _late(answer: LateAnswer) -> Notice:
    return Notice(
        answer.session_id,
        NoticeClass.LATE_ANSWER,
        answer.msisdn,
        answer.person_id or "",
        answer.language,
        {},
        {"text": answer.text},
    )
