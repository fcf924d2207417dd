"""What the bank says of a business day, for whoever closes it, and its rows as leaves of a seal."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, Table, func, or_, select

from gateway.services.banking import rules, series
from gateway.services.banking.model import FileState, Finding
from gateway.services.banking.tables import FILES, LINES, PAGES, STATEMENTS, WHOLE
from gateway.store import Store
from gateway.store.octets import octets_of, row_leaf

_PAGE = 1000
_IDS = 500
_FILE = tuple(column.name for column in FILES.columns)
"""None of them changes once the file is taken."""
_STATEMENT = tuple(column.name for column in STATEMENTS.columns if column.name != "findings")
"""Findings have a leaf of their own: they follow from its neighbours, which may come later."""
_FINDINGS = ("id", "findings")
_PAGES = tuple(column.name for column in PAGES.columns)
"""None of them changes once the statement is whole."""
_LINE = tuple(column.name for column in LINES.columns)
_COVERS_TO = func.coalesce(STATEMENTS.c.to_on, STATEMENTS.c.order_on)
_COVERS_FROM = func.coalesce(STATEMENTS.c.from_on, STATEMENTS.c.to_on, STATEMENTS.c.order_on)


@dataclass(frozen=True, slots=True)
class DayStatement:
    """A closing statement that covers a day, and what the one before it in its series closed with.

    Attributes:
        name: The bank's name of it.
        number: Its own; 0 where it has none.
        through: The last day that it covers.
        before: Number of the one before it, and its closing balance; None where there is none.
        at: When it was taken.
    """

    id: str
    account: str
    asset: str
    name: str
    number: int
    opening: int | None
    closing: int | None
    through: date
    findings: tuple[Finding, ...]
    before: tuple[int, int | None] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class BankLeaf:
    """A row that the bank's files have made, as a leaf.

    `part` is one of `statements`, `findings`, `pages`, `files` and `lines`.
    """

    part: str
    name: str
    leaf: bytes


class BankDays:
    """Reads only.

    Args:
        store: Where statements are.
        account: The institution's own one, which must have statements; '' where nobody has said.
    """

    def __init__(self, store: Store, account: str) -> None:
        self._store = store
        self._account = account

    async def accounts(self) -> list[str]:
        """The trust accounts: the institution's own, and each that has closing statements."""
        query = select(STATEMENTS.c.account).where(STATEMENTS.c.root.in_(rules.CLOSING), WHOLE).distinct()
        found = {row.account for row in await self._store.read(query)}
        return sorted(found | {self._account} - {""})

    async def closings(self, day: date) -> list[DayStatement]:
        """Closing statements that cover a day, by account and number."""
        query = select(STATEMENTS).where(_closing(), day >= _COVERS_FROM, day <= _COVERS_TO)
        order = (STATEMENTS.c.account, STATEMENTS.c.order_on, STATEMENTS.c.sequence, STATEMENTS.c.id)
        return [await self._shown(row) for row in await self._store.read(query.order_by(*order))]

    async def latest(self, through: date) -> list[DayStatement]:
        """The last closing statement of each account that ends on a day or before and has a closing balance."""
        found = []
        for account in await self.accounts():
            mine = select(STATEMENTS).where(_closing(), STATEMENTS.c.account == account, through >= _COVERS_TO)
            mine = mine.where(STATEMENTS.c.closing.is_not(None))
            order = (STATEMENTS.c.order_on.desc(), STATEMENTS.c.sequence.desc(), STATEMENTS.c.id.desc())
            found += [await self._shown(row) for row in await self._store.read(mine.order_by(*order).limit(1))]
        return found

    async def reading(self, day: date) -> list[str]:
        """Names of statements of a day or before that are still brought into tables."""
        query = select(STATEMENTS.c.statement_id).join(FILES, FILES.c.id == STATEMENTS.c.file_id)
        unfinished = or_(~WHOLE, FILES.c.state == FileState.KEPT.value)
        query = query.where(unfinished, STATEMENTS.c.order_on <= day).order_by(STATEMENTS.c.id).limit(_PAGE)
        return [row.statement_id for row in await self._store.read(query)]

    async def settled(self, first: date, through: date, since: datetime) -> list[str]:
        """Ids of statements that are in whole: of these days, and of earlier ones if they came after a moment."""
        query = select(STATEMENTS.c.id).join(FILES, FILES.c.id == STATEMENTS.c.file_id)
        query = query.where(WHOLE, FILES.c.state == FileState.TAKEN.value, STATEMENTS.c.order_on <= through)
        query = query.where(or_(STATEMENTS.c.order_on >= first, STATEMENTS.c.at >= since))
        return [row.id for row in await self._store.read(query.order_by(STATEMENTS.c.id))]

    async def leaves(self, ids: Collection[str]) -> AsyncIterator[Sequence[BankLeaf]]:
        """Every row of these statements, with their files, in pages; what is gone is not there."""
        files: dict[str, None] = {}
        for some in _portions(ids):
            rows = await self._store.read(
                octets_of(STATEMENTS, *_STATEMENT).where(STATEMENTS.c.id.in_(some)).order_by(STATEMENTS.c.id)
            )
            files.update(dict.fromkeys(_text(row.file_id) for row in rows))
            yield [_leaf("statements", STATEMENTS, _STATEMENT, row) for row in rows]
            judged = octets_of(STATEMENTS, *_FINDINGS).where(STATEMENTS.c.id.in_(some)).order_by(STATEMENTS.c.id)
            yield [_leaf("findings", STATEMENTS, _FINDINGS, row) for row in await self._store.read(judged)]
            parts = octets_of(PAGES, *_PAGES).where(PAGES.c.statement_id.in_(some))
            rows = await self._store.read(parts.order_by(PAGES.c.file_id, PAGES.c.place))
            files.update(dict.fromkeys(_text(row.file_id) for row in rows))
            yield [_leaf("pages", PAGES, _PAGES, row) for row in rows]
        for file_id in files:
            rows = await self._store.read(octets_of(FILES, *_FILE).where(FILES.c.id == file_id))
            yield [_leaf("files", FILES, _FILE, row) for row in rows]
        for statement_id in sorted(ids):
            after = 0
            while rows := await self._store.read(_lines(statement_id, after)):
                yield [_leaf("lines", LINES, _LINE, row) for row in rows]
                after = int(rows[-1].number)

    async def misjudged(self, statement_id: str) -> bool:
        """Whether a statement's findings are not those that follow from its neighbours as they are now."""
        raw = octets_of(STATEMENTS, "findings").where(STATEMENTS.c.id == statement_id)
        columns = [column for column in STATEMENTS.c if column.name != "findings"]
        rows = await self._store.read(select(*columns).where(STATEMENTS.c.id == statement_id))
        if not rows:
            return True
        kept = (await self._store.read(raw))[0].findings
        twin = bool(await self._store.read(series.twins(rows[0])))
        right = series.judged(rows[0], await self._before(rows[0]), twin=twin)
        return kept not in {_listed(right), _listed((*right, Finding.BATCH))}

    async def _before(self, row: Row[Any]) -> Row[Any] | None:
        found = await self._store.read(series.before(row))
        return found[0] if found else None

    async def _shown(self, row: Row[Any]) -> DayStatement:
        earlier = await self._before(row)
        return DayStatement(
            id=row.id,
            account=row.account,
            asset=row.asset,
            name=row.statement_id,
            number=row.sequence,
            opening=row.opening,
            closing=row.closing,
            through=row.to_on or row.order_on,
            findings=tuple(Finding(name) for name in row.findings),
            before=None if earlier is None else (earlier.sequence, earlier.closing),
            at=row.at,
        )


def _closing() -> Any:  # noqa: ANN401 - a condition
    return WHOLE & STATEMENTS.c.root.in_(rules.CLOSING)


def _lines(statement_id: str, after: int) -> Select[Any]:
    query = octets_of(LINES, *_LINE).where(LINES.c.statement_id == statement_id, LINES.c.number > after)
    return query.order_by(LINES.c.number).limit(_PAGE)


def _leaf(part: str, table: Table, names: Sequence[str], row: Row[Any]) -> BankLeaf:
    keys = [_text(getattr(row, column.name)) for column in table.primary_key]
    return BankLeaf(part, f"{table.name}:{':'.join(keys)}", row_leaf(table.name, names, row))


def _listed(findings: Sequence[Finding]) -> bytes:
    """As the column keeps them."""
    return json.dumps(findings, separators=(",", ":")).encode()


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def _portions(ids: Collection[str]) -> list[list[str]]:
    listed = sorted(ids)
    return [listed[start : start + _IDS] for start in range(0, len(listed), _IDS)]
