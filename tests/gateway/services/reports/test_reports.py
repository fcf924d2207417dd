"""What a report says is what the log says: each figure is folded again by hand, each total is the sum of its rows."""

import csv
import io
import itertools
import json
import random
import zipfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.reports import Name
from gateway.errors import BadInput, NotFound
from gateway.services.closing.cover import covers_of
from gateway.services.owed import OWED
from gateway.services.reports import AccountSpan, Cell, Report, ReportName, ReportRow, Reports, RoleSpan
from gateway.services.reports.benefits import months
from gateway.services.reports.files import csv_lines, json_lines, write_xlsx
from gateway.services.statements import days_of
from tests.gateway.services.reports.books import (
    BANK,
    EVERYTHING,
    KINDS,
    PAYABLE,
    TEHRAN,
    WALLETS,
    booked_on,
    fill,
    log_of,
    parts_of,
)
from tests.wallet.books import CHART
from wallet.accounts import AccountKind, Constraint, NormalSide
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import Money, irr
from wallet.transfers import LogRow, Transfer, TransferCode

BY_ID = {account.id: account for account in EVERYTHING}


@pytest.fixture
async def ledger(both_url: str, clock: ManualClock) -> AsyncIterator[Ledger]:
    made = await Ledger.open(both_url.replace("test.db", "wallet.db"), clock, zone=TEHRAN)
    await fill(made, clock, seed=7, days=45)
    yield made
    await made.close()


async def rows_of(report: Report) -> list[ReportRow]:
    rows = [row async for page in report.pages for row in page]
    width = len(report.columns)
    assert all(len(row.cells) == len(row.drills) == width for row in [*rows, *report.totals])
    return rows


def minor(cell: Cell) -> int:
    assert isinstance(cell, Money)
    return cell.minor


def sums(rows: Sequence[ReportRow], place: int) -> dict[str, int]:
    """The sum of a column by asset, where it is not nothing."""
    found: Counter[str] = Counter()
    for row in rows:
        cell = row.cells[place]
        if isinstance(cell, Money):
            found[cell.asset.code] += cell.minor
    return {asset: whole for asset, whole in found.items() if whole}


def spans(log: Sequence[LogRow]) -> Iterator[tuple[date, date]]:
    """Some stretches of days, the whole and days without anything among them."""
    chance = random.Random(3)  # noqa: S311 - a test, and the same each time
    first, last = booked_on(log[0]), booked_on(log[-1])
    yield first, last
    yield first - timedelta(days=9), first - timedelta(days=5)
    for _ in range(4):
        begins = first + timedelta(days=chance.randrange((last - first).days))
        yield begins, begins + timedelta(days=chance.randrange(12))


def nets(log: Sequence[LogRow], until: date, *, effective: bool = False) -> Counter[object]:
    """Debits over credits by account through a day."""
    found: Counter[object] = Counter()
    for row in log:
        day = (row.transfer.effective_on if effective else None) or booked_on(row)
        if day <= until:
            found[row.transfer.debit] += row.transfer.amount.minor
            found[row.transfer.credit] -= row.transfer.amount.minor
    return found


