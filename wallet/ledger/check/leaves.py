"""The hashes of raw rows, written down a second time: what `chain` does with values, this does with columns.

A slip in one of the two encodings shows as a book that does not verify, and a test holds them together.
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from wallet.ledger.check.raw import PLAIN, BlockRow, ChangeRow, PeriodRow, Raw, RefusalRow

KINDS = {b"post": 0, b"hold": 1, b"capture": 2, b"void": 3, b"expire": 4, b"reverse": 5}
BALANCINGS = {None: 0, b"debit": 1, b"credit": 2}
_NO_ID = bytes(16)
_NO_MOMENT = -(2**63)
_pack_transfer = struct.Struct(">BBq16s16sIB16s16sqIB16sqIq10q").pack
_pack_more = struct.Struct(">B16sBq").pack
_pack_block = struct.Struct(">BQQIIq32s32s").pack
_pack_block_more = struct.Struct(">Iq").pack
_sha256 = hashlib.sha256


def transfer(row: Raw) -> bytes:
    """The leaf of a raw transfer."""
    more = b""
    version, kind, cause = 1, KINDS[row[20]], row[22]
    if row[24:] == PLAIN:
        fixed = _pack_transfer(version, kind, *row[:9], 0, _NO_ID, _NO_MOMENT, 0, *row[9:20])
    else:
        hold_id, expires_at, effective_on, cites, balancing, asked = row[24:]
        if (cites, balancing, asked) != (None, None, None):
            version, more = 2, _more(cites, balancing, asked)
        moment = _NO_MOMENT if expires_at is None else expires_at
        held = hold_id is not None
        fixed = _pack_transfer(
            version, kind, *row[:9], held, hold_id or _NO_ID, moment, ordinal(effective_on), *row[9:20]
        )
    text = b"%d:%b%d:%b" % (len(row[21]), row[21], len(cause), cause)
    return _sha256(b"\x00T" + fixed + more + text).digest()


def refusal(row: RefusalRow) -> bytes:
    """The leaf of a raw refusal."""
    more = b""
    if row.cites is not None or row.balancing is not None:
        more = _more(row.cites, row.balancing, None)
    fields = (
        b"2" if more else b"1", _hex(row.id), _hex(row.debit_id), _hex(row.credit_id), row.amount, row.asset,
        _number(row.code), row.cause, row.kind, b"" if row.hold_id is None else _hex(row.hold_id),
        _number(_NO_MOMENT if row.expires_at is None else row.expires_at), _number(ordinal(row.effective_on)),
        _number(row.linked), _number(row.outcome), _number(row.refused_at), _hex(row.entry_id), _number(row.leg),
    )  # fmt: skip
    return _sha256(b"\x00R" + _prefixed(fields) + more).digest()


def change(row: ChangeRow) -> bytes:
    """The leaf of a raw change of an account, whose identity it covers."""
    assert row.asset is not None, "a change without its account has no leaf"
    fields = (
        b"1", _hex(row.account_id), row.asset, code_of(row), row.role, row.owner, row.kind, row.normal, row.state,
        _limit(row.debit_excess_max), _limit(row.credit_excess_max), row.cause, _number(row.changed_at),
    )  # fmt: skip
    return _sha256(b"\x00A" + _prefixed(fields)).digest()


def period(row: PeriodRow) -> bytes:
    """The leaf of a raw closing of a period."""
    fields = (
        b"1", row.through, row.state, _number(row.position), b"" if row.seal is None else _hex(row.seal), row.cause,
        _number(row.closed_at),
    )  # fmt: skip
    return _sha256(b"\x00P" + _prefixed(fields)).digest()


def block(row: BlockRow) -> bytes:
    """The hash of a raw block."""
    more = row.changes or row.lag_us
    data = _pack_block(2 if more else 1, *row[:7])
    if more:
        data += _pack_block_more(row.changes, row.lag_us)
    return _sha256(b"\x02" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root (RFC 6962 §2.1) over hashed leaves, of which there is at least one."""
    level = list(leaves)
    while len(level) > 1:
        pair = iter(level)
        pairs = [_sha256(b"\x01" + left + right).digest() for left, right in zip(pair, pair, strict=False)]
        level = pairs if len(level) % 2 == 0 else [*pairs, level[-1]]
    return level[0]


def code_of(row: ChangeRow) -> bytes:
    """The code of a change's account, which follows from its place in the chart."""
    assert row.asset is not None, "an account has an asset"
    return b":".join(part for part in (row.kind, row.role, row.owner, row.asset) if part)


@lru_cache(maxsize=4096)
def ordinal(day: bytes | None) -> int:
    """A day as a number, 0 for none.

    Raises:
        ValueError: It is no day as we write it.
    """
    if day is None:
        return 0
    value = date.fromisoformat(day.decode())
    if value.isoformat() != day.decode():
        raise ValueError("days are written in one way, so that they sort")
    return value.toordinal()


def _more(cites: bytes | None, balancing: bytes | None, asked: int | None) -> bytes:
    return _pack_more(cites is not None, cites or _NO_ID, BALANCINGS[balancing], -1 if asked is None else asked)


def _prefixed(fields: Sequence[bytes]) -> bytes:
    return b"".join(b"%d:%b" % (len(field), field) for field in fields)


def _hex(value: bytes) -> bytes:
    return value.hex().encode()


def _number(value: int) -> bytes:
    return b"%d" % value


def _limit(value: int | None) -> bytes:
    return b"None" if value is None else _number(value)
