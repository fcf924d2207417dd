"""One box for everything: a phone number, a reference, an id or either end of one."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from gateway.services.finding.index import TailIndex
from gateway.services.finding.model import Findings, FindOutcome, Found, FoundBy, FoundKind
from gateway.services.finding.ports import Looker, Names, People
from gateway.services.finding.tails import Named
from gateway.services.finding.wanted import SHORTEST, Wanted, is_readable, letters_of, tidied, wanted
from wallet.ledger import Span
from wallet.transfers import LogRow

LIMIT_MAX = 100
FIND_S = 5.0
"""How long a search may take; a hundredth of it is usual."""
COUNTED_MAX = 100
"""Rows of one cause that are counted."""
KINDS: Mapping[str, FoundKind] = {
    "clm": FoundKind.CLAIM, "inv": FoundKind.INVOICE, "pay": FoundKind.PAYMENT, "cco": FoundKind.CLAIM_CODE,
    "csh": FoundKind.CASH_IN, "bat": FoundKind.PAYOUT_BATCH, "itm": FoundKind.PAYOUT_ITEM, "tap": FoundKind.TAP,
    "rfd": FoundKind.REFUND, "tok": FoundKind.TOKEN, "tbt": FoundKind.TERMINAL_BATCH, "cyc": FoundKind.CYCLE,
    "mrc": FoundKind.MERCHANT_DUE, "fee": FoundKind.FEE, "brk": FoundKind.BREAK, "dcl": FoundKind.DAY_CLOSE,
    "opn": FoundKind.CAUSE, "bud": FoundKind.CAUSE, "fix": FoundKind.CAUSE, "exc": FoundKind.CAUSE,
}  # fmt: skip
"""What causes of the ledger are, by their first letters."""
_ORDER = {by: place for place, by in enumerate((FoundBy.ID, FoundBy.PHONE))}
_PARTS = {FoundBy.PREFIX: 8, FoundBy.TAIL: 9}


@dataclass(frozen=True, slots=True)
class Parts:
    """What finding is made of."""

    names: Names
    index: TailIndex
    people: People
    lookers: Sequence[Looker]


class Finding:
    """Finds."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def find(
        self, text: str, staff_id: str, *, reason: str = "", people: bool = False, limit: int = 20
    ) -> Findings:
        """What the text may mean.

        Args:
            text: As typed or pasted, from anybody: a text that can mean nothing has an outcome that says so.
            staff_id: Who looks; a person whom a phone number finds is noted in the access log as seen by them.
            reason: Why they look for a person; without it a phone number finds none.
            people: Whether they may see people.
            limit: How many hits at most, LIMIT_MAX of them or fewer.

        Raises:
            TimeoutError: It took too long.
        """
        limit = max(1, min(limit, LIMIT_MAX))
        if not is_readable(text):
            return Findings(FindOutcome.UNREADABLE)
        tidy = tidied(text)
        if letters_of(tidy) < SHORTEST:
            return Findings(FindOutcome.TOO_SHORT, tidy)
        meant = wanted(text)
        if meant.msisdn and people and not reason.strip():
            return Findings(FindOutcome.REASON, tidy)
        async with asyncio.timeout(FIND_S), asyncio.TaskGroup() as tasks:
            looking = [tasks.create_task(one.look(meant, limit + 1)) for one in self._parts.lookers]
            named = tasks.create_task(self._in_log(meant, limit + 1))
            whose = tasks.create_task(self._person(meant, staff_id, reason)) if people else None
        found, behind = named.result()
        kept = [hit for task in looking for hit in task.result()]
        hits = _merged([*(whose.result() if whose else ()), *kept, *found])
        outcome = FindOutcome.FOUND if hits else FindOutcome.NOTHING
        return Findings(outcome, tidy, hits[:limit], more=len(hits) > limit, behind=behind)

    async def _person(self, meant: Wanted, staff_id: str, reason: str) -> list[Found]:
        if not meant.msisdn:
            return []
        person = await self._parts.people.by_msisdn_seen(meant.msisdn, staff_id, " ".join(reason.split())[:200])
        return [Found(FoundKind.PERSON, person.id, FoundBy.PHONE, name=person.name)] if person else []

    async def _in_log(self, meant: Wanted, limit: int) -> tuple[list[Found], bool]:
        """What the ledger knows: causes and transfers, and whether some of it is not indexed yet."""
        causes = {cause: FoundBy.ID for cause in (meant.id, *meant.references) if cause}
        starting = await self._parts.names.causes_between(_spans(meant), limit)
        causes = dict.fromkeys(starting, FoundBy.PREFIX) | causes
        behind = False
        if meant.tail:
            ends = await self._parts.index.ends(Named.CAUSE, meant.tail, limit)
            behind = ends.behind
            mine = (row.cause for row in ends.rows if not meant.kind or row.cause.startswith(f"{meant.kind}_"))
            causes = dict.fromkeys(mine, FoundBy.TAIL) | causes
        # Ids begin with their moment, whatever their kind.
        newest = sorted(causes, key=lambda cause: (causes[cause] is FoundBy.ID, cause.rpartition("_")[2]), reverse=True)
        groups = await self._parts.names.some_caused_by(newest[: limit + len(meant.references)], COUNTED_MAX)
        transfers, lagging = await self._transfers(meant, limit)
        return [_group(cause, causes[cause], rows) for cause, rows in groups.items()] + transfers, behind or lagging

    async def _transfers(self, meant: Wanted, limit: int) -> tuple[list[Found], bool]:
        """By their own ids: 32 hexadecimal digits, or either end of them."""
        rows: dict[str, tuple[LogRow, FoundBy]] = {}
        behind = False
        if meant.hex_start:
            low, high = UUID(f"{meant.hex_start:0<32}"), UUID(f"{meant.hex_start:f<32}")
            by = FoundBy.ID if low == high else FoundBy.PREFIX
            for row in await self._parts.names.ids_between(low, high, limit):
                rows[row.transfer.id.hex] = row, by
        if meant.hex_tail and len(meant.hex_tail) < 32:
            ends = await self._parts.index.ends(Named.TRANSFER, meant.hex_tail, limit)
            behind = ends.behind
            new = [row.position for row in ends.rows[:limit] if row.id.hex not in rows]
            rows |= {row.transfer.id.hex: (row, FoundBy.TAIL) for row in await self._parts.names.rows_at(new)}
        return [_transfer(row, by) for row, by in rows.values()], behind


