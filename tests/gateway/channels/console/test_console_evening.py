"""The finance evening in the console: Today, the close of days, finding, reports, and the ledger of any moment."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from gateway.channels.console.roles import MENU
from gateway.channels.console.spans import Span, chosen, usual
from gateway.channels.console.stacks import WIDTH, stack
from gateway.channels.console.words import Words
from gateway.services.closing import CheckName, CloseState, Late, RowFinding
from gateway.services.finding import Found, FoundBy, FoundKind
from gateway.services.reports import ReportName
from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.evenings import TODAY, YESTERDAY
from tests.gateway.channels.console.test_console_words import TEHRAN
from tests.gateway.channels.console.world import World
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode


async def paid(world: World, amount: int, *, day: object = None, cause: str = "") -> Transfer:
    """Money from the bank to somebody's wallet; `day` is its effective date if that is another."""
    chart, cause = world.deps.chart, cause or new_id("ses", world.clock)
    bank, wallet = chart.account("trust_bank"), chart.account("wallet", "per_01K8ZZZZZZZZZZZZZZZZZZZZZZ")
    await world.ledger.open_accounts(bank, wallet)
    made = Transfer(
        transfer_id(cause, "x"), bank.id, wallet.id, irr(amount), TransferCode.BENEFIT, cause,
        effective_on=day,  # type: ignore[arg-type]
    )  # fmt: skip
    assert (await world.ledger.post(made))[0].outcome.stands
    return made


