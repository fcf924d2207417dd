"""A beancount journal of the whole book, which `bean-check` accepts.

Each transaction stands on the day on which it was booked and names another effective date beside it; at the end every
account's balance is asserted, to the last minor unit. Holds move nothing and appear as comments. Source: the beancount
documentation, "Beancount Language Syntax" (account names, directives, `balance … ~ tolerance`).
"""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta, tzinfo

from wallet.accounts import Account, AccountKind
from wallet.exports import log
from wallet.money import ASSETS, Money

_ROOTS = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.EXPENSE: "Expenses",
    # There are five roots and no other.
    AccountKind.OFF_BALANCE: "Equity:Off-balance",
}
_BEGIN = date(1970, 1, 1)
"""Accounts are open from here on: when they were opened is in the ledger's own log."""
_PLAIN = re.compile(r"[a-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
"""Parts of a code that become a name and can be told apart in it."""


async def beancount_lines(source: log.Source, zone: tzinfo) -> AsyncIterator[str]:
    """The journal, some lines at a time, each piece ending in a newline; days are those of `zone`."""
    through = (await source.head()).position
    yield 'option "title" "Ledger"\n'
    for asset in ASSETS.values():
        yield f"{_BEGIN} commodity {asset.code}\n"
    async for account, _ in log.all_accounts(source, through):
        yield f"{_BEGIN} open {name_of(account)} {account.asset.code}\n"
    day = _BEGIN
    async for line in log.lines(source, through):
        day = line.row.booked_at.astimezone(zone).date()
        yield _transaction(line, day)
    yield "\n"
    async for account, balances in log.all_accounts(source, through):
        number, code = str(Money(-balances.net_credit, account.asset)).split()
        # Without a tolerance of its own beancount would let a cent pass.
        yield f"{day + timedelta(days=1)} balance {name_of(account)}  {number} ~ 0 {code}\n"


def name_of(account: Account) -> str:
    """The account's name in beancount: `liability:wallet:per_01K8:IRR` is `Liabilities:Wallet:Per-01K8:IRR`.

    Each part begins with a capital or a digit and has letters, digits and hyphens only. A code that would not be told
    apart from another one so gets its account id as a part.
    """
    parts = [part for part in (account.role, account.owner) if part]
    names = [_name(part) for part in parts]
    if not all(_PLAIN.fullmatch(part) for part in parts):
        names.append(f"Id-{account.id.hex}")
    return ":".join([_ROOTS[account.kind], *names, account.asset.code])


def _name(part: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9-]", "-", part)
    return f"{safe[0].upper()}{safe[1:]}" if safe[0].isalnum() else f"X{safe}"


def _transaction(line: log.Line, day: date) -> str:
    row, transfer = line.row, line.row.transfer
    debit, credit, amount = name_of(line.debit), name_of(line.credit), transfer.amount
    if not transfer.kind.moves:
        return f"\n; {day} ({row.position}) {transfer.kind.value} {amount} {debit} to {credit}, {transfer.cause}\n"
    facts = [f"position: {row.position}", f'transfer: "{transfer.id}"', f'kind: "{transfer.kind.value}"']
    if transfer.effective_on is not None:
        facts.append(f"effective: {transfer.effective_on}")
    if transfer.cites is not None:
        facts.append(f'cites: "{transfer.cites}"')
    head = f"\n{day} * {_text(transfer.code.name)} {_text(transfer.cause)}\n"
    lines = [*facts, f"{debit}  {amount}", f"{credit}  {Money(-amount.minor, amount.asset)}"]
    return head + "".join(f"  {text}\n" for text in lines)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
