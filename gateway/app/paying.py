"""Small pieces that make other services fit the Protocols of payouts."""

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from gateway.errors import PeerUnavailable
from gateway.services.approvals import Approval, Proposals
from gateway.services.banking.model import BankOrder, BankPayment
from gateway.services.payees.model import PayeeAccount
from gateway.services.payouts import Known
from gateway.services.people import People, Person
from gateway.services.signing.model import Document, ProofOutcome
from wallet.money import Money


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
        """Propose; the checker is shown from when on it may be released."""
        shown = {**payload, **({"not_before": not_before.isoformat(timespec="minutes")} if not_before else {})}
        assert amount is None or amount.minor > 0, "a batch of nothing is not proposed"
        return await self._proposals.propose(kind, subject, shown, maker, amount=amount, not_before=not_before)

    async def deciders(self, approval_id: str) -> frozenset[str]:
        """Who proposed and who agreed, those whom they stood in for included."""
        found = await self._proposals.by_id(approval_id)
        if found is None:
            return frozenset()
        cast = (await self._proposals.votes([approval_id]))[approval_id]
        people = {one for vote in cast for one in (vote.voter, vote.principal)}
        return frozenset({found.maker, found.checker, *people} - {""})


class AllWallets:
    """Everybody is paid into the wallet."""

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        """Of nobody anything else."""
        return {}


class NoSignatures:
    """A house without a signature service: nothing is ever signed, so nothing is ever released."""

    async def ask(self, document: Document, *, anew: bool = False) -> None:
        """It waits."""

    async def proof(self, kind: str, subject: str, digest: bytes) -> ProofOutcome:
        """Nobody has signed."""
        return ProofOutcome.WAITING


class NoBank:
    """A house without a bank."""

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> None:
        """It stays here.

        Raises:
            PeerUnavailable: Always.
        """
        raise PeerUnavailable("this house has no bank")

    async def enquire(self, order_id: str, end_to_end_ids: Sequence[str]) -> None:
        """Nobody answers."""


def _by_id(people: Iterable[Person]) -> Mapping[str, Known]:
    return {person.id: _known(person) for person in people}


def _known(person: Person) -> Known:
    return Known(person.id, person.name, person.msisdn, person.language)
