"""What is in a group, as text that is the same whenever it is the same; and back."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wallet.reconciliation import Group, Row, Side, Verdict

_PLACES = {side: place for place, side in enumerate(Side)}
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A group as it is written; `digest` tells it from every other result for these rows."""

    group: Group
    rows: tuple[Row, ...]
    content: str
    digest: str
    first_on: date
    last_on: date

    @property
    def asset(self) -> str:
        """Of its first row; rows of several assets are never put together."""
        return self.rows[0].asset


def prepared(group: Group) -> Prepared:
    """A group made ready. A matched one goes without party, account and text: nobody has to look for it any more."""
    rows: Iterable[Row] = sorted(group.rows, key=lambda row: (_PLACES[row.side], row.id))
    if group.verdict is Verdict.MATCHED:
        rows = map(_bare, rows)
    kept = tuple(rows)
    content = _dumps([_values(row) for row in kept])
    broken = group.broken.value if group.broken else ""
    said = f"{group.verdict.value}\x1f{group.rule.value}\x1f{broken}\x1f{group.difference_minor}\x1f{content}"
    days = [row.on for row in kept]
    return Prepared(group, kept, content, hashlib.sha256(said.encode()).hexdigest(), min(days), max(days))


def rows_of(content: str) -> tuple[Row, ...]:
    """The rows in a content."""
    return tuple(_row(values) for values in json.loads(content))


def figures(row: Row) -> Values:
    """What a book says of a row that decides where it belongs; names and texts are left out."""
    return (
        row.minor, row.asset, row.on, row.value_on, row.own, row.end_to_end_id, row.batch, row.reference, row.count,
        row.back, row.undoes,
    )  # fmt: skip


def sealed(*values: object) -> bytes:
    """SHA-256 over values as one line of JSON."""
    return hashlib.sha256(_dumps(list(values)).encode()).digest()


def _values(row: Row) -> Sequence[object]:
    return (
        row.side.value, row.id, row.minor, row.asset, row.on.isoformat(), row.value_on.isoformat(), row.own,
        row.end_to_end_id, row.batch, row.reference, row.party, row.account, row.text, row.count, int(row.back),
        row.undoes, int(row.railed),
    )  # fmt: skip


def _bare(row: Row) -> Row:
    """Without what it says of people."""
    return row._replace(party="", account="", text="") if row.party or row.account or row.text else row


def _row(values: Sequence[Any]) -> Row:
    side, id_, minor, asset, on, value_on, *rest = values
    own, end_to_end_id, batch, reference, party, account, text, count, back, undoes, railed = rest
    return Row(
        Side(side), id_, minor, asset, date.fromisoformat(on), date.fromisoformat(value_on), own, end_to_end_id, batch,
        reference, party, account, text, count, bool(back), undoes, bool(railed),
    )  # fmt: skip
