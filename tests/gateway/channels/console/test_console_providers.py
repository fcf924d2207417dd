"""Providers in the console: registered by two, priced by a file, fees decided, a visit without the patient."""

import re
from datetime import date

import pytest

from gateway.services.providers import AskedLine, FeeState, Provider, ProviderKind, Providers, read_prices
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World
from wallet.money import irr

IBAN = "IR580540105180021273113007"
SHEET = "code;title;price;cover;max\n10;Consultation;1,000,000;70;1\n25;=X-ray;2000000;50%;2\n"
FORM = {"name": "Dr Hosseini", "kind": "doctor", "msisdn": "09120000004", "iban": IBAN, "email": "", "language": "fa"}


def desk_of(world: World) -> Providers:
    assert isinstance(world.deps.providers, Providers)
    return world.deps.providers


async def opened(world: World) -> Provider:
    """A doctor who may bill, with prices."""
    desk = desk_of(world)
    made = await desk.register("Dr Hosseini", ProviderKind.DOCTOR, "09120000004", IBAN, staff_id=world.ids["carer"])
    await desk.registered(made.id, "apr_1")
    listed = await desk.propose_prices(
        ProviderKind.DOCTOR, date(2020, 1, 1), read_prices(SHEET.encode()), world.ids["carer"]
    )
    await desk.published(listed.id, "apr_2")
    return made


async def billed(world: World, *asked: tuple[str, int, int]) -> str:
    """The fee of a visit of the first person."""
    desk, provider = desk_of(world), await opened(world)
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    visit = (await desk.open_visit(person.id, provider.till, "ses_1:1")).visit
    assert visit is not None
    lines = [AskedLine(code, quantity, irr(minor)) for code, quantity, minor in asked]
    fee = (await desk.bill(provider.id, visit.number, lines)).fee
    assert fee is not None
    return fee.id


async def test_a_provider_waits_for_a_second_person_and_shows_digits_of_its_account_alone(
    signed_in: SignIn, world: World
) -> None:
    carer = await signed_in("carer")
    status, where = await carer.post("/providers", **FORM)
    assert (status, where.endswith("?said=proposed")) == (303, True)

    body = (await carer.get(where.removeprefix("/console")))[1]
    assert "waits for a second person" in body
    assert IBAN not in body
    (approval,) = world.approvals.rows.values()
    shown = (await carer.get(f"/approvals/{approval.id}"))[1]
    assert ("Register a provider" in shown, "…3007" in shown, "/console/providers/prv_" in shown) == (True, True, True)

    assert (await carer.post("/providers", **FORM))[0] == 409
    assert (await carer.post("/providers", **{**FORM, "iban": IBAN[:-1] + "8"}))[0] == 400
    assert (await carer.post("/providers", **{**FORM, "kind": "witch"}))[0] == 400


async def test_a_price_list_is_brought_as_a_file_and_shown_with_what_it_changes(
    signed_in: SignIn, world: World
) -> None:
    await opened(world)
    carer = await signed_in("carer")
    dearer = SHEET.replace("1,000,000", "1200000").encode()

    where = (await carer.bring("/prices", dearer, kind="doctor", begins="2026-01-01"))[1]
    body = (await carer.get(where.removeprefix("/console").partition("?")[0]))[1]

    assert ("1,000,000" in body, "1,200,000" in body) == (True, True)
    assert "X-ray: 2,000,000" not in body, "what does not change is no change"
    rows = (await carer.get(f"{where.removeprefix('/console').partition('?')[0]}/rows.csv"))[1]
    assert "'=X-ray" in rows, "a spreadsheet runs nothing"
    bad = await carer.bring("/prices", SHEET.replace(";70;", ";seventy;").encode(), kind="doctor", begins="2026-01-01")
    assert (bad[0], "line 2" in bad[1]) == (400, True)
    assert (await carer.bring("/prices", dearer, kind="doctor", begins="soon"))[0] == 400


