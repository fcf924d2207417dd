"""Budget lines, and what a batch holds of its line and of the trust account until it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.errors import BadInput
from gateway.services.payouts.answers import PayoutOutcome, Stop
from gateway.services.payouts.book import LEDGER, Log, asset_of, change, held
from gateway.services.payouts.drafting import Drafting
from gateway.services.payouts.making import is_line
from gateway.services.payouts.model import PAID_STATES, BatchState, Budget
from gateway.services.payouts.tables import GIVEN, IS_FROZEN, ITEMS
from gateway.store import insert_ignore
from wallet.accounts import Account
from wallet.ids import new_id, transfer_id
from wallet.money import IRR, MINOR_MAX, Asset, Money
from wallet.transfers import Outcome, PostResult, Transfer, TransferCode, TransferKind

OWED_ROLES = frozenset(
    {"wallet", "merchant_clearing", "merchant_payable", "provider_payable", "claim_codes", "rail_payable", "suspense"}
)
"""What the trust account stands for: what is paid from one of these is in the sum already, and is not held twice."""
FREE_ROLES = frozenset({"suspense", "merchant_payable"})
"""What is paid from here was taken from its budget when it was first paid, or was never the institution's to spend."""
RENEW_BEFORE = timedelta(days=5)
_LEGS = ("budget", "cover")


