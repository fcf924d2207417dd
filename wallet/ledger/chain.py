"""Merkle blocks over committed groups: whoever changes a row has to change every block after it.

The tree is that of RFC 6962 §2.1 (leaf = SHA-256(00 ‖ data), node = SHA-256(01 ‖ left ‖ right)); a block's leaves are
the group's transfers in order of position, then its refusals, then its changes of accounts, then its closings of
periods. Each row keeps its own leaf, so that a changed one can be named. A block's hash covers its number, its counts,
its moments, its root and the hash before it. Encodings are ours, with a version byte, and never those of a database.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from wallet.clock import to_us
from wallet.ledger.book import Booked, Changed, Refused
from wallet.periods import Period
from wallet.transfers import Balancing, Transfer, TransferKind

GENESIS = bytes(32)
"""The hash before the first block."""

_VERSION = 1
_VERSION_2 = 2
"""Of rows and blocks that have what version 1 could not say."""
_KINDS = {kind: number for number, kind in enumerate(TransferKind)}
_NO_ID = bytes(16)
_NO_MOMENT = -(2**63)
_BOOKED = struct.Struct(">BBq16s16sIB16s16sqIB16sqIq10q")
_BLOCK = struct.Struct(">BQQIIq32s32s")
_BLOCK_2 = struct.Struct(">Iq")
_BOOKED_2 = struct.Struct(">B16sBq")
_BALANCINGS = {balancing: number for number, balancing in enumerate(Balancing)}


@dataclass(frozen=True, slots=True)
class Block:
    """The seal of one group."""

    number: int
    first_position: int
    """Position of its first transfer (or of the next one, when it has none)."""
    transfers: int
    refusals: int
    booked_at: datetime
    previous: bytes
    root: bytes
    hash: bytes
    changes: int = 0
    """Changes of accounts and periods."""
    lag_us: int = 0
    """How far the clock that decided the group was behind `booked_at`, which never goes back."""


class Leaves(NamedTuple):
    """The leaves of a group, in their order."""

    booked: Sequence[bytes]
    refused: Sequence[bytes]
    changed: Sequence[bytes] = ()
    periods: Sequence[bytes] = ()


def seal(number: int, previous: bytes, first_position: int, at: datetime, leaves: Leaves, lag_us: int = 0) -> Block:
    """The block over these leaves that follows the one with hash `previous`."""
    root = merkle_root([*leaves.booked, *leaves.refused, *leaves.changed, *leaves.periods])
    counts = len(leaves.booked), len(leaves.refused)
    changes = len(leaves.changed) + len(leaves.periods)
    block = Block(number, first_position, *counts, at, previous, root, b"", changes, lag_us)
    return replace(block, hash=hash_block(block))


def hash_block(block: Block) -> bytes:
    """SHA-256 over a block's fixed-width fields, its own hash apart."""
    more = block.changes or block.lag_us
    data = _BLOCK.pack(
        _VERSION_2 if more else _VERSION, block.number, block.first_position, block.transfers, block.refusals,
        to_us(block.booked_at), block.previous, block.root,
    )  # fmt: skip
    if more:
        data += _BLOCK_2.pack(block.changes, block.lag_us)
    return hashlib.sha256(b"\x02" + data).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashed leaves, of which there is at least one."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
    return level[0]


def booked_leaf(row: Booked) -> bytes:
    """The leaf of a transfer row: every column of it counts."""
    transfer, debit, credit = row.transfer, row.after.debit, row.after.credit
    cause = transfer.cause.encode()
    asset = transfer.amount.asset.code.encode()
    more = _more(transfer)
    fixed = _BOOKED.pack(
        _VERSION_2 if more else _VERSION, _KINDS[transfer.kind], row.position, transfer.id.bytes,
        row.entry_id.bytes, row.leg, transfer.linked, transfer.debit.bytes, transfer.credit.bytes,
        transfer.amount.minor, transfer.code,
        transfer.hold_id is not None, _id(transfer.hold_id), _moment(transfer.expires_at), _day(transfer),
        to_us(row.booked_at),
        debit.debits_posted, debit.credits_posted, debit.debits_held, debit.credits_held, debit.version,
        credit.debits_posted, credit.credits_posted, credit.debits_held, credit.credits_held, credit.version,
    )  # fmt: skip
    text = b"%d:%b%d:%b" % (len(asset), asset, len(cause), cause)
    return hashlib.sha256(b"\x00T" + fixed + more + text).digest()


def refused_leaf(row: Refused) -> bytes:
    """The leaf of a refusal row, over length-prefixed texts since a refused amount has no bound."""
    transfer = row.transfer
    more = _more(transfer)
    fields = (
        str(_VERSION_2 if more else _VERSION), transfer.id.hex, transfer.debit.hex, transfer.credit.hex,
        str(transfer.amount.minor),
        transfer.amount.asset.code, str(int(transfer.code)), transfer.cause, transfer.kind.value,
        "" if transfer.hold_id is None else transfer.hold_id.hex, str(_moment(transfer.expires_at)),
        str(_day(transfer)), str(int(transfer.linked)), str(int(row.outcome)), str(to_us(row.refused_at)),
        row.entry_id.hex, str(row.leg),
    )  # fmt: skip
    return hashlib.sha256(b"\x00R" + _prefixed(fields) + more).digest()


def changed_leaf(row: Changed) -> bytes:
    """The leaf of a change row: the account's identity counts too, so nobody can exchange what was opened."""
    account, limits = row.account, row.limits
    fields = (
        str(_VERSION), account.id.hex, account.asset.code, account.code, account.role, account.owner,
        account.kind.value, account.normal.value, row.state.value, str(limits.debit_excess_max),
        str(limits.credit_excess_max), row.cause, str(to_us(row.changed_at)),
    )  # fmt: skip
    return hashlib.sha256(b"\x00A" + _prefixed(fields)).digest()


def period_leaf(row: Period) -> bytes:
    """The leaf of a period row."""
    fields = (
        str(_VERSION), row.through.isoformat(), row.state.value, str(row.position),
        "" if row.seal is None else row.seal.hex(), row.cause, str(to_us(row.closed_at)),
    )  # fmt: skip
    return hashlib.sha256(b"\x00P" + _prefixed(fields)).digest()


def _prefixed(fields: Sequence[str]) -> bytes:
    text = "".join([f"{len(field)}:{field}" for field in fields])
    if text.isascii():
        return text.encode()
    return b"".join(b"%d:%b" % (len(part), part) for part in (field.encode() for field in fields))


def _more(transfer: Transfer) -> bytes:
    """What version 1 could not say: a citation, and what a balancing transfer was asked."""
    cites, balancing, asked = transfer.cites, transfer.balancing, transfer.asked_minor
    if cites is None and balancing is Balancing.NO and asked is None:
        return b""
    return _BOOKED_2.pack(cites is not None, _id(cites), _BALANCINGS[balancing], -1 if asked is None else asked)


def _id(value: UUID | None) -> bytes:
    return _NO_ID if value is None else value.bytes


def _moment(value: datetime | None) -> int:
    return _NO_MOMENT if value is None else to_us(value)


def _day(transfer: Transfer) -> int:
    return 0 if transfer.effective_on is None else transfer.effective_on.toordinal()
