"""The front door of this service: a closed day is proved again from its rows alone."""

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from gateway.services.closing import plain, seals
from gateway.services.closing.cover import sums_of
from gateway.services.closing.covering import Covering
from gateway.services.closing.model import DOCUMENT_KIND, CloseState, RowFinding, Verified
from gateway.services.closing.sections import Scope
from gateway.services.closing.tables import DAYS, FIGURES
from gateway.services.signing import ProofOutcome
from gateway.store.octets import octets_of
from wallet.clock import from_us, to_us
from wallet.periods import Period, PeriodState
from wallet.transfers import RoleSum

Progress = Callable[[str, int, int], None]
"""Called with `rows` or `ledger`, how many were read, and all of them."""


class Closing(Covering):
    """Checks, seals and closes days, and proves closed ones.

    `checklist`, `excuse`, `ask`, `sweep`, `verify`; `days`, `months`, `late`, `cover` for lists.
    """

    async def sweep(self) -> int:
        """Measure the cover, and take what is going on one step further; a worker's tick."""
        await self.measure()
        return await self.advance()

    async def verify(self, day: date, progress: Progress | None = None) -> Verified:
        """Compute the seal of a closed day again from the rows alone, and name the first row that is another one.

        What was signed, the pages of leaves, every row of the day, and the whole ledger up to its end.
        """
        period = await self._period(day)
        if period is None:
            return await self._unclosed(day)
        rows = await self._store.read(octets_of(DAYS).where(DAYS.c.id == period.cause))
        if not rows:
            return _wrong(day, period.cause, "is missing")
        row = rows[0]
        if (finding := await self._untrue(row, period)) is not None:
            return Verified(day, period.cause, 0, 0, finding)
        # Everything that is read of it now is what was signed.
        roots = plain.roots_of(json.loads(row.roots))
        scope = Scope(period.cause, day, from_us(int(row.asked_at)), ())
        total, read = sum(root.count for root in roots), 0

        def count(more: int) -> None:
            nonlocal read
            read += more
            if progress is not None:
                progress("rows", min(read, total), total)

        finding = await self._sections.finding(scope, roots, count)
        transfers = 0
        if finding is None:
            transfers, finding = await self._book(row, progress)
        return Verified(day, period.cause, total, transfers, finding)

    async def _untrue(self, row: Row[Any], period: Period) -> RowFinding | None:
        """What is wrong with a closing's row: every column is what was signed, or follows from the signature."""

        def wrong(what: str, table: str = DAYS.name) -> RowFinding:
            return RowFinding(table, period.cause, what)

        digest = seals.digest_of({name: getattr(row, name) for name in seals.SEALED_COLUMNS})
        if digest != row.digest or row.day != _text(period.through.isoformat()):
            return wrong("is not what its hash was made of")
        if row.trial_seal != period.seal:
            return wrong("its trial balance is not the one that the ledger was closed with")
        proof = await self._parts.papers.proof(DOCUMENT_KIND, period.cause, digest)
        if proof.outcome is not ProofOutcome.SIGNED:
            return wrong(f"the signature proves nothing: {proof.outcome.value}", "signing_documents")
        people = json.dumps(sorted({one.principal for one in proof.signatures}), separators=(",", ":"))
        moments = [to_us(one.signed_at) for one in proof.signatures]
        rest = {
            "state": _text(CloseState.SIGNED.value), "signed_by": _text(people), "reason": b"", "current_day": row.day,
            "signed_at": _text(str(max(moments))) if moments else row.signed_at, "open_key": None, "worker": b"",
            "worker_until": None,
        }  # fmt: skip
        others = (name for name, value in rest.items() if getattr(row, name) != value)
        name = next(others, "")
        return wrong(f"{name} is not what follows from its signature") if name else None

    async def _book(self, row: Row[Any], progress: Progress | None) -> tuple[int, RowFinding | None]:
        """The ledger's own check, and that it has the block that was signed."""

        def show(done: int, total: int) -> None:
            if progress is not None:
                progress("ledger", done, total)

        found = await self._ledger.verify(show)
        if found.finding is not None:
            return found.transfers, RowFinding(found.finding.table, found.finding.key, found.finding.what)
        number, position = int(row.block), int(row.position)
        block = await self._ledger.block(number)
        signed = block is not None and block.hash == row.head_hash
        if block is None or not signed or block.first_position + block.transfers - 1 != position:
            return found.transfers, RowFinding("block", str(number), "is not the one that was signed")
        return found.transfers, await self._unfounded(row)

    async def _unfounded(self, row: Row[Any]) -> RowFinding | None:
        """What was sealed beside the ledger, held against it: the day's figures, and the head that was published."""
        day = date.fromisoformat(row.day.decode())
        kept = await self._store.read(select(FIGURES).where(FIGURES.c.day == day))
        if not kept or _moved(sums_of(kept[0].sums)) != _moved(await self.sums_in_book(day)):
            return RowFinding(FIGURES.name, str(day), "is not what the ledger says")
        number = int(row.block)
        if (fault := await self._parts.heads.fault_of(number, row.head_hash)) is not None:
            return RowFinding("heads_published", str(number), fault)
        return None

    async def _period(self, day: date) -> Period | None:
        """The closing of the ledger through this day that a signed day has caused."""
        periods = await self._ledger.periods()
        mine = (one for one in periods if one.state is PeriodState.CLOSED and one.through == day)
        return next((one for one in mine if one.cause.startswith("dcl_")), None)

    async def _unclosed(self, day: date) -> Verified:
        """The ledger knows of no closing of ours; nor may the store."""
        signed = DAYS.c.state == CloseState.SIGNED.value
        rows = await self._store.read(select(DAYS.c.id).where(signed, DAYS.c.day == day))
        if not rows:
            return Verified(day, "", 0, 0, None)
        found = (await self._ledger.verify()).finding
        if found is not None:
            return Verified(day, rows[0].id, 0, 0, RowFinding(found.table, found.key, found.what))
        return _wrong(day, rows[0].id, "the ledger was never closed by it")


def _moved(sums: Iterable[RoleSum]) -> set[tuple[str, str, str, int, int]]:
    """Sums without how many accounts there are: some are opened later."""
    figures = ((row.kind, row.role, row.asset, row.debits_posted, row.credits_posted) for row in sums)
    return {one for one in figures if one[3] or one[4]}


def _wrong(day: date, close_id: str, what: str) -> Verified:
    return Verified(day, close_id, 0, 0, RowFinding("closing_days", close_id, what))


def _text(text: str) -> bytes:
    return text.encode()
