"""An hledger journal of the whole book, which `hledger check --strict` accepts.

Every posting asserts the balance that the ledger stored after it, so hledger proves each of them anew. Holds move
nothing and appear as comments. Source: hledger manual, "Journal format" (account names end at two spaces or a line's
end, and may not begin with a bracket).
"""

import re
from collections.abc import AsyncIterator
from datetime import tzinfo

from wallet.accounts import Account, AccountKind
from wallet.exports import log
from wallet.money import ASSETS, Asset, Money
from wallet.transfers import Balances

_TYPES = {
    AccountKind.ASSET: "A",
    AccountKind.LIABILITY: "L",
    AccountKind.EQUITY: "E",
    AccountKind.INCOME: "R",
    AccountKind.EXPENSE: "X",
}


_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@-]*(:[A-Za-z0-9_][A-Za-z0-9_.+@-]*)*")
"""Codes that are names as they are: what other characters mean depends on their place, or on the reader's locale."""
_OTHER = re.compile(r"[^A-Za-z0-9_.:+@-]")


async def hledger_lines(source: log.Source, zone: tzinfo) -> AsyncIterator[str]:
    """The journal, some lines at a time, each piece ending in a newline; days are those of `zone`."""
    through = (await source.head()).position
    for asset in ASSETS.values():
        yield f"commodity {_format(asset)} {asset.code}\n"
    async for account, _ in log.all_accounts(source, through):
        yield _declaration(account)
    async for line in log.lines(source, through):
        yield _transaction(line, zone)


def name_of(account: Account) -> str:
    """The account's name in hledger: its code; one that would be read otherwise is tidied and gets its id as a part."""
    if _PLAIN.fullmatch(account.code):
        return account.code
    parts = (f"x{_OTHER.sub('-', part)}" for part in account.code.split(":"))
    return ":".join([*parts, f"id-{account.id.hex}"])


def _format(asset: Asset) -> str:
    # hledger wants a decimal mark even where there are no decimals.
    return f"1000.{'0' * asset.exponent}"


def _declaration(account: Account) -> str:
    kind = _TYPES.get(account.kind)
    return f"account {name_of(account)}{f'  ; type:{kind}' if kind else ''}\n"


def _transaction(line: log.Line, zone: tzinfo) -> str:
    row, transfer = line.row, line.row.transfer
    booked = row.booked_at.astimezone(zone).date().isoformat()
    if not transfer.kind.moves:
        what = f"{transfer.kind.value} {transfer.amount} {name_of(line.debit)} to {name_of(line.credit)}"
        return f"\n; {booked} ({row.position}) {what}, {transfer.cause}\n"
    effective = f"={transfer.effective_on.isoformat()}" if transfer.effective_on is not None else ""
    head = f"\n{booked}{effective} ({row.position}) {transfer.code.name} {transfer.cause}"
    debit = _posting(line.debit, transfer.amount, row.after.debit)
    credit = _posting(line.credit, Money(-transfer.amount.minor, transfer.amount.asset), row.after.credit)
    cites = f", cites:{transfer.cites}" if transfer.cites is not None else ""
    return f"{head}\n    ; transfer:{transfer.id}, kind:{transfer.kind.value}{cites}\n{debit}{credit}"


def _posting(account: Account, amount: Money, after: Balances) -> str:
    return f"    {name_of(account)}  {amount} = {Money(-after.net_credit, amount.asset)}\n"
