"""Reconciliation's pages: how flows stand, runs, three columns, links and their undoing, the filter, the files."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape

from gateway.services.finding import Found, FoundBy, FoundKind
from gateway.services.reconciliation import ChangeKind, FlowName, RunState, What
from tests.gateway.channels.console.books import row
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.test_console_bank import bring, seventh
from tests.gateway.channels.console.world import World
from wallet.reconciliation import BreakType, Reason, Rule, Side, Verdict

BANK = "/reconciliation/bank"
LINE = "stm_01KB0000000000000000000001"


async def test_each_flow_shows_its_last_run_and_what_became_of_the_rows_of_each_book(
    signed_in: SignIn, world: World
) -> None:
    books = world.reconciliation
    books.ran()
    books.add(row(Side.LEDGER, "l1", -700), row(Side.BANK, f"{LINE}:1", -700), verdict=Verdict.MATCHED)
    books.add(row(Side.LEDGER, "l2", -300))
    page = (await (await signed_in("finance")).get("/reconciliation"))[1]

    assert "66.7\N{NO-BREAK SPACE}% of rows matched" in page
    assert "\N{MINUS SIGN}300\N{NO-BREAK SPACE}IRR" in page
    assert page.count("Never reconciled") == len(FlowName) - 1
    assert 'href="/console/bank"' in page


async def test_a_gap_between_statements_is_said_where_books_are_reconciled(signed_in: SignIn) -> None:
    desk = await signed_in("finance")
    await bring(desk, seventh())
    assert "Statements that do not follow each other" not in (await desk.get("/reconciliation"))[1]
    await bring(desk, seventh(sequence=9))
    page = (await desk.get("/reconciliation"))[1]

    assert "Statements that do not follow each other" in page
    assert "A statement is missing: ask the bank for the one before it" in page


async def test_a_run_is_started_watched_and_says_what_it_has_changed(signed_in: SignIn, world: World) -> None:
    desk, books = await signed_in("finance"), world.reconciliation
    status, where = await desk.post(f"{BANK}/run", through="2026-11-21")
    run = books.runs_[-1]

    assert (status, where) == (303, f"/console/reconciliation/runs/{run.id}?said=recon_started")
    assert (run.through, run.staff_id) == (date(2026, 11, 21), world.ids["finance"])
    assert "A run is at work" in (await desk.get("/reconciliation"))[1]
    assert (
        f'hx-get="/console/reconciliation/runs/{run.id}/now"' in (await desk.get(f"/reconciliation/runs/{run.id}"))[1]
    )
    done = books.ran()
    books.change(done, ChangeKind.REOPENED, books.add(row(Side.LEDGER, "l1", -300)))
    page = (await desk.get(f"/reconciliation/runs/{done.id}"))[1]
    assert ("Was matched, open again" in page, "hx-get" in page) == (True, False)
    stopped = books.ran(RunState.STOPPED, reason="the bank's book does not answer")
    assert "the bank&#39;s book does not answer" in (await desk.get(f"/reconciliation/runs/{stopped.id}/now"))[1]


async def test_a_run_through_a_day_that_is_none_or_not_there_yet_is_not_started(
    signed_in: SignIn, world: World
) -> None:
    desk = await signed_in("finance")
    for through in ("2026-11-23", "tomorrow", ""):
        assert (await desk.post(f"{BANK}/run", through=through))[1].endswith("refused=recon_day")
    world.reconciliation.busy = True
    assert (await desk.post(f"{BANK}/run", through="2026-11-20"))[1].endswith("refused=recon_busy")
    assert not world.reconciliation.runs_


async def test_open_groups_stand_in_three_columns_with_what_agrees(signed_in: SignIn, world: World) -> None:
    books = world.reconciliation
    odd = books.add(
        row(Side.LEDGER, "l1", -450_000, party="Nader Hosseini", end_to_end="B7-9", own="itm_01KB"),
        row(Side.BANK, f"{LINE}:7", -540_000, party="HOSSEINI NADER", end_to_end="B7-9"),
        verdict=Verdict.DIFFERS, rule=Rule.END_TO_END, broken=BreakType.AMOUNT, difference=-90_000,
    )  # fmt: skip
    found = world.breaks.add(odd)
    page = unescape((await (await signed_in("finance")).get(BANK))[1])

    assert re.findall(r'class="(yes|no|near|unknown)">', page) == ["no", "yes", "yes", "yes"]
    assert f'href="/console/bank/statements/{LINE}?after=6"' in page
    assert 'href="/console/cause/itm_01KB"' in page
    assert f'href="/console/breaks/{found.id}"' in page
    assert "\N{MINUS SIGN}90,000" in page


async def test_several_rows_stand_as_one_block_with_their_sum_and_very_many_are_cut(
    signed_in: SignIn, world: World
) -> None:
    books = world.reconciliation
    parts = [books.add(row(Side.LEDGER, f"l{n:02d}", -100)) for n in range(12)]
    books.suggest(*parts, books.add(row(Side.BANK, f"{LINE}:1", -1200)), reasons=[Reason.SUM_OF_SEVERAL], score=71)
    page = (await (await signed_in("finance")).get(BANK))[1]

    assert "Sum of 12: \N{MINUS SIGN}1,200\N{NO-BREAK SPACE}IRR" in page
    assert "and 4 more" in page
    assert "Several make exactly this sum" in page


async def test_a_flow_without_a_bank_has_two_columns(signed_in: SignIn, world: World) -> None:
    world.reconciliation.add(row(Side.RAIL, "itm_1", 5), flow=FlowName.FEES, broken=BreakType.MISSING_LEDGER)
    page = (await (await signed_in("finance")).get("/reconciliation/fees"))[1]
    assert len(re.findall(r'<th role="columnheader" scope="col" class="book">', page)) == 2


async def test_a_suggestion_is_accepted_with_its_reasons_and_undone(signed_in: SignIn, world: World) -> None:
    desk, books = await signed_in("finance"), world.reconciliation
    books.suggest(books.add(row(Side.LEDGER, "l1", -5)), books.add(row(Side.BANK, f"{LINE}:1", -5)))
    name = books.suggested[0].id
    assert (await desk.post(f"{BANK}/accept", suggestion=name))[1] == f"/console{BANK}?said=recon_linked"
    assert books.said[0].reason == "Suggestion accepted (score 90): Same amount"
    assert (await desk.post(f"{BANK}/accept", suggestion=name))[1].endswith("refused=recon_suggestion_gone")
    assert (await desk.post(f"{BANK}/accept", suggestion="?"))[1].endswith("refused=recon_suggestion_gone")

    found = re.search(r'name="undo" value="(rcg_\w+)"', (await desk.get(BANK))[1])
    assert found
    assert (await desk.post(f"{BANK}/undo", undo=found[1], reason="typed too fast"))[1].endswith("said=recon_unlinked")
    assert [one.what for one in books.said] == [What.LINKED, What.UNLINKED]
    assert (await desk.post(f"{BANK}/undo", undo=found[1], reason="again"))[1].endswith("refused=recon_unknown")
    assert "data-undo" not in (await desk.get(BANK))[1]


async def test_what_is_chosen_is_summed_and_linked_with_a_reason(signed_in: SignIn, world: World) -> None:
    desk, books = await signed_in("finance"), world.reconciliation
    one, two = books.add(row(Side.LEDGER, "l1", -500)), books.add(row(Side.BANK, f"{LINE}:1", -480))
    both = f"group={one.id}&group={two.id}"
    told = (await desk.get(f"{BANK}/sum?{both}"))[1]
    assert "Chosen: 2" in told
    assert "Difference: <b>20\N{NO-BREAK SPACE}IRR" in told
    chosen: dict[str, str | list[str]] = {"group": [one.id, two.id], "view": "open", "text": "", "amount": ""}
    assert (await desk.post(f"{BANK}/link", **chosen, reason=" "))[1].endswith("refused=recon_reason")
    assert (await desk.post(f"{BANK}/link", group=one.id, reason="alone"))[1].endswith("refused=recon_choose")
    fields: dict[str, str | list[str]] = {**chosen, "verdict": "only_ours", "reason": "fee kept by the bank"}
    assert (await desk.post(f"{BANK}/link", **fields))[1] == f"/console{BANK}?verdict=only_ours&said=recon_differs"
    assert (await desk.post(f"{BANK}/link", **fields))[1].endswith("refused=recon_choose")


async def test_a_group_of_another_flow_is_neither_linked_nor_undone_here(signed_in: SignIn, world: World) -> None:
    desk, books = await signed_in("finance"), world.reconciliation
    mine, other = books.add(row(Side.LEDGER, "l1", -5)), books.add(row(Side.RAIL, "r1", -5), flow=FlowName.FEES)
    assert (await desk.post(f"{BANK}/link", group=[mine.id, other.id], reason="why not"))[1].endswith("recon_choose")
    assert (await desk.post(f"{BANK}/undo", undo=other.id, reason="why not"))[1].endswith("refused=recon_unknown")
    assert books.said == []


NARROWED: list[tuple[str, set[str]]] = [
    ("", {"l1", "l2", "b1"}),
    ("verdict=only_theirs", {"b1"}),
    ("side=ledger", {"l1", "l2"}),
    ("amount=500", {"l1"}),
    ("amount=۵۰۰", {"l1"}),
    ("day=2026-11-20", {"l2"}),
    ("text=moradi", {"l2"}),
    ("text=B7", {"l1"}),
    ("text=nobody", set()),
    ("verdict=&side=&amount=&day=&text=&rule=", {"l1", "l2", "b1"}),
    ("view=matched", {"m1"}),
    ("view=matched&rule=sum", set()),
]
NO_FILTERS = ("verdict=lost", "day=yesterday", "amount=much", "after=x", "view=all", "group=../x", "more=1")


async def test_groups_are_narrowed_and_the_file_has_what_the_page_has(signed_in: SignIn, world: World) -> None:
    books = world.reconciliation
    books.add(row(Side.LEDGER, "l1", -500, end_to_end="B7-1"))
    books.add(row(Side.LEDGER, "l2", -300, on=date(2026, 11, 20), party="Sara Moradi"))
    books.add(row(Side.BANK, "b1", 70), verdict=Verdict.ONLY_THEIRS, broken=BreakType.MISSING_LEDGER)
    books.add(row(Side.LEDGER, "m1", -9), row(Side.BANK, "m1", -9), verdict=Verdict.MATCHED, rule=Rule.END_TO_END)
    desk = await signed_in("finance")
    for asked, found in NARROWED:
        text = (await desk.get(f"{BANK}.csv?{asked}"))[1]
        page = (await desk.get(f"{BANK}?{asked}"))[1]
        assert {line["Row"] for line in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))} == found, asked
        assert len(re.findall(r'data-row="rcg_', page)) == len(found), asked
    for asked in NO_FILTERS:
        assert (await desk.get(f"{BANK}?{asked}"))[0] == 400, asked


async def test_a_long_list_goes_on_and_keeps_what_was_chosen(signed_in: SignIn, world: World) -> None:
    books = world.reconciliation
    made = sorted(books.add(row(Side.LEDGER, f"l{n:02d}", -n - 1)).id for n in range(30))
    desk = await signed_in("finance")
    first = (await desk.get(BANK))[1]
    found = re.search(r'name="after" value="(rcg_\w+)"', first)
    assert found
    assert found[1] == made[24]
    second = (await desk.get(f"{BANK}?view=open&after={found[1]}&group={made[0]}&reason=half"))[1]
    assert re.findall(r'data-row="(rcg_\w+)"', second) == [made[0], *made[25:]]
    assert len(re.findall(r"data-choose checked", second)) == 1
    assert 'value="half"' in second


async def test_a_group_has_a_page_with_all_that_its_books_say_and_who_linked_it(
    signed_in: SignIn, world: World
) -> None:
    desk, books = await signed_in("finance"), world.reconciliation
    one, two = books.add(row(Side.LEDGER, "l1", -5, party="<b>")), books.add(row(Side.BANK, f"{LINE}:2", -5))
    await desk.post(f"{BANK}/link", group=[one.id, two.id], reason="seen on paper")
    old = (await desk.get(f"/reconciliation/groups/{one.id}"))[1]
    linked = books.said[0]
    assert "no longer stands" in old
    assert "&lt;b&gt;" in old
    found = await books.group_of(FlowName.BANK, linked.keys[0])
    assert found is not None
    page = (await desk.get(f"/reconciliation/groups/{found.id}"))[1]
    assert ("seen on paper" in page, "Farah Finance" in page, f"{LINE}?after=1" in page) == (True, True, True)
    assert (await desk.get(f"/reconciliation/groups/rcg_{'0' * 26}"))[0] == 404
    assert (await desk.get(f"/reconciliation/runs/rcn_{'0' * 26}"))[0] == 404
    assert (await desk.get("/reconciliation/coins"))[0] == 404


async def test_a_batch_of_ten_thousand_payments_has_a_page(signed_in: SignIn, world: World) -> None:
    """Cues compare days, not each row with each other: nobody else would be answered meanwhile."""
    rows = [row(side, f"{n}", -1_000) for n in range(10_000) for side in (Side.LEDGER, Side.RAIL)]
    group = world.reconciliation.add(
        *rows, row(Side.BANK, "stm_01KB:1", -10_000_000), verdict=Verdict.MATCHED, rule=Rule.BATCH
    )
    finance = await signed_in("finance")
    async with asyncio.timeout(20):
        status, body = await finance.get(f"/reconciliation/groups/{group.id}")
    assert (status, "Amount" in body) == (200, True)


HOSTILE = "<img src=x onerror=alert(1)>\"'\N{RIGHT-TO-LEFT OVERRIDE}ريال"


async def test_what_a_bank_s_line_says_is_text_on_each_page_and_no_formula_in_a_file(
    signed_in: SignIn, world: World
) -> None:
    books = world.reconciliation
    run = books.ran()
    line = row(Side.BANK, f"{LINE}:1", 5, party=HOSTILE, end_to_end="=1+1")._replace(text=HOSTILE, batch=HOSTILE)
    ours = row(Side.LEDGER, HOSTILE, 5, party=HOSTILE)._replace(reference=HOSTILE, account=HOSTILE)
    theirs, mine = books.add(line, verdict=Verdict.ONLY_THEIRS), books.add(ours)
    books.suggest(theirs, mine)
    books.change(run, ChangeKind.APPEARED, theirs)
    found = world.breaks.add(theirs)
    world.breaks.found[found.id] = replace(found, note=HOSTILE)
    world.finding.found = [Found(FoundKind.STATEMENT_LINE, LINE, FoundBy.REFERENCE, number=1, name=HOSTILE)]
    finance = await signed_in("finance")
    await finance.post(f"/breaks/{found.id}/comment", text=HOSTILE)
    pages = [
        BANK, f"{BANK}?text=%3Cimg", f"/reconciliation/groups/{theirs.id}", f"/reconciliation/groups/{mine.id}",
        f"/reconciliation/runs/{run.id}", "/breaks", f"/breaks/{found.id}", f"/find?q={LINE[-6:]}",
    ]  # fmt: skip
    for page in pages:
        status, body = await finance.get(page)
        assert (status, "<img" in body) == (200, False), page
        said = page != "/breaks" and "/runs/" not in page
        assert ("&lt;img src=x" in body) is said, page
    for file in (f"{BANK}.csv", "/breaks.csv"):
        text = (await (await finance.ask("GET", file, {})).read()).decode("utf-8-sig")
        assert not re.search(r'(^|,)"?[=@]', text, re.MULTILINE), file