async def file(desk: Desk, path: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    text = (await (await desk.ask("GET", path, {})).read()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def test_today_says_what_finance_must_do_and_others_see_theirs_alone(signed_in: SignIn, world: World) -> None:
    world.closing.failing = {CheckName.STATEMENTS}
    world.breaks.ages.fill()
    document = world.signing.add("Pay 7 people, batch B7", "finance")
    finance = await signed_in("finance")
    body = (await finance.get("/"))[1]
    assert "7 of 8 checks let the day be closed." in body
    assert 'data-url="/console/today/cover.json"' in body
    assert f'href="/console/signing/{document.id}">Pay 7 people, batch B7</a>' in body
    assert re.findall(r'href="/console/breaks\?flow=\w+">(\d+)</a>', body) == ["20", "7"]
    assert 'href="/console/reconciliation/bank">Bank payments</a>' in body
    assert re.findall(r'href="/console/breaks\?bucket=\w+">(\d+)</a>', body) == ["12", "7", "4", "3", "1"]
    assert 'role="alert"' not in body
    other = (await (await signed_in("officer")).get("/"))[1]
    assert "cover.json" not in other
    assert "checks let the day" not in other


async def test_a_float_above_the_trust_account_is_an_alarm(signed_in: SignIn, world: World) -> None:
    world.closing.owed, world.closing.held = 900_000_001, 900_000_000
    body = (await (await signed_in("finance")).get("/"))[1]
    assert 'role="alert">The float is higher than the trust account.' in body
    assert "too little" in body


async def test_the_chart_has_the_figures_of_the_table_and_no_amount_loses_a_digit(
    signed_in: SignIn, world: World
) -> None:
    world.closing.owed = 2**60 + 1
    finance = await signed_in("finance")
    answer = await finance.ask("GET", "/today/cover.json", {})
    said = json.loads(await answer.text())
    assert said["days"][-1] == "2026-11-22"
    assert said["series"][0]["values"][-1] == str(2**60 + 1)
    assert [len(one["values"]) for one in said["series"]] == [10, 10]
    body = (await finance.get("/"))[1]
    assert Words("en", TEHRAN).money(irr(2**60 + 1)) in body


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_stack_fills_its_width_and_each_part_can_be_seen(language: str) -> None:
    words = Words(language, TEHRAN)
    drawn = str(stack([("a", 10_000), ("b", 0), ("c", 1), ("d", 1)], words))
    boxes = sorted((int(x), int(width)) for x, width in re.findall(r'rect x="(\d+)" y="0" width="(\d+)"', drawn))
    assert len(boxes) == 3
    assert min(width for _, width in boxes) >= 20
    assert all(left + width <= right for (left, width), (right, _) in pairwise(boxes))
    assert boxes[-1][0] + boxes[-1][1] <= WIDTH
    longest = max(boxes, key=lambda box: box[1])
    assert longest == (boxes[-1] if language == "fa" else boxes[0])
    assert f'aria-label="a: {words.number(10_000)}' in drawn


async def test_a_day_is_asked_for_sealed_signed_and_verified(signed_in: SignIn, world: World) -> None:
    finance = await signed_in("finance")
    assert "Nothing stands in the way" in (await finance.get("/close"))[1]
    status, where = await finance.post("/close/ask", day=YESTERDAY.isoformat())
    [made] = world.closing.closes.values()
    assert (status, where) == (303, f"/console/close/{made.id}?said=close_asked")
    assert "The day is being sealed. Load the page again" in (await finance.get(f"/close/{made.id}"))[1]
    document = world.signing.add("Close", "signatory", kind="day_close")
    subject = replace(document.document, subject=made.id)
    world.signing.documents[document.id] = replace(document, document=subject)
    world.closing.closes[made.id] = replace(made, state=CloseState.ASKED)
    treasurer = await signed_in("treasurer")
    assert f"/console/signing/{document.id}" in (await treasurer.get(f"/close/{made.id}"))[1]
    assert (await treasurer.post("/close/ask", day=YESTERDAY.isoformat()))[0] == 403
    assert (await treasurer.post(f"/close/{made.id}/verify"))[0] == 404
    world.closing.closes[made.id] = replace(made, state=CloseState.SIGNED)
    assert "1,204 rows and 31 entries" in (await treasurer.post(f"/close/{made.id}/verify"))[1]
    world.closing.broken = RowFinding("banking_lines", "stm_01:4", "the amount differs")
    body = (await finance.post(f"/close/{made.id}/verify"))[1]
    assert 'role="alert"' in body
    assert "banking_lines stm_01:4: the amount differs" in body


async def test_what_blocks_says_what_to_do_where_and_takes_an_explanation(signed_in: SignIn, world: World) -> None:
    world.closing.failing = {CheckName.STATEMENTS, CheckName.BREAKS}
    finance = await signed_in("finance")
    body = (await finance.get("/close"))[1]
    assert "Bring the statement that is missing" in body
    assert 'href="/console/bank">Bank</a>' in body
    assert "IR820540102680020817909002" in body
    assert body.count("Close nevertheless: explain why") == 1
    assert "Close 2026-11-21</button>" not in body
    day = YESTERDAY.isoformat()
    answers = [
        ({"check": "statements", "reason": "too short"}, "refused=excuse_reason"),
        ({"check": "statements", "reason": "a" * 301}, "refused=excuse_reason"),
        ({"check": "breaks", "reason": "the bank was shut"}, "refused=excuse_not_excusable"),
        ({"check": "transit", "reason": "the bank was shut"}, "refused=excuse_passed"),
        ({"check": "statements", "reason": "the bank was shut"}, "said=excused"),
    ]
    for fields, wanted in answers:
        status, where = await finance.post("/close/explain", day=day, **fields)
        assert (status, where.endswith(wanted)) == (303, True), (fields, where)
    assert "Farah Finance, 2026-11-22 11:30:00: the bank was shut" in " ".join((await finance.get("/close"))[1].split())
    assert (await finance.post("/close/explain", day=day, check="nonsense", reason="the bank was shut"))[0] == 400
    assert (await finance.post("/close/ask", day=day))[1].endswith("refused=close_checks")
    assert (await finance.post("/close/ask", day=TODAY.isoformat()))[1].endswith("refused=close_not_next")
    assert (await finance.post("/close/ask", day="tomorrow"))[0] == 400


async def test_what_came_in_late_is_shown_with_the_day_that_it_belongs_to(signed_in: SignIn, world: World) -> None:
    await paid(world, 1_000)
    rows = list(await world.ledger.follow(after=0, limit=1))
    world.closing.late_entries = Late(rows, ["stm_01K8ZZZZZZZZZZZZZZZZZZZZZZ"])
    made = world.closing.add(YESTERDAY, CloseState.SIGNED)
    finance = await signed_in("finance")
    body = (await finance.get(f"/close/{made.id}"))[1]
    assert f"/console/ledger/transfers/{rows[0].transfer.id}" in body
    assert "/console/bank/statements/stm_01K8ZZZZZZZZZZZZZZZZZZZZZZ" in body
    assert (
        f"/console/ledger/transfers/{rows[0].transfer.id}"
        not in (await (await signed_in("treasurer")).get(f"/close/{made.id}"))[1]
    )


async def test_the_trial_balance_of_a_moment_a_position_and_a_day(signed_in: SignIn, world: World) -> None:
    """Three payments: one yesterday, one today, and one today that belongs to yesterday."""
    finance = await signed_in("finance")
    await paid(world, 1_000)
    world.clock.advance(timedelta(days=1))
    await paid(world, 20_000)
    await paid(world, 300_000, day=TODAY)
    finance = await signed_in("finance")
    cases = [
        ("", "321,000"),
        (f"?at={TODAY}T23:59:59", "1,000"),
        ("?position=2", "21,000"),
        ("?position=99999", "321,000"),
        (f"?day={TODAY}", "301,000"),
        (f"?day={TODAY + timedelta(days=1)}", "321,000"),
    ]
    for query, total in cases:
        body = (await finance.get(f"/ledger{query}"))[1]
        assert "the difference is zero" in body
        foot = body[body.index("<tfoot") : body.index("</tfoot")]
        assert f">{total}\N{NO-BREAK SPACE}IRR<" in foot, (query, foot)
        assert sum(int(row["Debits"]) for row in await file(finance, f"/ledger/trial-balance.csv{query}")) == int(
            total.replace(",", "")
        )
    empty = (await finance.get("/ledger?at=2026-01-01T00:00:00"))[1]
    assert "No account had an entry by then." in empty
    for wrong in ("?at=2999-01-01T00:00", "?at=x", "?day=2027-01-01", "?day=2026-11-22&position=1", "?position=-1"):
        assert (await finance.get(f"/ledger{wrong}"))[0] == 400, wrong


async def test_from_a_figure_of_a_day_to_the_account_the_transfer_and_its_cause(
    signed_in: SignIn, world: World
) -> None:
    first = await paid(world, 1_000)
    world.clock.advance(timedelta(days=1))
    await paid(world, 20_000)
    finance = await signed_in("finance")
    page = (await finance.get(f"/ledger?day={TODAY}"))[1]
    where = re.findall(r'href="/console(/ledger/accounts\?day=[^"]+under=liability:wallet)"', page)[0]
    page = (await finance.get(where.replace("&amp;", "&")))[1]
    where = re.findall(r'href="/console(/ledger/accounts/[0-9a-f-]{36}\?day=[^"]+)"', page)[0]
    page = (await finance.get(where))[1]
    assert "<dt>Balance</dt><dd>1,000\N{NO-BREAK SPACE}IRR</dd>" in page
    [where] = set(re.findall(r'href="/console(/ledger/transfers/[0-9a-f-]{36})"', page))
    assert where.endswith(str(first.id))
    page = (await finance.get(where))[1]
    assert f"/console/cause/{first.cause}" in page
    assert "Nothing takes it back or corrects it." in page
    assert (await finance.get("/ledger/transfers/00000000-0000-0000-0000-000000000000"))[0] == 404


async def test_an_account_s_movements_of_some_days_open_and_close_with_its_balance(
    signed_in: SignIn, world: World
) -> None:
    for amount in (1_000, 20_000, 300_000):
        await paid(world, amount)
        world.clock.advance(timedelta(days=1))
    account = world.deps.chart.account("trust_bank").id
    finance = await signed_in("finance")
    second = TODAY + timedelta(days=1)
    for query in (f"first={second}&last={second}", "after=1&through=2"):
        body = (await finance.get(f"/ledger/accounts/{account}?{query}"))[1]
        assert "<dt>Opens with</dt><dd>1,000\N{NO-BREAK SPACE}IRR" in body, body[body.index("<dl") :][:900]
        assert "<dt>Closes with</dt><dd>21,000\N{NO-BREAK SPACE}IRR" in body
        assert len(set(re.findall(r"/console/ledger/transfers/[0-9a-f-]{36}", body))) == 1
        text = (await (await finance.ask("GET", f"/ledger/accounts/{account}.csv?{query}", {})).read()).decode(
            "utf-8-sig"
        )
        assert [row["Balance"] for row in csv.DictReader(io.StringIO(text))] == ["21000"]
    whole = (await (await finance.ask("GET", f"/ledger/accounts/{account}.csv", {})).read()).decode("utf-8-sig")
    assert len(whole.splitlines()) == 4
    assert (await finance.get(f"/ledger/accounts/{account}?first=2026-12-01&last=2026-11-01"))[0] == 400


async def test_the_journal_of_a_day_ends_with_it_and_so_does_its_file(signed_in: SignIn, world: World) -> None:
    for amount in (1_000, 20_000, 300_000):
        await paid(world, amount)
        world.clock.advance(timedelta(days=1))
    finance = await signed_in("finance")
    second = TODAY + timedelta(days=1)
    body = (await finance.get(f"/ledger/journal?day={second}"))[1]
    assert len(set(re.findall(r"/console/ledger/transfers/[0-9a-f-]{36}", body))) == 2
    rows = await file(finance, f"/ledger/journal.csv?first={second}&last={second}")
    assert [row["Amount"] for row in rows] == ["20000"]
    page = (await finance.get("/ledger/journal?position=2"))[1]
    where = re.findall(r'href="/console(/ledger/journal\.csv[^"]*)"', page)[0]
    assert [row["Amount"] for row in await file(finance, where)] == ["1000", "20000"]


async def test_periods_are_shown_with_what_is_closed(signed_in: SignIn) -> None:
    body = (await (await signed_in("finance")).get("/ledger/periods"))[1]
    assert "21 / 30" in body
    assert "The ledger was never closed." in body


async def test_the_box_finds_by_kind_and_a_phone_number_asks_for_a_reason(signed_in: SignIn, world: World) -> None:
    claim = new_id("clm", world.clock)
    world.finding.found = [
        Found(FoundKind.CLAIM, claim, FoundBy.TAIL, world.clock.now(), minor=27_000_000, asset="IRR", transfers=2),
        Found(FoundKind.STATEMENT_LINE, "stm_01K8ZZZZZZZZZZZZZZZZZZZZZZ", FoundBy.REFERENCE, number=4, name=claim),
    ]
    finance = await signed_in("finance")
    assert 'action="/console/find" role="search"' in (await finance.get("/"))[1]
    status, body = await finance.post("/find", q=claim[-6:])
    assert status == 200
    assert f'href="/console/claims/{claim}"' in body
    assert f'href="/console/cause/{claim}">2</a>' in body
    assert 'href="/console/bank/statements/stm_01K8ZZZZZZZZZZZZZZZZZZZZZZ?after=3"' in body
    assert "27,000,000\N{NO-BREAK SPACE}IRR" in body
    assert (await finance.get(f"/find?q={claim}"))[1].count("<caption") == 2
    assert "Say why you look for this person." in (await finance.post("/find", q="09120000001"))[1]
    assert "Nothing found." in (await finance.post("/find", q="09120000001", reason="she called"))[1]
    assert world.finding.asked[-1] == ("09120000001", world.ids["finance"], "she called", True)
    assert (await finance.post("/find", q="abc"))[0] == 400
    assert (await finance.post("/find", q="x" * 300))[0] == 400
    clerk = await signed_in("clerk")
    assert 'action="/console/find"' not in (await clerk.get("/"))[1]
    assert (await clerk.get("/find?q=abcd"))[0] == 403


@pytest.mark.parametrize("name", list(ReportName))
async def test_a_report_is_a_page_and_two_files(signed_in: SignIn, world: World, name: ReportName) -> None:
    finance = await signed_in("finance")
    query = "first=2026-10-01&last=2026-10-31&what=asset:trust_bank:IRR"
    status, body = await finance.get(f"/reports/{name.value}?{query}")
    assert (status, "2026-10-01 – 2026-10-31" in body) == (200, True)
    assert "1.2\N{NO-BREAK SPACE}%" in body or "123.4" in body
    assert "/console/cause/ses_01K8" in body
    account = world.deps.chart.account("trust_bank").id
    assert f"/console/ledger/accounts/{account}?after=1&amp;through=9" in body
    assert [row["Balance"] for row in await file(finance, f"/reports/{name.value}.csv?{query}")] == ["0", "1000"]
    assert (await finance.ask("GET", f"/reports/{name.value}.xlsx?{query}", {})).headers["X-Rows"] == "2"
    assert world.reports.asked[-1][0] is name


async def test_a_long_report_shows_its_beginning_and_says_so(signed_in: SignIn, world: World) -> None:
    world.reports.rows = 501
    finance = await signed_in("finance")
    body = (await finance.get("/reports/float_cover"))[1]
    assert "The page shows the first rows" in body
    assert body.count("/console/cause/ses_01K8") == 500
    assert (await finance.ask("GET", "/reports/float_cover.xlsx", {})).headers["X-Rows"] == "501"


async def test_a_general_ledger_asks_of_which_account(signed_in: SignIn) -> None:
    finance = await signed_in("finance")
    assert "Type an account or a role above." in (await finance.get("/reports/general_ledger"))[1]
    assert (await finance.get("/reports/general_ledger.csv"))[0] == 400
    assert (await finance.get("/reports/general_ledger?what=liability:nothing"))[0] == 404
    assert (await finance.get("/reports/general_ledger?what=%3Cscript%3E"))[0] == 400
    assert (await finance.get("/reports/nonsense"))[0] == 404


async def test_a_report_in_persian_has_latin_digits_in_its_file_alone(signed_in: SignIn) -> None:
    finance = await signed_in("finance")
    await finance.post("/language", language="fa")
    query = "first=2026-10-01&last=2026-10-31"
    assert "۱۲۳٫۴\N{NO-BREAK SPACE}%" in (await finance.get(f"/reports/float_cover?{query}"))[1]
    rows = await file(finance, f"/reports/float_cover.csv?{query}")
    assert [list(row.values())[3:] for row in rows] == [["123.45", "0"], ["123.45", "1000"]]


@pytest.mark.parametrize("ending", ["", ".csv", ".xlsx"])
async def test_a_general_ledger_of_somebody_s_account_is_a_view_of_that_person(
    signed_in: SignIn, world: World, ending: str
) -> None:
    await paid(world, 1_000)
    wallet = world.deps.chart.account("wallet", "per_01K8ZZZZZZZZZZZZZZZZZZZZZZ")
    finance = await signed_in("finance")
    asked = [("liability:wallet", 0), ("asset:trust_bank:IRR", 0), (wallet.code, 1), (str(wallet.id), 2)]
    for what, views in asked:
        assert (await finance.ask("GET", f"/reports/general_ledger{ending}?what={what}", {})).status == 200
        assert len(await world.access.of_staff(world.ids["finance"], limit=9)) == views, what


async def test_days_that_have_not_come_are_left_out_of_a_report(signed_in: SignIn, world: World) -> None:
    finance = await signed_in("finance")
    for first in (YESTERDAY, TODAY + timedelta(days=2)):
        assert (await finance.get(f"/reports/trial_balance?first={first}&last={TODAY + timedelta(days=9)}"))[0] == 200
        assert world.reports.asked[-1][1:3] == (min(first, TODAY), TODAY)


def test_no_two_lines_of_a_menu_have_the_same_key() -> None:
    keys = [item.key for item in MENU if item.key]
    assert len(keys) == len(set(keys))
    assert not {"g", "j", "u"} & set(keys) - {"j"}


def test_the_months_of_a_reader_are_those_of_their_calendar(world: World) -> None:
    for language, month, year in (("en", "2026-11-01", "2026-01-01"), ("fa", "2026-11-22", "2026-03-21")):
        visit = Looking(world, language)
        found = {choice.name: choice.span for choice in usual(visit)}  # type: ignore[arg-type]
        assert found["month"] == Span(type(TODAY).fromisoformat(month), TODAY)
        assert found["year"].first.isoformat() == year
        assert found["month_before"].last == found["month"].first - timedelta(days=1)
        assert chosen(visit, None, None).last == TODAY  # type: ignore[arg-type]


class Looking:
    """As much of a visit as says what day it is and for whom."""

    def __init__(self, world: World, language: str) -> None:
        self.deps, self.words = world.deps, Words(language, TEHRAN)
