"""The transfers of a posting, and how its flow counts them: pure. The same posting has the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.services.breaks.model import Action, Named
from gateway.services.breaks.rules import BANK, TRUST, WRITTEN_OFF
from wallet.accounts import Account, Chart
from wallet.corrections import Right, correction, left_of, reversal
from wallet.ids import transfer_id
from wallet.money import ASSETS, Money
from wallet.transfers import LogRow, Transfer, TransferCode, TransferKind


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be posted.

    Attributes:
        number: Of the posting within the break; with the break's id it makes the ids.
        debit: See Posting, as the rest.
        back_minor: What a correction takes back.
        effective_on: Business date if it is not the day of posting.
    """

    break_id: str
    flow: str
    number: int
    action: Action
    debit: Named | None
    credit: Named | None
    minor: int
    asset: str
    back_minor: int = 0
    effective_on: date | None = None


def accounts_of(plan: Plan, chart: Chart) -> list[Account]:
    """Those of the chart that it names."""
    asset = ASSETS[plan.asset]
    return [chart.account(one.role, one.owner, asset) for one in (plan.debit, plan.credit) if one is not None]


def sides(flow: str, lacking: int, paid_from: Named | None) -> tuple[Named, Named]:
    """Debit and credit of a write-off: in a flow of ours the account that was debited too much is made good."""
    if flow != BANK:
        assert paid_from is not None, "only what was posted too much is given up"
        return Named(WRITTEN_OFF), paid_from
    return (Named(TRUST), Named(WRITTEN_OFF)) if lacking > 0 else (Named(WRITTEN_OFF), Named(TRUST))


def transfers(plan: Plan, chart: Chart, wrong: LogRow | None, citing: Sequence[LogRow]) -> tuple[Transfer, ...] | None:
    """One entry; None if what it was to take back is not there any more as it was agreed to.

    Args:
        plan: What was agreed to.
        chart: Of accounts.
        wrong: What is corrected, or what a write-off belongs to.
        citing: What cites it; what an earlier try of this posting booked is left out by its id.
    """
    if plan.action is not Action.CORRECTION:
        return (_plain(plan, chart, wrong),)
    assert wrong is not None, "a correction takes something back"
    undo = reversal(wrong, None, plan.break_id, attempt=plan.number)
    if left_of(wrong, citing, undo.id) != plan.back_minor:
        return None
    if plan.debit is None or plan.credit is None:
        return (replace(undo, amount=Money(plan.back_minor, wrong.transfer.amount.asset)),)
    asset = ASSETS[plan.asset]
    right = Right(
        chart.id(plan.debit.role, plan.debit.owner, asset),
        chart.id(plan.credit.role, plan.credit.owner, asset),
        Money(plan.minor, asset),
    )
    return correction(wrong, citing, right, plan.break_id, attempt=plan.number)


def _plain(plan: Plan, chart: Chart, wrong: LogRow | None) -> Transfer:
    debit, credit = accounts_of(plan, chart)
    off = plan.action is Action.WRITE_OFF
    leg = plan.action.value if plan.effective_on else f"late {plan.action.value}"
    return Transfer(
        id=transfer_id(plan.break_id, leg, plan.number),
        debit=debit.id,
        credit=credit.id,
        amount=Money(plan.minor, ASSETS[plan.asset]),
        code=TransferCode.WRITE_OFF if off else TransferCode.BANK_BOOKED,
        cause=plan.break_id,
        effective_on=plan.effective_on,
        cites=wrong.transfer.id if wrong is not None else None,
    )


def undoing(plan: Plan, posted: Sequence[LogRow]) -> tuple[Transfer, ...]:
    """One entry that takes back what a posting of this break has put into the book, the last of it first.

    A reversal cannot be reversed: what it took back is booked anew, citing the row that it was.
    """
    entry: list[Transfer] = []
    for row in reversed(posted):
        done = row.transfer
        if done.kind is TransferKind.REVERSE:
            again = Transfer(
                id=transfer_id(plan.break_id, f"again {done.id}", plan.number),
                debit=done.credit,
                credit=done.debit,
                amount=done.amount,
                code=TransferCode.CORRECTION,
                cause=plan.break_id,
                cites=done.cites,
            )
            entry.append(again)
        else:
            entry.append(reversal(row, None, plan.break_id, attempt=plan.number))
    return tuple(replace(one, linked=place < len(entry)) for place, one in enumerate(entry, 1))


def effect(flow: str, chart: Chart, one: Transfer, wrong: LogRow | None, wrong_minor: int, lacking: int) -> int:
    """How a flow counts a posted transfer: minor units in its sign, 0 for what is none of it.

    Args:
        flow: Its name.
        chart: Of accounts.
        one: What was posted.
        wrong: The row of the ledger that it is about.
        wrong_minor: That row's amount as the flow counts it.
        lacking: What the flow lacked before, which is what a write-off makes up.
    """
    if flow == BANK:
        trust = chart.id(TRUST, "", one.amount.asset)
        return one.amount.minor * ((one.debit == trust) - (one.credit == trust))
    if one.code is TransferCode.WRITE_OFF and one.kind is TransferKind.POST:
        return lacking
    if wrong is None:
        return 0
    mine, sign = (wrong.transfer.debit, wrong.transfer.credit), 1 if wrong_minor > 0 else -1
    same, swapped = mine == (one.debit, one.credit), mine == (one.credit, one.debit)
    return one.amount.minor * sign * (same - swapped)
