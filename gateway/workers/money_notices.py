"""Follows the ledger's log and tells people whose money moved; each transfer tells each of them once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.services.notices import Notice, NoticeClass
from wallet.accounts import Account
from wallet.ids import AccountId
from wallet.transfers import LogRow, TransferCode, TransferKind

FOLLOWER = "money"
ROWS_MAX = 1000
WALLET = "wallet"
OWNERS_MAX = 50_000
"""Wallets whose owners are remembered."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached, and in which language."""

    msisdn: str
    language: str
    email: str = ""


class Addresses(Protocol):
    """Knows how people are reached."""

    async def address(self, person_id: str) -> Address | None:
        """None for a person that is not known."""
        ...

    async def addresses(self, person_ids: Collection[str]) -> Mapping[str, Address]:
        """The same of many at once; people who are not known are left out."""
        ...


class Log(Protocol):
    """The ledger's log. Satisfied by wallet.ledger.Ledger."""

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        """The log from position `after` + 1 on."""
        ...

    async def account(self, account: AccountId) -> Account | None:
        """The account with this id."""
        ...

    async def accounts_among(self, ids: Collection[AccountId]) -> Sequence[Account]:
        """Those of these accounts that there are."""
        ...

    async def caused_by(self, cause: str) -> list[LogRow]:
        """All transfers with this cause."""
        ...


class Teller(Protocol):
    """Puts notices into the outbox. Satisfied by services.notices.Notices."""

    async def told_up_to(self, follower: str) -> int:
        """The position up to which everything is told."""
        ...

    async def tell_following(self, follower: str, before: int, after: int, notices: Iterable[Notice]) -> bool:
        """Tell and move the cursor in one unit of work; False if another process was faster."""
        ...


DEBIT, CREDIT = "debit", "credit"

TOLD: Mapping[TransferCode, tuple[tuple[str, NoticeClass], ...]] = {
    TransferCode.BENEFIT: ((CREDIT, NoticeClass.BENEFIT_PAID),),
    TransferCode.PAYOUT: ((CREDIT, NoticeClass.PAYOUT_PAID),),
    TransferCode.PROVIDER_FEE: ((CREDIT, NoticeClass.PAYOUT_PAID),),
    TransferCode.MERCHANT_PAYOUT: ((CREDIT, NoticeClass.PAYOUT_PAID),),
    TransferCode.CASH_IN: ((CREDIT, NoticeClass.CASH_IN),),
    TransferCode.CONTRIBUTION: ((DEBIT, NoticeClass.CONTRIBUTION_PAID),),
    TransferCode.SEND: ((DEBIT, NoticeClass.MONEY_SENT), (CREDIT, NoticeClass.MONEY_RECEIVED)),
    TransferCode.CLAIM_CODE: ((DEBIT, NoticeClass.MONEY_SENT),),
    TransferCode.CLAIM_CODE_REDEEMED: ((CREDIT, NoticeClass.MONEY_RECEIVED),),
    TransferCode.CLAIM_CODE_RETURNED: ((CREDIT, NoticeClass.CLAIM_CODE_RETURNED),),
    TransferCode.TAP: ((DEBIT, NoticeClass.TAP_PAID),),
    TransferCode.TAP_REFUND: ((CREDIT, NoticeClass.TAP_REFUNDED),),
}
"""Who is told what about a transfer that moved money; a code that is not here is nobody's news."""

MOVING = frozenset({TransferKind.POST, TransferKind.CAPTURE})
"""Kinds that move money; holds, voids and expiries are not told."""


class MoneyNotices:
    """The follower `money`."""

    def __init__(self, ledger: Log, notices: Teller, addresses: Addresses) -> None:
        self._ledger = ledger
        self._notices = notices
        self._addresses = addresses
        self._owners: dict[AccountId, str] = {}

    async def tick(self) -> int:
        """Tell the next rows of the log; how many rows."""
        before = await self._notices.told_up_to(FOLLOWER)
        rows = await self._ledger.follow(after=before, limit=ROWS_MAX)
        if not rows:
            return 0
        known = await self._known(rows)
        told = [notice for row in rows for notice in await self._of(row, known)]
        moved = await self._notices.tell_following(FOLLOWER, before, rows[-1].position, told)
        return len(rows) if moved else 0

    async def skip_to_head(self) -> None:
        """Take everything up to now as told; for a ledger that begins with a history."""
        before = head = await self._notices.told_up_to(FOLLOWER)
        while rows := await self._ledger.follow(after=head, limit=ROWS_MAX):
            head = rows[-1].position
        if head > before:
            await self._notices.tell_following(FOLLOWER, before, head, ())

    async def _known(self, rows: Sequence[LogRow]) -> Mapping[str, Address]:
        """Where the people of these rows are reached: two questions for all of them."""
        sides = {account for row in rows for account, _ in _told_sides(row)}
        unread = [account for account in sides if account not in self._owners]
        if unread:
            found = await self._ledger.accounts_among(unread)
            self._remember(dict.fromkeys(unread, "") | {one.id: _owner_of(one) for one in found})
        owners = {owner for account in sides if (owner := self._owners.get(account))}
        return await self._addresses.addresses(owners) if owners else {}

    async def _of(self, row: LogRow, known: Mapping[str, Address]) -> list[Notice]:
        transfer = row.transfer
        told = [self._notice(row, await self._owner(side), class_, known) for side, class_ in _told_sides(row)]
        if transfer.code is TransferCode.CLAIM_CODE_REDEEMED and transfer.kind in MOVING:
            for sent in await self._ledger.caused_by(transfer.cause):
                if sent.transfer.code is TransferCode.CLAIM_CODE:
                    owner = await self._owner(sent.transfer.debit)
                    address = await self._addresses.address(owner) if owner else None
                    reached = {owner: address} if address else {}
                    told.append(self._notice(row, owner, NoticeClass.CLAIM_CODE_REDEEMED, reached))
        return [notice for notice in told if notice is not None]

    @staticmethod
    def _notice(row: LogRow, owner: str, class_: NoticeClass, known: Mapping[str, Address]) -> Notice | None:
        """None if the account is nobody's wallet, or its owner has no address."""
        address = known.get(owner)
        if address is None:
            return None
        return Notice(
            cause=row.transfer.cause,
            class_=class_,
            msisdn=address.msisdn,
            person_id=owner,
            language=address.language,
            values={"amount": row.transfer.amount, "at": row.booked_at},
            email=address.email,
        )

    async def _owner(self, account: AccountId) -> str:
        """Whose wallet an account is, which never changes; '' for nobody's."""
        owner = self._owners.get(account)
        if owner is None:
            found = await self._ledger.account(account)
            owner = _owner_of(found) if found is not None else ""
            self._remember({account: owner})
        return owner

    def _remember(self, owners: Mapping[AccountId, str]) -> None:
        if len(self._owners) >= OWNERS_MAX:
            self._owners.clear()
        self._owners.update(owners)


def _told_sides(row: LogRow) -> list[tuple[AccountId, NoticeClass]]:
    """Accounts whose owners are told of a row, and what."""
    transfer = row.transfer
    if transfer.kind not in MOVING:
        return []
    sides = {DEBIT: transfer.debit, CREDIT: transfer.credit}
    return [(sides[side], class_) for side, class_ in TOLD.get(transfer.code, ())]


def _owner_of(account: Account) -> str:
    return account.owner if account.role == WALLET else ""