async def test_a_trial_balance_of_a_day_a_moment_or_a_position_is_the_log_folded(ledger: Ledger) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    day = booked_on(log[len(log) // 2])
    middle = log[len(log) // 3]
    cut = [row for row in log if row.position <= middle.position]
    end = datetime(day.year, day.month, day.day, tzinfo=TEHRAN) + timedelta(days=1, microseconds=-1)
    wanted = [
        (await reports.trial_balance(day=day), nets(log, day, effective=True)),
        (await reports.trial_balance(at=end), nets(log, day)),
        (await reports.trial_balance(position=middle.position), nets(cut, date.max)),
        (await reports.trial_balance(), nets(log, date.max)),
    ]
    for report, expected in wanted:
        by_role: Counter[str] = Counter()
        for account in EVERYTHING:
            sign = 1 if account.normal is NormalSide.DEBIT else -1
            by_role[f"{account.kind.value}:{account.role}:{account.asset.code}"] += sign * expected[account.id]
        rows = await rows_of(report)
        assert {str(row.cells[0]): minor(row.cells[4]) for row in rows} == dict(by_role)
        for place in (2, 3):
            assert sums(rows, place) == sums(report.totals, place)
        assert all(minor(row.cells[4]) == 0 for row in report.totals)
        assert {drill for row in rows for drill in row.drills if drill} >= {
            RoleSpan("liability", "wallet", report.through, report.last)
        }

    by_account = await reports.trial_balance(day=day, accounts=True)
    rows = await rows_of(by_account)
    assert sorted(str(row.cells[0]) for row in rows) == sorted(account.code for account in EVERYTHING)
    assert sums(rows, 1) == sums(by_account.totals, 1)


async def test_a_general_ledger_goes_from_balance_to_balance(ledger: Ledger) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    for first, last in spans(log):
        for what, accounts in (
            (BANK.code, [BANK]), (str(WALLETS[0].id), [WALLETS[0]]), ("liability:wallet", WALLETS),
        ):  # fmt: skip
            report = await reports.general_ledger(what, first, last)
            rows = await rows_of(report)
            inside = [row for row in log if first <= booked_on(row) <= last]
            mine = {account.id for account in accounts}
            moving = [row for row in rows if isinstance(row.cells[7], Money) or isinstance(row.cells[8], Money)]
            touched = sum((row.transfer.debit in mine) + (row.transfer.credit in mine) for row in inside)
            euros = sum(BY_ID[row.transfer.credit].asset.code == "EUR" for row in inside)
            assert len(moving) == touched + (euros if what == "liability:wallet" else 0)
            for place in (7, 8):
                assert sums(rows, place) == sums(report.totals, place)
            standing: dict[str, int] = {}
            for row in rows:
                code = str(row.cells[0])
                sign = 1 if code.startswith("asset") else -1
                shift = sum(sign * s * minor(c) for s, c in ((1, row.cells[7]), (-1, row.cells[8])) if c is not None)
                assert minor(row.cells[9]) == standing.get(code, minor(row.cells[9]) - shift) + shift
                standing[code] = minor(row.cells[9])
            closing = nets(log, last)
            for account in accounts:
                sign = 1 if account.normal is NormalSide.DEBIT else -1
                assert standing.get(account.code, 0) == sign * closing[account.id]


async def test_what_people_own_is_set_against_what_lies_at_the_bank_for_each_day(ledger: Ledger) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    first, last = booked_on(log[0]) - timedelta(days=1), booked_on(log[-1])
    report = await reports.float_cover(first, last)
    rows = await rows_of(report)

    assert len({row.cells[0] for row in rows}) == (last - first).days + 1
    for row in rows:
        day, asset, owed, trust, difference, share = row.cells
        assert isinstance(day, date)
        net = nets(log, day)
        nets_of = [
            -sum(net[one.id] for one in EVERYTHING if (one.role, one.asset.code) == (role, asset)) for role in OWED
        ]
        float_ = sum(max(0, net_of) for net_of in nets_of)
        bank = sum(net[one.id] for one in EVERYTHING if one.role == "trust_bank" and one.asset.code == asset)
        assert (minor(owed), minor(trust), minor(difference)) == (float_, bank, bank - float_)
        assert share == (bank * 10_000 // float_ if float_ > 0 else None)
    assert [row.cells for row in report.totals] == [row.cells for row in rows if row.cells[0] == last]


def test_float_is_every_liability_and_only_suspense_may_stand_on_its_other_side() -> None:
    liabilities = {role.name for role in CHART.roles.values() if role.kind is AccountKind.LIABILITY}

    assert liabilities == OWED
    assert {name for name in OWED if CHART.roles[name].constraint is Constraint.NONE} == {"suspense"}


@pytest.mark.parametrize("lent", [0, 1_000_000])
async def test_float_cover_says_what_the_close_of_day_says(ledger: Ledger, clock: ManualClock, lent: int) -> None:
    """Also where suspense stands on its other side: what somebody owes us covers nobody."""
    if lent:
        suspense, bank = CHART.account("suspense"), CHART.account("trust_bank")
        cause = new_id("exc", clock)
        owed = Transfer(transfer_id(cause, "x"), suspense.id, bank.id, irr(lent), TransferCode.CORRECTION, cause)
        assert (await ledger.post(owed))[0].outcome.stands
    today = clock.now().astimezone(TEHRAN).date()
    [row] = [row for row in (await Reports(parts_of(ledger)).float_cover(today, today)).totals if row.cells[1] == "IRR"]
    cover = covers_of(await ledger.trial_balance(), {}, clock.now())[0]
    assert (minor(row.cells[2]), minor(row.cells[3])) == (cover.float_minor, cover.trust_minor)


async def test_settlements_come_from_opening_to_closing_and_to_their_totals(ledger: Ledger) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    adds = {"opening", "gross", "fees_back", "returns", "approved", "other"}
    for first, last in spans(log):
        for report in (await reports.merchants(first, last), await reports.providers(first, last)):
            rows = await rows_of(report)
            names = [column.name for column in report.columns]
            before, after = nets(log, first - timedelta(days=1)), nets(log, last)
            role = "merchant_payable" if report.name is ReportName.MERCHANTS else "provider_payable"
            accounts = {one.owner: one for one in EVERYTHING if one.role == role}
            for row in rows:
                figures = dict(zip(names[3:], map(minor, row.cells[3:]), strict=True))
                closing = figures.pop("closing")
                account = accounts[str(row.cells[0])]
                assert closing == sum(value if name in adds else -value for name, value in figures.items())
                assert (figures["opening"], closing) == (-before[account.id], -after[account.id])
            for place in range(3, len(names)):
                assert sums(rows, place) == sums(report.totals, place), names[place]


async def test_spending_is_what_the_accounts_of_the_kinds_did_month_by_month(ledger: Ledger) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    for first, last in spans(log):
        report = await reports.benefits(first, last)
        rows = await rows_of(report)
        expected: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for month, begins, ends in months(first, last):
            for row in log:
                if begins <= booked_on(row) <= ends:
                    for account in KINDS:
                        found = expected[month, f"benefit_kind.{account.owner}"]
                        is_mine = account.id in (row.transfer.debit, row.transfer.credit)
                        found[0] += is_mine
                        found[1] += row.transfer.amount.minor * (row.transfer.debit == account.id)
                        found[2] += row.transfer.amount.minor * (row.transfer.credit == account.id)
        got = {(row.cells[0], row.cells[1]): [row.cells[3], minor(row.cells[4]), minor(row.cells[5])] for row in rows}
        assert got == {key: figures for key, figures in expected.items() if figures[0]}
        for place in (4, 5, 6):
            assert sums(rows, place) == sums(report.totals, place)


async def test_every_figure_leads_to_movements_that_make_it(ledger: Ledger) -> None:
    log = await log_of(ledger)
    report = await Reports(parts_of(ledger)).merchants(booked_on(log[0]), booked_on(log[-1]))
    rows = await rows_of(report)
    assert {row.drills[-1] for row in rows} == {row.drills[0] for row in rows}
    assert {drill.account for row in rows if isinstance(drill := row.drills[0], AccountSpan)} == {
        one.id for one in PAYABLE
    }
    for row in rows:
        drill = row.drills[report.columns.index(next(c for c in report.columns if c.name == "closing"))]
        assert isinstance(drill, AccountSpan)
        opening = minor(row.cells[3])
        moved = await ledger.movements_between(drill.account, after=drill.after, through=drill.through, limit=10_000)
        shift = sum((-1 if one.is_debit else 1) * one.transfer.amount.minor for one in moved if one.transfer.kind.moves)
        assert opening + shift == minor(row.cells[-1])


async def test_a_file_has_the_rows_and_the_totals(ledger: Ledger, tmp_path: Path) -> None:
    reports, log = Reports(parts_of(ledger)), await log_of(ledger)
    days = booked_on(log[0]), booked_on(log[-1])
    for name in ReportName:
        made = [await reports.named(name, *days, what=BANK.code) for _ in range(4)]
        rows = await rows_of(made[0])
        lines = list(csv.reader(io.StringIO("".join([line async for line in csv_lines(made[1])]))))
        objects = [json.loads(line) for line in [line async for line in json_lines(made[2])]]
        count = await write_xlsx(made[3], tmp_path / f"{name.value}.xlsx")
        assert lines[0] == [column.name for column in made[1].columns]
        assert len(lines) - 1 == len(objects) == count == len(rows) + len(made[0].totals)
        with zipfile.ZipFile(tmp_path / f"{name.value}.xlsx") as book:
            assert book.read("xl/worksheets/sheet1.xml").decode().count("<row ") == count + 1


async def test_what_cannot_be_reported_is_refused(ledger: Ledger) -> None:
    reports, day = Reports(parts_of(ledger)), date(2026, 11, 22)
    with pytest.raises(BadInput, match="before"):
        await reports.float_cover(day, day - timedelta(days=1))
    with pytest.raises(BadInput, match="366"):
        await reports.merchants(day, day + timedelta(days=366))
    for what in ("", "x" * 500):
        with pytest.raises(BadInput):
            await reports.general_ledger(what, day, day)
    for what in (
        "asset:wallet:per_a:IRR",
        "liability:wallet:per_nobody:IRR",
        "liability:%",
        "wallet",
        f"{BANK.id}"[:-1],
    ):
        with pytest.raises(NotFound):
            await reports.general_ledger(what, day, day)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 400))
def test_months_part_the_days_without_gap_or_overlap(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    parts = list(months(first, last))

    assert (parts[0][1], parts[-1][2]) == (first, last)
    for (_, _, before), (_, begins, _) in itertools.pairwise(parts):
        assert begins - before == timedelta(days=1)
    for month, begins, ends in parts:
        whole = days_of(month)
        assert whole[0] <= begins <= ends <= whole[1]


def test_the_command_line_knows_every_report() -> None:
    assert [name.value for name in Name] == [name.value for name in ReportName]
