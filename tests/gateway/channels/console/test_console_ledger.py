"""The ledger's pages: sums that are zero, the log in pages, the way back to causes, files."""

import csv
import io
import re
import zipfile

import pytest

from gateway.channels.console.cells import Code, Link
from gateway.channels.console.pages.causes import session_link
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World
from wallet.ids import new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Transfer, TransferCode


@pytest.fixture
async def causes(world: World) -> list[str]:
    """A hundred and twenty transfers of ten USSD sessions, from the bank to two wallets."""
    chart = world.deps.chart
    bank, wallets = chart.account("trust_bank"), [chart.account("wallet", new_id("per", world.clock)) for _ in range(2)]
    await world.ledger.open_accounts(bank, *wallets)
    causes = [new_id("ses", world.clock) for _ in range(10)]
    moved = [
        Transfer(
            transfer_id(causes[n % 10], f"leg{n}"), bank.id, wallets[n % 2].id, irr(1000 + n), TransferCode.BENEFIT,
            causes[n % 10],
        )
        for n in range(120)
    ]  # fmt: skip
    assert all(result.outcome.stands for result in await world.ledger.post(*moved))
    return causes


async def test_the_trial_balance_shows_that_the_difference_is_zero(signed_in: SignIn, causes: list[str]) -> None:
    finance = await signed_in("finance")
    body = (await finance.get("/ledger"))[1]
    assert "the difference is zero" in body
    assert "127,140\N{NO-BREAK SPACE}IRR" in body
    assert "/console/ledger/accounts?under=liability:wallet" in body


async def test_the_journal_is_paged_by_position_newest_first(signed_in: SignIn, causes: list[str]) -> None:
    finance = await signed_in("finance")
    first = (await finance.get("/ledger/journal"))[1]
    assert 'href="/console/ledger/journal?before=71"' in first
    last = (await finance.get("/ledger/journal?before=21"))[1]
    assert 'rel="next"' not in last
    assert last.count("/console/cause/ses_") == 20
    assert (await finance.get("/ledger/journal?before=x"))[0] == 400
    assert (await finance.get("/ledger/journal?before=-1"))[0] == 400


async def test_from_an_account_s_figure_to_its_cause_and_its_transfers(
    signed_in: SignIn, world: World, causes: list[str]
) -> None:
    finance = await signed_in("finance")
    body = (await finance.get("/ledger/accounts?under=liability:wallet"))[1]
    assert len(set(re.findall(r"/console/ledger/accounts/[0-9a-f-]{36}", body))) == 2
    account = body.split("/console/ledger/accounts/")[1].split('"')[0]
    page = (await finance.get(f"/ledger/accounts/{account}"))[1]
    cause = page.split("/console/cause/")[1].split('"')[0]
    assert cause in causes
    [view] = await world.access.of_staff(world.ids["finance"], limit=9)
    assert view.what == "movements"
    assert view.person_id in {account.owner for account, _ in await world.ledger.accounts()}
    status, shown = await finance.get(f"/cause/{cause}")
    assert (status, "USSD session" in shown) == (200, True)
    assert shown.count(f"/console/cause/{cause}") == 12


async def test_a_cash_in_s_cause_leads_to_the_person(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    await world.payments.cash_in(person.id, irr(5000), "tehran-1", "stf_x", "key")
    payment = next(iter(world.payments.payments.values()))
    finance = await signed_in("finance")
    body = (await finance.get(f"/cause/{payment.id}"))[1]
    assert f"/console/people/{person.id}?about={payment.id}" in body
    assert "5,000\N{NO-BREAK SPACE}IRR" in body
    assert "stf_x" in body


async def test_a_cash_in_s_cause_names_who_took_it(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    await world.payments.cash_in(person.id, irr(5000), "tehran-1", world.ids["clerk"], "key")
    payment = next(iter(world.payments.payments.values()))
    body = (await (await signed_in("finance")).get(f"/cause/{payment.id}"))[1]
    assert "<dt>Taken by</dt><dd>Cyrus Clerk</dd>" in body


async def test_a_claim_s_cause_leads_to_the_session_it_came_from(signed_in: SignIn, world: World) -> None:
    claim = world.benefits.add(world.people.add("Maryam Ahmadi", "", "+989120000001").id)
    officer = await signed_in("officer")
    assert 'href="/console/cause/ses_01K8"' in (await officer.get(f"/cause/{claim.id}"))[1]
    assert "USSD session" in (await officer.get("/cause/ses_01K8"))[1]


@pytest.mark.parametrize(
    "path",
    [
        "/cause/tap_nobody",
        "/cause/nothing",
        "/cause/clm_01K8ZZZZZZZZZZZZZZZZZZZZZZ",
        "/ledger/accounts/00000000-0000-0000-0000-000000000000",
        "/ledger/accounts/zzz",
        "/people/per_01K8ZZZZZZZZZZZZZZZZZZZZZZ",
        "/people/'%20or%201=1",
        "/ledger/journal.pdf",
    ],
)
async def test_what_is_not_there_is_a_friendly_404(signed_in: SignIn, path: str) -> None:
    finance = await signed_in("finance")
    status, body = await finance.get(path)
    assert (status, "There is no such page" in body) == (404, True)


async def test_the_journal_as_csv_has_every_transfer_in_the_log_s_order(signed_in: SignIn, causes: list[str]) -> None:
    finance = await signed_in("finance")
    answer = await finance.ask("GET", "/ledger/journal.csv", {})
    text = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="journal-2026-11-22-')
    assert [int(row["No."]) for row in rows] == list(range(1, 121))
    assert sum(int(row["Amount"]) for row in rows) == 127_140
    assert {row["Debit account"] for row in rows} == {"asset:trust_bank:IRR"}
    after = (await (await finance.ask("GET", "/ledger/journal.csv?after=100", {})).read()).decode("utf-8-sig")
    assert len(after.splitlines()) == 21


@pytest.mark.parametrize("name", ["journal", "trial-balance"])
async def test_workbooks_hold_no_formula(signed_in: SignIn, causes: list[str], name: str) -> None:
    finance = await signed_in("finance")
    await finance.post("/language", language="fa")
    answer = await finance.ask("GET", f"/ledger/{name}.xlsx", {})
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert 'rightToLeft="1"' in sheet
    assert answer.headers["X-Rows"] == {"journal": "120", "trial-balance": "3"}[name]


async def test_the_trial_balance_as_csv_sums_to_zero(signed_in: SignIn, causes: list[str]) -> None:
    finance = await signed_in("finance")
    text = (await (await finance.ask("GET", "/ledger/trial-balance.csv", {})).read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    assert sum(int(row["Difference"]) for row in rows) == 0


async def test_an_empty_ledger_says_so(signed_in: SignIn) -> None:
    finance = await signed_in("finance")
    assert "no transfer yet" in (await finance.get("/ledger/journal"))[1]
    assert "no account yet" in (await finance.get("/ledger"))[1]


def test_a_payment_leads_back_to_the_session_that_asked_for_it() -> None:
    assert session_link("ses_01K8:3") == Link("ses_01K8", "/cause/ses_01K8", code=True)
    assert session_link("stf_01K8:csh_01K8") == Code("stf_01K8:csh_01K8")
