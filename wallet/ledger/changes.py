"""Pure decisions about accounts: their opening, and changes of their state and limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wallet.accounts import Account, AccountChange, AccountState, ChangeOutcome, Limits
from wallet.ids import AccountId
from wallet.ledger.book import Changed, Decision, Side


def opened(accounts: Sequence[Account], known: Mapping[AccountId, Account], at: datetime) -> list[Changed]:
    """The rows that open those accounts which are not known yet, each once."""
    fresh = {account.id: account for account in accounts if account.id not in known}
    return [Changed(account, AccountState.OPEN, account.limits, "", at) for account in fresh.values()]


def change(
    sides: Mapping[AccountId, Side],
    accounts: Mapping[AccountId, Account],
    asked: AccountChange,
    at: datetime,
    decision: Decision,
) -> None:
    """Decide one change; if it is made, the side has it, and the decision its row."""
    side = sides.get(asked.account)
    outcome = ChangeOutcome.UNKNOWN if side is None else _refusal(side, asked)
    decision.changes.append(outcome or ChangeOutcome.CHANGED)
    if side is None or outcome is not None:
        return
    state, limits = asked.state or side.state, asked.limits or side.limits
    if (state, limits) == (side.state, side.limits):
        return
    side.state, side.debit_excess_max, side.credit_excess_max = state, limits.debit_excess_max, limits.credit_excess_max
    decision.changed.append(Changed(accounts[asked.account], state, limits, asked.cause, at))


def _refusal(side: Side, asked: AccountChange) -> ChangeOutcome | None:
    if asked.state is AccountState.CLOSED and not _is_empty(side):
        return ChangeOutcome.NOT_EMPTY
    return ChangeOutcome.BEYOND if asked.limits is not None and not _within(side, asked.limits) else None


def _is_empty(side: Side) -> bool:
    return side.debits_posted == side.credits_posted and not side.debits_held and not side.credits_held


def _within(side: Side, limits: Limits) -> bool:
    debit_excess = side.debits_posted + side.debits_held - side.credits_posted
    credit_excess = side.credits_posted + side.credits_held - side.debits_posted
    return (limits.debit_excess_max is None or debit_excess <= limits.debit_excess_max) and (
        limits.credit_excess_max is None or credit_excess <= limits.credit_excess_max
    )
