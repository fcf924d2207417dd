"""Payouts, joined: small pieces that make other services fit its Protocols."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from gateway.services.approvals import Approval, Proposals
from gateway.services.payouts import Known, Payouts
from gateway.services.people import People, Person
from gateway.services.signing import Document, Documents, ProofOutcome
from wallet.money import Money, irr


class Payees:
    """Who is behind what stands in a file."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def by_msisdns(self, msisdns: Collection[str]) -> Mapping[str, Known]:
        """By number."""
        return {person.msisdn: _known(person) for person in await self._people.by_msisdns(msisdns)}

    async def by_nationals(self, numbers: Collection[str]) -> Mapping[str, Known]:
        """By national number."""
        found = await self._people.by_nationals(numbers)
        return {number: _known(person) for number, person in found.items()}

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Known]:
        """By id."""
        return _by_id(await self._people.by_ids(ids))


class Agreements:
    """Approvals as payouts propose to them."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    async def propose(
        self,
        kind: str,
        subject: str,
        payload: Mapping[str, str],
        maker: str,
        *,
        amount: Money | None,
        not_before: datetime | None,
    ) -> Approval:
        """Propose; nobody agrees before `not_before`."""
        return await self._proposals.propose(kind, subject, payload, maker, amount=amount, not_before=not_before)

    async def deciders(self, approval_id: str) -> frozenset[str]:
        """Who proposed and who agreed, and in whose name."""
        found = await self._proposals.by_id(approval_id)
        if found is None:
            return frozenset()
        votes = (await self._proposals.votes([approval_id])).get(approval_id, [])
        said = {staff_id for vote in votes for staff_id in (vote.principal, vote.voter)}
        return frozenset(said | {found.maker, found.checker} - {""})


class Signatures:
    """Documents as payouts put them up."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def ask(self, document: Document, *, anew: bool = False) -> None:
        """Put it up for signing."""
        await self._documents.ask(document, anew=anew)

    async def withdraw(self, kind: str, subject: str, reason: str) -> None:
        """Ask nobody any more."""
        await self._documents.withdraw(kind, subject, reason)

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        """What can be proved now."""
        return (await self._documents.proof(kind, subject, digest)).outcome


class Appropriations:
    """What two members of finance have agreed to give to a budget line."""

    def __init__(self, proposals: Proposals, payouts: Payouts) -> None:
        self._proposals = proposals
        self._payouts = payouts

    async def given(self, line: str, approval_id: str) -> str:
        """Give it, once. Executor of BUDGET_KIND; harmless twice."""
        agreed = await self._proposals.by_id(approval_id)
        assert agreed is not None, "an executor is called with its approval"
        amount = irr(int(agreed.payload["amount"].partition(" ")[0]))
        given_id = f"bud_{approval_id.partition('_')[2]}"
        reason = agreed.payload["reason"]
        outcome = await self._payouts.appropriate(line, amount, agreed.maker, reason, given_id=given_id)
        return outcome.value


def _by_id(people: Iterable[Person]) -> Mapping[str, Known]:
    return {person.id: _known(person) for person in people}


def _known(person: Person) -> Known:
    return Known(person.id, person.name, person.msisdn, person.language)