async def test_an_officer_lowers_a_line_with_a_reason_and_never_raises_it(signed_in: SignIn, world: World) -> None:
    fee_id = await billed(world, ("10", 1, 9_000_000), ("25", 1, 2_000_000))
    carer = await signed_in("carer2")
    assert fee_id in (await carer.get("/fees"))[1]
    body = (await carer.get(f"/fees/{fee_id}"))[1]
    assert "above the list" in body

    async def asked(**fields: str) -> str:
        return (await carer.post(f"/fees/{fee_id}/approve", **fields))[1].partition("?")[2]

    assert await asked(line="1", most="1000001", reason="no") == "refused=fee_over_asked"
    assert await asked(line="1", most="500000", reason="") == "refused=fee_reason_missing"
    assert await asked(line="1") == "refused=fee_form"
    assert await asked(line="1", most="500000", reason="short visit") == "said=fee_approved"
    assert await asked() == "refused=fee_not_pending"
    fee = await desk_of(world).fee(fee_id)
    assert fee is not None
    assert (fee.state, fee.covered.minor) == (FeeState.APPROVED, 350_000 + 1_000_000)


async def test_a_visit_without_the_patient_is_decided_by_another_officer(signed_in: SignIn, world: World) -> None:
    provider = await opened(world)
    carer, other = await signed_in("carer"), await signed_in("carer2")
    page = (await carer.get(f"/providers/{provider.id}"))[1]
    key = re.search(r'name="form_key" value="(\w+)"', page)
    assert key is not None
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    glass = {"person": person.msisdn, "reason": "unconscious", "cap": "1000000", "form_key": key[1]}

    assert "glass_broken" in (await carer.post(f"/providers/{provider.id}/visits", **glass))[1]
    assert "glass_broken" in (await carer.post(f"/providers/{provider.id}/visits", **glass))[1], "once, however often"
    assert "glass_person" in (await carer.post(f"/providers/{provider.id}/visits", **{**glass, "person": "nobody"}))[1]
    assert "glass_over_cap" in (await carer.post(f"/providers/{provider.id}/visits", **{**glass, "cap": "9" * 12}))[1]
    (visit,) = await desk_of(world).visits_of(person.id)
    fee = (await desk_of(world).bill(provider.id, visit.number, [AskedLine("10", 1, irr(1_000_000))])).fee
    assert fee is not None
    assert "another officer decides" in (await carer.get(f"/fees/{fee.id}"))[1]
    assert "fee_own_visit" in (await carer.post(f"/fees/{fee.id}/approve"))[1]
    assert "unconscious" in (await other.get(f"/fees/{fee.id}"))[1]
    assert "fee_rejected" in (await other.post(f"/fees/{fee.id}/reject", reason="not treated"))[1]


async def test_finance_reads_the_statement_of_a_provider_and_changes_nothing(signed_in: SignIn, world: World) -> None:
    fee_id = await billed(world, ("10", 1, 1_000_000))
    await desk_of(world).settle(fee_id)
    fee = await desk_of(world).fee(fee_id)
    assert fee is not None
    finance = await signed_in("finance")

    body = (await finance.get(f"/providers/{fee.provider_id}"))[1]
    assert ("700,000" in body, "at the desk" in body, '<form class="stack"' in body) == (True, True, False)
    lines = (await finance.get(f"/providers/{fee.provider_id}/fees.csv"))[1].splitlines()
    assert ("700000" in lines[1], len(lines)) == (True, 2)
    assert (await finance.post(f"/providers/{fee.provider_id}/suspend", reason="because"))[0] == 403


@pytest.mark.parametrize(("path", "who"), [("/providers", "clerk"), ("/fees", "payer"), ("/prices", "officer")])
async def test_others_do_not_see_providers(signed_in: SignIn, path: str, who: str) -> None:
    assert (await (await signed_in(who)).get(path))[0] == 403


async def test_a_provider_is_suspended_with_a_reason_and_let_go_on(signed_in: SignIn, world: World) -> None:
    provider, carer = await opened(world), await signed_in("carer")
    here = f"/providers/{provider.id}"

    assert "refused=reason" in (await carer.post(f"{here}/suspend", reason="x"))[1]
    assert "provider_suspended" in (await carer.post(f"{here}/suspend", reason="inspection"))[1]
    assert "provider_state" in (await carer.post(f"{here}/suspend", reason="inspection"))[1]
    assert "provider_restored" in (await carer.post(f"{here}/restore", reason="all is well"))[1]
    assert "inspection" in (await carer.get(here))[1]
