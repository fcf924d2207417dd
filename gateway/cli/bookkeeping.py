"""`tapdial ledger close-period | freeze | unfreeze | limits | import-opening`: what changes the books by hand.

Each asks why; the answer stands in the log beside what was done. Exit status 1 if the ledger refuses.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gateway.cli.books import AccountCode, account_of, day_of, in_ledger
from gateway.cli.context import Config, read_settings

if TYPE_CHECKING:
    from wallet.accounts import AccountState, Limits
    from wallet.ledger import Ledger
    from wallet.opening import Imported

WHY_MAX = 200
Why = Annotated[str, typer.Option("--why", help="Who decided it and why: a line of up to 200 characters.")]
Bound = Annotated[str, typer.Option(help="Minor units, or `none` for no bound; as it is if absent.")]


def close_period(
    through: Annotated[str, typer.Argument(help="Last day of the period, as 2026-11-30.")],
    why: Why,
    config: Config = None,
    *,
    soft: Annotated[bool, typer.Option("--soft", help="Still let in what cites another transfer.")] = False,
) -> None:
    """Close the book through a business day: softly first, then for good with a seal over its trial balance."""
    from wallet.periods import PeriodClose, PeriodOutcome, PeriodState

    asked = PeriodClose(day_of(through), PeriodState.SOFT if soft else PeriodState.CLOSED, _checked(why))
    outcome = in_ledger(read_settings(config), lambda ledger: ledger.close_period(asked))
    _end(outcome.value, done=outcome is PeriodOutcome.DONE)


def freeze(account: AccountCode, why: Why, config: Config = None) -> None:
    """Freeze an account: it takes and gives nothing but the end of its holds."""
    from wallet.accounts import AccountState

    _change(account, why, config, state=AccountState.FROZEN)


def unfreeze(account: AccountCode, why: Why, config: Config = None) -> None:
    """Open an account again that was frozen or closed."""
    from wallet.accounts import AccountState

    _change(account, why, config, state=AccountState.OPEN)


def limits(
    account: AccountCode, why: Why, debit_excess: Bound = "", credit_excess: Bound = "", config: Config = None
) -> None:
    """Bound by how much one side of an account may exceed the other, its open holds counted."""
    bounds = _bound(debit_excess), _bound(credit_excess)
    _change(account, why, config, bounds=bounds)


def import_opening(
    file: Annotated[Path, typer.Argument(help="CSV: role,owner,asset,debit_minor,credit_minor.", exists=True)],
    config: Config = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report only.")] = False,
) -> None:
    """Import the balances that the book begins with, whole or not at all; the same file twice moves nothing."""
    from wallet.accounts import Chart
    from wallet.opening import import_opening as imported_of
    from wallet.opening import read_opening

    console, chart = Console(), Chart.load()
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        found = read_opening(text, chart)
    for asset, (debits, credits_) in sorted(found.totals().items()):
        declared = f"{asset}: debits {debits}, credits {credits_}, to equity {debits - credits_}"
        console.print(f"declared {declared}", highlight=False)
    if dry_run or found.bad:
        imported = None
        bad = found.bad
    else:
        imported = in_ledger(read_settings(config), lambda ledger: imported_of(ledger, chart, found))
        bad = list(imported.bad)
    for line in bad:
        console.print(f"line {line.line}: {line.fault.value} {line.detail}".rstrip(), highlight=False, soft_wrap=True)
    _end(_said(imported), done=not bad)


def _said(imported: "Imported | None") -> str:
    if imported is None:
        return "nothing was posted"
    return f"{imported.posted} accounts opened with their balance, {imported.already} were already"


Bounds = tuple[int | str | None, int | str | None]
"""Of the debit's and the credit's excess: a number, `none`, or None to leave it."""


def _change(
    code: str, why: str, config: Path | None, *, state: "AccountState | None" = None, bounds: Bounds | None = None
) -> None:
    from wallet.accounts import AccountChange, ChangeOutcome

    cause = _checked(why)

    async def change(ledger: "Ledger") -> ChangeOutcome:
        account = await account_of(ledger, code)
        new = None if bounds is None else _limits(account.limits, bounds)
        return await ledger.change(AccountChange(account.id, cause, state, new))

    outcome = in_ledger(read_settings(config), change)
    _end(outcome.value, done=outcome is ChangeOutcome.CHANGED)


def _limits(now: "Limits", bounds: Bounds) -> "Limits":
    from wallet.accounts import Limits

    old = now.debit_excess_max, now.credit_excess_max
    new = [
        was if bound is None else None if bound == "none" else int(bound)
        for was, bound in zip(old, bounds, strict=True)
    ]
    return Limits(*new)


def _bound(text: str) -> int | str | None:
    if text in ("", "none"):
        return text or None
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise typer.BadParameter(f"neither minor units nor none: {text}")
    return int(text)


def _checked(why: str) -> str:
    if not 0 < len(why) <= WHY_MAX or not why.isprintable():
        raise typer.BadParameter("--why is one printable line of up to 200 characters")
    return why


def _end(said: str, *, done: bool) -> None:
    Console().print(said if done else f"[red]refused[/red]: {said}", highlight=False)
    if not done:
        raise typer.Exit(1)
