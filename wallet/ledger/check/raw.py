"""Rows as the check reads them: plain tuples of integers and bytes, texts and ids too, the same from both engines.

The others have names, but a transfer stays a bare tuple, because there are millions. Its columns, in the order of the
leaf as far as that has them: 0 position, 1 id, 2 entry_id, 3 leg, 4 linked, 5 debit_id, 6 credit_id, 7 amount, 8 code,
9 booked_at, 10-14 the debit account's figures after it, 15-19 the credit account's, 20 kind, 21 asset, 22 cause,
23 leaf, 24 hold_id, 25 expires_at, 26 effective_on, 27 cites, 28 balancing, 29 asked.
"""

from typing import Any, NamedTuple

Raw = tuple[Any, ...]
Figures = tuple[int, int, int, int, int]
"""Debits and credits posted, debits and credits held, version."""

ZERO: Figures = (0, 0, 0, 0, 0)

PLAIN = (None,) * 6
"""The last six columns of a transfer that has nothing special."""


class BlockRow(NamedTuple):
    """A row of `block`."""

    number: int
    first_position: int
    transfers: int
    refusals: int
    booked_at: int
    previous: bytes
    root: bytes
    hash: bytes
    changes: int
    lag_us: int


class RefusalRow(NamedTuple):
    """A row of `refusal`."""

    block: int
    place: int
    id: bytes
    outcome: int
    entry_id: bytes
    leg: int
    kind: bytes
    debit_id: bytes
    credit_id: bytes
    asset: bytes
    amount: bytes
    code: int
    cause: bytes
    hold_id: bytes | None
    expires_at: int | None
    effective_on: bytes | None
    linked: int
    refused_at: int
    leaf: bytes
    cites: bytes | None
    balancing: bytes | None


class ChangeRow(NamedTuple):
    """A row of `account_change` with the identity of its account; `asset` is None if there is no such account."""

    block: int
    place: int
    account_id: bytes
    state: bytes
    debit_excess_max: int | None
    credit_excess_max: int | None
    cause: bytes
    changed_at: int
    leaf: bytes
    asset: bytes | None
    code: bytes
    role: bytes
    owner: bytes
    kind: bytes
    normal: bytes
    opened_at: int


class PeriodRow(NamedTuple):
    """A row of `period`."""

    block: int
    place: int
    through: bytes
    state: bytes
    position: int
    seal: bytes | None
    cause: bytes
    closed_at: int
    leaf: bytes


class AccountRow(NamedTuple):
    """A row of `account` as it is today."""

    id: bytes
    code: bytes
    state: bytes
    debit_excess_max: int | None
    credit_excess_max: int | None
    debits_posted: int
    credits_posted: int
    debits_held: int
    credits_held: int
    version: int


class HoldRow(NamedTuple):
    """A row of `open_hold`."""

    id: bytes
    position: int
    debit_id: bytes
    credit_id: bytes
    expires_at: int


class HeadRow(NamedTuple):
    """The row of `head`."""

    position: int
    block: int
    hash: bytes
    moved_at: int
    closed_through: bytes | None
    soft_through: bytes | None


class Earlier(NamedTuple):
    """As much of a transfer as one that names it must fit."""

    position: int
    kind: bytes
    debit_id: bytes
    credit_id: bytes
    amount: int
    expires_at: int | None
