"""`tapdial ledger balance | statement | trial-balance | periods`: what the books say, now or as of a day or a moment.

Amounts are in minor units, days those of the setting `zone`, balances on the side on which an account grows.
"""

import asyncio
import csv
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, opened_ledger, read_settings
from gateway.settings import Settings

if TYPE_CHECKING:
    from wallet.accounts import Account
    from wallet.ledger import Ledger
    from wallet.statements import Cut
    from wallet.transfers import Balances, RoleSum

T = TypeVar("T")
AccountCode = Annotated[str, typer.Argument(help="An account's code, as liability:wallet:per_01K…:IRR.")]
Day = Annotated[str, typer.Argument(help="A day as 2026-11-22.")]


def balance(
    account: AccountCode,
    at: Annotated[str, typer.Option("--at", help="As of this moment, as 2026-11-22T18:00; now if absent.")] = "",
    position: Annotated[
        int | None, typer.Option("--position", help="As of this position of the log.", min=0, max=2**63 - 1)
    ] = None,
    config: Config = None,
) -> None:
    """Print an account's balance, its posted sums and its open holds."""
    settings = read_settings(config)
    moment = moment_of(at, settings) if at else None
    if moment is not None and position is not None:
        raise typer.BadParameter("--at or --position, not both")

    async def read(ledger: "Ledger") -> "tuple[Account, Balances | None]":
        found = await account_of(ledger, account)
        return found, await ledger.balances_at(found.id, position=position, at=moment)

    found, balances = in_ledger(settings, read)
    assert balances is not None, "an account stays"
    shown = Table("account", "balance", "debits", "credits", "debits held", "credits held")
    figures = (balances.debits_posted, balances.credits_posted, balances.debits_held, balances.credits_held)
    shown.add_row(found.code, *map(str, (_net(found, balances), *figures)))
    Console().print(shown)


def statement(
    account: AccountCode,
    first: Annotated[str, typer.Option("--from", help="First business day, as 2026-11-01.")],
    last: Annotated[str, typer.Option("--to", help="Last business day, as 2026-11-30.")],
    config: Config = None,
) -> None:
    """Print an account's movements over some business days as CSV, between its opening and its closing balance."""
    settings = read_settings(config)
    days = day_of(first), day_of(last)
    if days[0] > days[1]:
        raise typer.BadParameter("--from is after --to")
    in_ledger(settings, lambda ledger: _statement(ledger, account, days, ZoneInfo(settings.zone)))


async def _statement(ledger: "Ledger", code: str, days: tuple[date, date], zone: ZoneInfo) -> None:
    from wallet.statements import lines
    from wallet.statements import statement as statement_of

    found = await statement_of(ledger, (await account_of(ledger, code)).id, *days, zone)
    assert found is not None, "an account stays"
    out = csv.writer(sys.stdout)
    out.writerow(("position", "booked_at", "effective_on", "code", "kind", "cause", "debit", "credit", "balance"))
    out.writerow(("", days[0], "", "", "opening", "", "", "", _net(found.account, found.opening)))
    async for line in lines(ledger, found):
        transfer, minor = line.transfer, line.transfer.amount.minor if line.transfer.kind.moves else 0
        sides = (minor, "") if line.is_debit else ("", minor)
        booked_at = line.booked_at.astimezone(zone).isoformat(timespec="seconds")
        what = (transfer.effective_on or "", transfer.code.name.lower(), transfer.kind.value, transfer.cause)
        out.writerow((line.position, booked_at, *what, *sides, _net(found.account, line.balances)))
    out.writerow(("", days[1], "", "", "closing", "", "", "", _net(found.account, found.closing)))


def trial_balance(
    at: Annotated[str, typer.Option("--at", help="As of this moment, as 2026-11-22T18:00; now if absent.")] = "",
    through: Annotated[
        str, typer.Option("--through", help="By effective date at the end of this day, late entries included.")
    ] = "",
    config: Config = None,
    *,
    accounts: Annotated[bool, typer.Option("--accounts", help="Every account as CSV, not the sums by role.")] = False,
) -> None:
    """Print the trial balance; debits equal credits for each asset."""
    settings = read_settings(config)
    if at and through:
        raise typer.BadParameter("--at or --through, not both")
    moment, day = moment_of(at, settings) if at else None, day_of(through) if through else None

    async def read(ledger: "Ledger") -> "list[RoleSum] | None":
        from wallet import statements

        if not (moment or day or accounts):
            found = await ledger.trial_balance()
            statements.assert_zero(found)
            return found
        cut = await _cut(ledger, moment, day, ZoneInfo(settings.zone))
        if accounts:
            await _print_accounts(ledger, cut)
            return None
        return await statements.role_sums(ledger, cut)

    sums = in_ledger(settings, read)
    if sums is None:
        return
    shown = Table("kind", "role", "asset", "accounts", "debits", "credits", "debits over credits")
    for row in sums:
        figures = (row.accounts, row.debits_posted, row.credits_posted, row.debits_posted - row.credits_posted)
        shown.add_row(row.kind, row.role, row.asset, *map(str, figures))
    Console().print(shown)


async def _cut(ledger: "Ledger", moment: datetime | None, day: date | None, zone: ZoneInfo) -> "Cut":
    from wallet import statements

    if day is not None:
        return await statements.cut_through(ledger, day, zone)
    position = (await ledger.head()).position if moment is None else await ledger.position_at(moment)
    return statements.Cut(position)


async def _print_accounts(ledger: "Ledger", cut: "Cut") -> None:
    from wallet import statements

    out = csv.writer(sys.stdout)
    out.writerow(("account", "asset", "debits_minor", "credits_minor"))
    async for account, debits, credits_ in statements.trial_balance(ledger, cut):
        out.writerow((account.code, account.asset.code, debits, credits_))


def periods(config: Config = None) -> None:
    """List the periods that were closed, softly or for good, with the seals over their trial balances."""
    shown = Table("through", "state", "closed at", "cause", "seal")
    for period in in_ledger(read_settings(config), lambda ledger: ledger.periods()):
        seal = "" if period.seal is None else period.seal.hex()
        closed_at = period.closed_at.isoformat(timespec="seconds")
        shown.add_row(period.through.isoformat(), period.state.value, closed_at, period.cause, seal)
    Console().print(shown)


def in_ledger(settings: Settings, work: "Callable[[Ledger], Awaitable[T]]") -> T:
    """Do `work` with the ledger open."""

    async def inside() -> T:
        async with opened_ledger(settings) as ledger:
            return await work(ledger)

    return asyncio.run(inside())


async def account_of(ledger: "Ledger", code: str) -> "Account":
    """The account with this code; a BadParameter if there is none."""
    from wallet.ids import account_id

    _, *parts, asset = code.split(":") if code.count(":") > 1 else ("", "", "")
    found = await ledger.account(account_id(parts[0], ":".join(parts[1:]), asset))
    if found is None or found.code != code:
        raise typer.BadParameter(f"there is no account {code}")
    return found


def day_of(text: str) -> date:
    """The day that was meant; a BadParameter if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise typer.BadParameter(f"not a day as 2026-11-22: {text}") from problem


def moment_of(text: str, settings: Settings) -> datetime:
    """The moment that was meant, in the setting `zone` unless it names its own; a BadParameter if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise typer.BadParameter(f"not a moment as 2026-11-22T18:00: {text}") from problem
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(settings.zone))


def _net(account: "Account", balances: "Balances") -> int:
    return -balances.net_credit if account.normal.value == "debit" else balances.net_credit