def _spans(meant: Wanted) -> list[Span]:
    """Where causes that begin so lie; without the letters of a kind each of them may be meant."""
    if meant.id or (meant.kind and meant.tail) or not (meant.kind or meant.start):
        return []
    kinds = [meant.kind] if meant.kind else list(KINDS)
    return [Span(*meant.bounds(kind), f"{kind}_{meant.start}") for kind in kinds]


def _group(cause: str, by: FoundBy, rows: Sequence[LogRow]) -> Found:
    amount = rows[0].transfer.amount
    kind = KINDS.get(cause.partition("_")[0], FoundKind.CAUSE)
    return Found(
        kind, cause, by, at=rows[0].booked_at, minor=amount.minor, asset=amount.asset.code, transfers=len(rows)
    )


def _transfer(row: LogRow, by: FoundBy) -> Found:
    transfer = row.transfer
    return Found(
        FoundKind.TRANSFER, str(transfer.id), by, at=row.booked_at, minor=transfer.amount.minor,
        asset=transfer.amount.asset.code, cause=transfer.cause,
    )  # fmt: skip


def _merged(hits: Iterable[Found]) -> list[Found]:
    """Each thing once, as the service that keeps it says it, with what the log knows; in the order of Findings."""
    once: dict[tuple[str, int, FoundKind | None], Found] = {}
    for hit in hits:
        # A cause of the log is the thing itself; a statement has many lines, and a transfer is its own.
        key = hit.id, hit.number, hit.kind if hit.kind is FoundKind.TERMINAL else None
        first = once.get(key)
        if first is None:
            once[key] = hit
        elif hit.transfers:
            once[key] = replace(first, transfers=hit.transfers)
    # Of one moment, too, the newer ids first.
    newest = sorted(once.values(), key=lambda hit: hit.id.rpartition("_")[2], reverse=True)
    return sorted(newest, key=_place)


def _place(hit: Found) -> tuple[int, float]:
    when = hit.at.timestamp() if hit.at else 0.0
    return _ORDER.get(hit.by, _PARTS.get(hit.by, len(_ORDER))), -when
