"""Rows of a day as tests write them."""

from datetime import date, timedelta
from typing import Any

from wallet.reconciliation import Row, Side, Terms

DAY = date(2026, 3, 9)
THREE = Terms(frozenset(Side))
TWO = Terms(frozenset({Side.LEDGER, Side.RAIL}))
EACH: dict[Side, dict[str, Any]] = {
    Side.LEDGER: {"railed": True},
    Side.RAIL: {},
    Side.BANK: {},
}


def row(side: Side, name: str, minor: int, *, day: int = 0, **said: Any) -> Row:  # noqa: ANN401 - any field of a Row
    """A row so many days after DAY."""
    on = DAY + timedelta(days=day)
    return Row(side, name, minor, "IRR", on, on, **{**EACH[side], **said})


def ledger(name: str, minor: int, own: str = "", **said: Any) -> Row:  # noqa: ANN401 - any field of a Row
    """What our ledger has of a payment by a rail."""
    return row(Side.LEDGER, name, minor, own=own, **said)


def rail(name: str, minor: int, end_to_end_id: str = "", **said: Any) -> Row:  # noqa: ANN401 - any field of a Row
    """An item of a rail, whose id is our own name for it."""
    return row(Side.RAIL, name, minor, own=said.pop("own", name), end_to_end_id=end_to_end_id, **said)


def bank(name: str, minor: int, end_to_end_id: str = "", **said: Any) -> Row:  # noqa: ANN401 - any field of a Row
    """A line of the bank's."""
    return row(Side.BANK, name, minor, end_to_end_id=end_to_end_id, **said)
