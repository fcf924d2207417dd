"""Looking: the facts of a day are brought together and judged; its figures are kept once they cannot change."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from gateway.errors import SettingsFault
from gateway.services.banking import DayStatement
from gateway.services.closing import checks, plain
from gateway.services.closing.book import Days, Parts
from gateway.services.closing.cover import covers_of, of_sums, sums_of
from gateway.services.closing.model import Check, Checklist, CheckName, Cover, Excuse, ExcuseOutcome
from gateway.services.closing.tables import DAYS, EXCUSES, FIGURES
from gateway.services.closing.transit import Transit
from gateway.store import insert_ignore
from wallet import statements
from wallet.heads import in_book
from wallet.periods import PeriodState
from wallet.transfers import RoleSum

REASON_MIN, REASON_MAX = 10, 300
_ASKED_MAX = checks.SHOWN_MAX * 5
"""Things of one kind that are asked for, so that the rest can be counted."""
_JOINERS = {0x200C: None, 0x200D: None}
"""They do not show, and Persian cannot be written without."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Looking(Days):
    """Judges days."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        settings = parts.settings
        days = {
            "rail_payable": settings.close_rail_days,
            "merchant_clearing": settings.close_clearing_days,
            "claim_codes": settings.close_claims_days,
            "suspense": settings.close_suspense_days,
        }
        self._transit = Transit(parts.ledger, parts.chart, self._zone, days)
        self._rest = frozenset(settings.bank_rest_days.split(",")) - {""}
        if unknown := self._rest - set(_WEEKDAYS):
            raise SettingsFault(f"bank_rest_days: there is no {min(unknown)}; there are {', '.join(_WEEKDAYS)}")

    async def checklist(self, day: date) -> Checklist:
        """Every check of a day as it stands now."""
        closings = await self._parts.bank.closings(day)
        found = [
            checks.statements(
                await self._parts.bank.accounts(),
                closings,
                await self._parts.bank.reading(day),
                rest=_WEEKDAYS[day.weekday()] in self._rest,
            ),
            await self._reconciled(day, closings),
            checks.trial_balance(sums := await self.sums_of(day)),
            checks.float_covered(await self._covers_at(day, sums)),
            checks.transit(await self._transit.standings(day)),
            await self._unknown(),
            await self._breaks(day),
            await self._heads(day),
        ]
        excuses = await self._excuses(day)
        excused = [_excused(check, excuses) for check in found]
        return Checklist(day, tuple(excused), self._clock.now())

    async def excuse(self, day: date, name: CheckName, reason: str, staff_id: str) -> ExcuseOutcome:
        """Explain why a day may be closed although a check fails; it holds for what the check shows now.

        Whoever explains does not sign the day.
        """
        reason = " ".join(reason.split())
        if not REASON_MIN <= len(reason) <= REASON_MAX or not reason.translate(_JOINERS).isprintable():
            return ExcuseOutcome.REASON
        if await self.by_day(day) is not None:
            return ExcuseOutcome.CLOSING
        if name not in checks.EXCUSABLE:
            return ExcuseOutcome.NOT_EXCUSABLE
        check = next(check for check in (await self.checklist(day)).checks if check.name is name)
        if check.passed:
            return ExcuseOutcome.PASSED
        row = {
            "day": day, "name": name.value, "facts": plain.facts_hash(check.facts), "reason": reason,
            "staff_id": staff_id, "at": self._clock.now(),
        }  # fmt: skip
        return await self._store.write(lambda tx: _explain(tx, row))

    async def sums_of(self, day: date) -> list[RoleSum]:
        """The trial balance by role as it was booked by a day's end; kept once nothing can be booked before that."""
        position = await self.position_of(day)
        kept = await self._store.read(select(FIGURES).where(FIGURES.c.day == day))
        if kept and kept[0].position == position:
            return sums_of(kept[0].sums)
        sums = await self._sums_at(position)
        if await self._is_final(day):
            row = {"day": day, "position": position, "sums": of_sums(sums)}
            await self._store.write(lambda tx: _keep(tx, row))
        return sums

    async def forget_sums(self, day: date) -> None:
        """Have the book say the sums of a day anew."""
        await self._store.write(lambda tx: tx.execute(FIGURES.delete().where(FIGURES.c.day == day)).rowcount)

    async def sums_in_book(self, day: date) -> list[RoleSum]:
        """The trial balance by role as it was booked by a day's end, from the book alone."""
        return await self._sums_at(await self.position_of(day))

    async def _sums_at(self, position: int) -> list[RoleSum]:
        totals: dict[tuple[str, str, str], tuple[int, int, int]] = {}
        async for account, debited, credited in statements.trial_balance(self._ledger, statements.Cut(position)):
            key = account.kind.value, account.role, account.asset.code
            count, debits, credits_ = totals.get(key, (0, 0, 0))
            totals[key] = count + 1, debits + debited, credits_ + credited
        return [RoleSum(*key, *figures) for key, figures in sorted(totals.items())]

    async def _is_final(self, day: date) -> bool:
        soft = self.closed_of(await self._ledger.periods(), PeriodState.SOFT)
        if soft is not None and day <= soft:
            return True
        head = await self._ledger.head()
        return head.block > 0 and head.booked_at >= self.over(day)

    async def _covers_at(self, day: date, sums: Sequence[RoleSum]) -> list[Cover]:
        return covers_of(sums, await self._bank_says(day), self.over(day))

    async def _bank_says(self, through: date) -> dict[str, int]:
        """What the bank says that it has, by asset."""
        said: dict[str, int] = {}
        for one in await self._parts.bank.latest(through):
            said[one.asset] = said.get(one.asset, 0) + (one.closing or 0)
        return said

    async def _reconciled(self, day: date, closings: Sequence[DayStatement]) -> Check:
        runs = None if self._parts.flows is None else await self._parts.flows.runs()
        over = self.over(day)
        return checks.reconciled(day, runs, over, max([one.at for one in closings], default=over))

    async def _unknown(self) -> Check:
        before = self._clock.now() - timedelta(hours=self._parts.settings.close_unknown_h)
        doubts = [one for asked in self._parts.doubts for one in await asked.unknown(before, limit=_ASKED_MAX)]
        in_order = sorted(doubts, key=lambda one: (one.since, one.id))
        return checks.unknown(in_order, self._parts.settings.close_unknown_h)

    async def _breaks(self, day: date) -> Check:
        asked = self._parts.breaks
        if asked is None:
            return checks.breaks(None, ())
        return checks.breaks(await asked.unsigned(day, limit=_ASKED_MAX), await asked.counts())

    async def _heads(self, day: date) -> Check:
        newest = await self._parts.heads.newest()
        fault = None if newest is None else in_book(newest, await self._ledger.block(newest.block))
        return checks.heads(checks.HeadFacts(newest, fault or "", await self.position_of(day)))

    async def _excuses(self, day: date) -> dict[tuple[str, str], Excuse]:
        rows = await self._store.read(select(EXCUSES).where(EXCUSES.c.day == day))
        return {(row.name, row.facts): Excuse(row.reason, row.staff_id, row.at) for row in rows}


def excusers(found: Collection[Check]) -> frozenset[str]:
    """Who has explained something."""
    return frozenset(check.excuse.staff_id for check in found if check.excuse is not None)


def _excused(check: Check, excuses: dict[tuple[str, str], Excuse]) -> Check:
    excuse = excuses.get((check.name.value, plain.facts_hash(check.facts))) if not check.passed else None
    if excuse is None or not check.excusable:
        return check
    return Check(check.name, check.passed, check.blocking, check.facts, check.path, check.excusable, excuse)


def _explain(tx: Connection, row: dict[str, Any]) -> ExcuseOutcome:
    """Keep an explanation, unless the day was asked for meanwhile: it would come after those that are sealed."""
    if tx.execute(select(DAYS.c.id).where(DAYS.c.current_day == row["day"])).first() is not None:
        return ExcuseOutcome.CLOSING
    insert_ignore(tx, EXCUSES, row)
    return ExcuseOutcome.OK


def _keep(tx: Connection, row: dict[str, Any]) -> None:
    tx.execute(FIGURES.delete().where(FIGURES.c.day == row["day"], FIGURES.c.position != row["position"]))
    insert_ignore(tx, FIGURES, row)