class Budgets(Drafting):
    """Money that may be spent, in the ledger."""

    async def appropriate(
        self, line: str, amount: Money, staff_id: str, reason: str, *, given_id: str = ""
    ) -> PayoutOutcome:
        """Give money to a budget line, which begins with its first; the same `given_id` (`bud_…`) again gives once.

        Raises:
            BadInput: Not a budget line's form, or no amount.
        """
        reason = " ".join(reason.split())[:200]
        if not reason:
            return PayoutOutcome.REASON_MISSING
        if not is_line(line) or not 0 < amount.minor <= MINOR_MAX:
            raise BadInput("a budget line is 1 to 40 of a-z, 0-9, dot, dash and underscore, and is given something")
        row = {
            "id": given_id or new_id("bud", self._clock), "line": line, "amount_minor": amount.minor,
            "asset": amount.asset.code, "staff_id": staff_id, "reason": reason, "at": self._clock.now(),
            "posted_at": None,
        }  # fmt: skip
        await self._store.write(lambda tx: insert_ignore(tx, GIVEN, row))
        await self._give(str(row["id"]), line, amount)
        return PayoutOutcome.OK

    async def budgets(self, asset: Asset = IRR) -> list[Budget]:
        """Every budget line, by name."""
        query = select(GIVEN.c.line).where(GIVEN.c.asset == asset.code).distinct().order_by(GIVEN.c.line)
        lines = [row.line for row in await self._store.read(query)]
        return [found for line in lines if (found := await self.budget(line, asset)) is not None]

    async def budget(self, line: str, asset: Asset = IRR) -> Budget | None:
        """One budget line; None if nothing was ever given to it."""
        sums = await self._ledger.balances(self._chart.id("budget", line, asset))
        if sums is None:
            return None
        given, held_, spent = sums.credits_posted, sums.debits_held, sums.debits_posted
        return Budget(line, *(Money(minor, asset) for minor in (given, held_, spent, sums.available_credit)))

    async def cover(self, asset: Asset = IRR) -> Money:
        """What the trust account has beyond what it stands for and what batches hold of it; negative if it lacks."""
        trust = await self._ledger.balances(self._chart.id("trust_bank", "", asset))
        net = 0 if trust is None else trust.debits_posted - trust.credits_posted - trust.credits_held
        sums = await self._ledger.trial_balance()
        owed = [one for one in sums if one.role in OWED_ROLES and one.asset == asset.code]
        return Money(net - sum(one.credits_posted - one.debits_posted for one in owed), asset)

    async def _sweep_given(self) -> int:
        """Post what a crash left unposted; how many."""
        before = self._clock.now() - timedelta(seconds=self._settings.sweep_after_s)
        rows = await self._store.read(select(GIVEN).where(GIVEN.c.posted_at.is_(None), GIVEN.c.at < before).limit(100))
        for row in rows:
            await self._give(row.id, row.line, Money(row.amount_minor, asset_of(row)))
        return len(rows)

    async def _give(self, id_: str, line: str, amount: Money) -> None:
        contra = self._chart.account("budget_contra", "", amount.asset)
        budget = self._chart.account("budget", line, amount.asset)
        await self._ledger.open_accounts(contra, budget)
        given = Transfer(transfer_id(id_, "give"), contra.id, budget.id, amount, TransferCode.BUDGET, id_)
        (result,) = await self._ledger.post(given)
        assert result.outcome.stands, f"a budget takes what it is given: {result.outcome.name}"
        done = update(GIVEN).where(GIVEN.c.id == id_).values(posted_at=self._clock.now())
        await self._store.write(lambda tx: tx.execute(done).rowcount)

    async def _hold(self, row: Row[Any]) -> bool:
        """Hold the budget and the cover of a signed batch, as one entry; False if there is too little of one.

        The intent is stored first, with everything that the entry says; the same entry again is harmless.
        """
        if row.hold in {"", "over"}:
            row = await self._hold_asked(row)
        if row.hold == "voiding":
            return await self._void(row, Stop.NO_COVER)
        if row.hold != "asked":
            return bool(row.hold == "held")
        await self._ledger.open_accounts(*(account for pair in self._accounts(row).values() for account in pair))
        results = await self._post(self._holds(row, row.hold_try))
        bad = [result.outcome for result in results if not result.outcome.stands]
        if bad:
            known = bad[0] if bad[0] is not Outcome.LINKED_FAILED else bad[-1]
            reason = known.name.lower()
            await self._hold_over(row, Stop.NO_BUDGET, reason)
            return False
        if (await self.cover(asset_of(row))).minor >= 0:
            return True

        def work(tx: Connection) -> Row[Any] | None:
            mine = held(tx, row.id)
            if mine is not None and mine.hold == "asked" and mine.hold_try == row.hold_try:
                change(tx, row.id, hold="voiding")
            return held(tx, row.id)

        now_row = await self._store.write(work)
        assert now_row is not None, "batches stay"
        return await self._void(now_row, Stop.NO_COVER) if now_row.hold == "voiding" else bool(now_row.hold == "held")

    async def _hold_asked(self, row: Row[Any]) -> Row[Any]:
        mine = (ITEMS.c.batch_id == row.id) & IS_FROZEN
        query = select(ITEMS.c.debit_role, func.sum(ITEMS.c.amount_minor)).where(mine).group_by(ITEMS.c.debit_role)
        sums = {one[0]: int(one[1]) for one in await self._store.read(query)}
        budget = sum(minor for role, minor in sums.items() if role not in FREE_ROLES)
        cover = sum(minor for role, minor in sums.items() if role not in OWED_ROLES)
        until = self._clock.now() + timedelta(days=self._settings.payout_hold_days)

        def work(tx: Connection) -> Row[Any]:
            again = held(tx, row.id)
            assert again is not None, "batches stay"
            if again.state == BatchState.APPROVED and again.hold in {"", "over"}:
                asked = {"hold": "asked", "hold_try": again.hold_try + 1, "hold_until": until}
                change(tx, row.id, **asked, hold_budget=budget, hold_cover=cover)
                again = held(tx, row.id)
                assert again is not None, "it is held"
            return again

        return await self._store.write(work)

    async def _void(self, row: Row[Any], stop: Stop) -> bool:
        await self._post(self._released(row, row.hold_try, 0))
        await self._hold_over(row, stop, stop.value)
        return False

    async def _hold_over(self, row: Row[Any], stop: Stop, reason: str) -> None:
        now = self._clock.now()

        def work(tx: Connection) -> None:
            mine = held(tx, row.id)
            if mine is not None and mine.hold in {"asked", "voiding"} and mine.hold_try == row.hold_try:
                ended = {"hold": "over", "stopped": stop.value, "due_at": None}
                Log(tx, mine, LEDGER, now).batch(BatchState(mine.state), reason, **ended)

        await self._store.write(work)

    async def _settle_hold(self, row: Row[Any]) -> None:
        """The batch is over: what was paid leaves the budget, the rest of both holds is free; harmless twice."""
        mine = (ITEMS.c.batch_id == row.id) & IS_FROZEN & ITEMS.c.state.in_(sorted(PAID_STATES))
        paid = select(func.sum(ITEMS.c.amount_minor)).where(mine, ITEMS.c.debit_role.not_in(FREE_ROLES))
        spent = int((await self._store.read(paid))[0][0] or 0)
        results = await self._post(self._released(row, row.hold_try, spent))
        if any(result.outcome is Outcome.HOLD_EXPIRED for result in results) and spent:
            # Renewing came too late; what was spent is booked all the same.
            debit, credit = self._accounts(row)["budget"]
            late = transfer_id(row.id, "spent", row.hold_try)
            await self._post([Transfer(late, debit.id, credit.id, Money(spent, asset_of(row)), _CODE, row.id)])

    async def _renew(self, row: Row[Any]) -> bool:
        """Hold anew what a long batch holds, before the ledger lets it go; one entry, so never twice and never not."""
        if row.hold != "held" or row.hold_until - self._clock.now() > RENEW_BEFORE:
            return False
        until = self._clock.now() + timedelta(days=self._settings.payout_hold_days)

        def work(tx: Connection) -> Row[Any] | None:
            mine = held(tx, row.id)
            if mine is not None and mine.hold == "held" and mine.hold_try == row.hold_try and not mine.hold_next:
                change(tx, row.id, hold_next=until)
            return held(tx, row.id)

        asked = await self._store.write(work)
        if asked is None or asked.hold_try != row.hold_try or asked.hold_next is None:
            return False
        old = [_linked(one) for one in self._released(asked, asked.hold_try, 0)]
        results = await self._post([*old, *self._holds(asked, asked.hold_try + 1, asked.hold_next)])
        if not all(result.outcome.stands for result in results):
            return False

        def done(tx: Connection) -> None:
            mine = held(tx, row.id)
            if mine is not None and mine.hold_try == row.hold_try and mine.hold_next is not None:
                change(tx, row.id, hold_try=mine.hold_try + 1, hold_until=mine.hold_next, hold_next=None)

        await self._store.write(done)
        return True

    def _accounts(self, row: Row[Any]) -> dict[str, tuple[Account, Account]]:
        asset, chart = asset_of(row), self._chart
        budget = (chart.account("budget", row.line, asset), chart.account("budget_contra", "", asset))
        cover = (chart.account("payout_expense", row.line, asset), chart.account("trust_bank", "", asset))
        return {"budget": budget, "cover": cover}

    def _holds(self, row: Row[Any], try_: int, until: Any = None) -> list[Transfer]:  # noqa: ANN401 - a moment or None
        legs = []
        for leg, minor in zip(_LEGS, (row.hold_budget, row.hold_cover), strict=True):
            if minor:
                debit, credit = self._accounts(row)[leg]
                legs.append(
                    Transfer(
                        id=transfer_id(row.id, f"hold {leg}", try_), debit=debit.id, credit=credit.id,
                        amount=Money(minor, asset_of(row)), code=_CODE, cause=row.id, kind=TransferKind.HOLD,
                        expires_at=until or row.hold_until, linked=True,
                    )
                )  # fmt: skip
        return _ended(legs)

    def _released(self, row: Row[Any], try_: int, spent: int) -> list[Transfer]:
        """What ends both holds: `spent` leaves the budget."""
        legs = []
        for leg, minor in zip(_LEGS, (row.hold_budget, row.hold_cover), strict=True):
            if minor:
                debit, credit = self._accounts(row)[leg]
                captured = min(spent, minor) if leg == "budget" else 0
                legs.append(
                    Transfer(
                        id=transfer_id(row.id, f"{'use' if captured else 'free'} {leg}", try_), debit=debit.id,
                        credit=credit.id, amount=Money(captured or minor, asset_of(row)), code=_CODE, cause=row.id,
                        kind=TransferKind.CAPTURE if captured else TransferKind.VOID,
                        hold_id=transfer_id(row.id, f"hold {leg}", try_), linked=True,
                    )
                )  # fmt: skip
        return _ended(legs)

    async def _post(self, transfers: Sequence[Transfer]) -> list[PostResult]:
        return await self._ledger.post(*transfers) if transfers else []


_CODE = TransferCode.PAYOUT_HOLD


def _linked(transfer: Transfer) -> Transfer:
    return replace(transfer, linked=True)


def _ended(legs: list[Transfer]) -> list[Transfer]:
    """One entry: the last leg is linked to nothing."""
    return [*legs[:-1], replace(legs[-1], linked=False)] if legs else []
