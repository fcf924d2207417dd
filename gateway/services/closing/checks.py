"""The checks of a day: pure rules over what others say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.services.banking import DayStatement, Finding
from gateway.services.closing.model import Cell, Check, CheckName, Cover, Fact, FactName
from gateway.services.closing.ports import BreakCount, Doubt, FlowRun, UnsignedBreak
from gateway.services.closing.transit import Standing
from wallet.heads import SignedHead
from wallet.money import ASSETS, IRR, Money
from wallet.transfers import RoleSum

SHOWN_MAX = 20
"""Things of one kind that a check names; the rest is counted."""
PATHS: Mapping[CheckName, str] = {
    CheckName.STATEMENTS: "/bank",
    CheckName.RECONCILED: "/reconciliation",
    CheckName.TRIAL_BALANCE: "/ledger",
    CheckName.FLOAT_COVERED: "/reports/float_cover",
    CheckName.TRANSIT: "/ledger",
    CheckName.UNKNOWN: "/payouts",
    CheckName.BREAKS: "/breaks",
    CheckName.HEADS: "/ledger",
}
"""Where in the console it is put right."""
EXCUSABLE = frozenset({CheckName.STATEMENTS, CheckName.TRANSIT, CheckName.UNKNOWN})
"""What others may keep from being right, whatever we do: the bank, a rail."""
_BAD = frozenset({Finding.GAP, Finding.OPENING, Finding.AGAIN})


def statements(
    accounts: Sequence[str], closings: Sequence[DayStatement], reading: Sequence[str], *, rest: bool
) -> Check:
    """Each account has a closing statement of the day that follows the one before it; on days of rest it needs none."""
    facts = [Fact(FactName.READING, name) for name in reading[:SHOWN_MAX]] + _more(reading)
    passed = not reading and bool(accounts)
    if not accounts:
        facts.append(Fact(FactName.MISSING, ""))
    for account in accounts:
        mine = [one for one in closings if one.account == account]
        if not mine:
            facts.append(Fact(FactName.REST if rest else FactName.MISSING, account, account))
        passed = passed and (bool(mine) or rest) and not any(_BAD.intersection(one.findings) for one in mine)
        for one in mine[:SHOWN_MAX]:
            facts += _statement(one)
        facts += _more(mine, account)
    return _check(CheckName.STATEMENTS, facts, passed=passed)


def _statement(one: DayStatement) -> list[Fact]:
    number, closed = one.before or (0, None)
    wanted: list[tuple[FactName, Cell | None]] = [
        (FactName.STATEMENT, one.name),
        (FactName.NUMBER, one.number or None),
        (FactName.OPENING, _money(one.opening, one.asset)),
        (FactName.CLOSING, _money(one.closing, one.asset)),
    ]
    if Finding.GAP in one.findings:
        wanted += [(FactName.EXPECTED_NUMBER, number + 1), (FactName.GAP, one.number - number - 1)]
    if Finding.OPENING in one.findings and one.opening is not None and closed is not None:
        wanted.append((FactName.EXPECTED_OPENING, _money(closed, one.asset)))
        wanted.append((FactName.DIFFERENCE, _money(one.opening - closed, one.asset)))
    other = (Finding.AGAIN, Finding.BATCH)
    wanted += [(FactName.FINDING, finding.value) for finding in one.findings if finding in other]
    return [Fact(name, cell, one.account) for name, cell in wanted if cell is not None]


def reconciled(day: date, runs: Sequence[FlowRun] | None, over: datetime, stated: datetime) -> Check:
    """Each flow was reconciled through the day by a run that began when all that counts was in.

    That is when the day was over, and for a flow that reads the bank's statements not before `stated` either, when the
    last of them came.
    """
    if not runs:
        return _check(CheckName.RECONCILED, [Fact(FactName.MISSING, "")], passed=False)
    facts, passed = list[Fact](), True
    for run in runs:
        facts.append(Fact(FactName.THROUGH, run.through or "", run.flow))
        if run.finished_at is not None:
            facts.append(Fact(FactName.FINISHED, run.finished_at, run.flow))
        since = max(over, stated) if run.banked else over
        reaches = run.through is not None and run.through >= day and run.finished_at is not None
        if reaches and (run.started_at is None or run.started_at < since):
            facts.append(Fact(FactName.OUTDATED, since, run.flow))
            reaches = False
        passed = passed and reaches
    return _check(CheckName.RECONCILED, facts, passed=passed)


def trial_balance(sums: Sequence[RoleSum]) -> Check:
    """Debits equal credits for each asset."""
    totals: dict[str, tuple[int, int]] = {}
    for row in sums:
        debits, credits_ = totals.get(row.asset, (0, 0))
        totals[row.asset] = debits + row.debits_posted, credits_ + row.credits_posted
    facts, passed = list[Fact](), True
    for asset, (debits, credits_) in sorted(totals.items()):
        shown = [(FactName.DEBITS, debits), (FactName.CREDITS, credits_), (FactName.DIFFERENCE, debits - credits_)]
        facts += [_amount(name, minor, asset, asset) for name, minor in shown]
        passed = passed and debits == credits_
    return _check(CheckName.TRIAL_BALANCE, facts, passed=passed)


def float_covered(covers: Sequence[Cover]) -> Check:
    """What is owed to people is no more than the money at the bank, for each currency."""
    facts = list[Fact]()
    for cover in covers:
        shown = [(FactName.FLOAT, cover.float_minor), (FactName.TRUST, cover.trust_minor)]
        shown.append((FactName.DIFFERENCE, cover.trust_minor - cover.float_minor))
        shown += [(FactName.CASH, cover.cash_minor)] if cover.cash_minor else []
        shown += [(FactName.BANK, cover.bank_minor)] if cover.bank_minor is not None else []
        facts += [_amount(name, minor, cover.asset, cover.asset) for name, minor in shown]
    return _check(CheckName.FLOAT_COVERED, facts, passed=not any(cover.short_minor for cover in covers))


def transit(standings: Sequence[Standing]) -> Check:
    """No account through which money only passes holds any for longer than it may."""
    stuck = [one for one in standings if one.stuck_minor]
    facts = list[Fact]()
    for one in stuck[:SHOWN_MAX]:
        facts.append(_amount(FactName.BALANCE, one.balance_minor, one.asset, one.code))
        facts.append(_amount(FactName.STUCK, one.stuck_minor, one.asset, one.code))
        facts.append(Fact(FactName.SINCE, one.since, one.code))
    facts += _more(stuck)
    roles: dict[tuple[str, str], int] = {}
    for one in standings:
        roles[one.role, one.asset] = roles.get((one.role, one.asset), 0) + one.balance_minor
    facts += [_amount(FactName.BALANCE, minor, asset, role) for (role, asset), minor in sorted(roles.items())]
    return _check(CheckName.TRANSIT, facts, passed=not stuck)


def unknown(doubts: Sequence[Doubt], hours: int) -> Check:
    """Nothing has been unknown for more than some hours; no moment of now is shown, or no explanation would hold."""
    facts = [Fact(FactName.HOURS, hours), Fact(FactName.COUNT, len(doubts))]
    for one in doubts[:SHOWN_MAX]:
        facts += [_amount(FactName.BALANCE, one.minor, IRR.code, one.id), Fact(FactName.OLDEST, one.since, one.id)]
    return _check(CheckName.UNKNOWN, facts + _more(doubts), passed=not doubts)


def breaks(unsigned: Sequence[UnsignedBreak] | None, counts: Sequence[BreakCount]) -> Check:
    """Somebody has signed for each break that stands."""
    if unsigned is None:
        return _check(CheckName.BREAKS, [Fact(FactName.MISSING, "")], passed=False)
    facts = list[Fact]()
    for name, explained in ((FactName.OPEN, False), (FactName.EXPLAINED, True)):
        mine = [count for count in counts if count.explained is explained]
        facts.append(Fact(name, sum(count.count for count in mine)))
        facts += [_amount(name, count.minor, count.asset, count.asset) for count in mine]
    facts += [_amount(FactName.UNSIGNED, one.minor, one.asset, one.id) for one in unsigned[:SHOWN_MAX]]
    return _check(CheckName.BREAKS, facts + _more(unsigned), passed=not unsigned)


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """The newest published head, what is wrong with it or '', and the last position of the day."""

    newest: SignedHead | None
    fault: str
    position: int


def heads(found: HeadFacts) -> Check:
    """A head was published that vouches for the whole day."""
    facts = [Fact(FactName.POSITION, found.position)]
    newest = found.newest
    if newest is not None:
        facts += [Fact(FactName.BLOCK, newest.block), Fact(FactName.PUBLISHED, newest.published_at)]
    if found.fault:
        facts.append(Fact(FactName.FAULT, found.fault))
    reaches = found.position <= (newest.position if newest is not None else 0)
    return _check(CheckName.HEADS, facts, passed=reaches and not found.fault)


def _check(name: CheckName, facts: Sequence[Fact], *, passed: bool) -> Check:
    return Check(name, passed, True, tuple(facts), PATHS[name], name in EXCUSABLE)


def _more(things: Sequence[object], of: str = "") -> list[Fact]:
    rest = len(things) - SHOWN_MAX
    return [Fact(FactName.MORE, rest, of)] if rest > 0 else []


def _amount(name: FactName, minor: int, asset: str, of: str) -> Fact:
    return Fact(name, _money(minor, asset) or 0, of)


def _money(minor: int | None, asset: str) -> Money | int | None:
    return Money(minor, ASSETS[asset]) if minor is not None and asset in ASSETS else minor
