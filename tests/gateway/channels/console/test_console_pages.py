"""What each page lets its people do: claims, approvals, people, cash-in, jobs, staff."""

import re
from datetime import timedelta

import pytest

from gateway.services.benefits import ClaimState
from gateway.services.campaigns import Campaigns
from gateway.services.links import LinkStatus
from gateway.services.people import PersonState
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import PASSWORD, World
from ussd_menus import Style


async def test_a_claim_goes_from_the_list_over_two_people_to_its_release(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    claim = world.benefits.add(person.id)
    officer = await signed_in("officer2")
    assert claim.number in (await officer.get("/claims"))[1]
    body = (await officer.get(f"/claims/{claim.id}"))[1]
    assert "Maryam Ahmadi" in body
    assert "27,000,000\N{NO-BREAK SPACE}IRR" in body
    assert world.people.viewed == [(world.ids["officer2"], person.id, claim.id)]

    status, where = await officer.post(f"/claims/{claim.id}/approve")
    assert (status, where) == (303, f"/console/claims/{claim.id}?said=claim_approved")
    assert "A second person releases the money" in (await officer.get(where.removeprefix("/console")))[1]

    approval = next(iter(world.approvals.rows))
    body = (await officer.get(f"/approvals/{approval}"))[1]
    assert "27,000,000\N{NO-BREAK SPACE}IRR" in body
    assert f'href="/console/people/{person.id}"' in body
    assert "You proposed this, so somebody else must decide it." in body
    assert "/approve" not in body
    assert (await officer.post(f"/approvals/{approval}/approve"))[1].endswith("refused=approval_maker_is_checker")

    releaser = await signed_in("releaser")
    assert "<b>1</b>" in (await releaser.get("/"))[1]
    assert (await releaser.post(f"/approvals/{approval}/approve"))[1].endswith("said=approval_approved")
    assert "<b>0</b>" in (await releaser.get("/"))[1]
    assert (await releaser.post(f"/approvals/{approval}/approve"))[1].endswith("refused=approval_not_pending")


async def test_a_claim_is_rejected_only_with_a_reason_and_only_once(signed_in: SignIn, world: World) -> None:
    claim = world.benefits.add(world.people.add("Ali Sadeghi", "", "+989120000008").id)
    officer = await signed_in("officer")
    assert (await officer.post(f"/claims/{claim.id}/reject", reason="  "))[1].endswith("refused=reason")
    reason = "<script>alert(1)</script>"
    assert (await officer.post(f"/claims/{claim.id}/reject", reason=reason))[1].endswith("said=claim_rejected")
    assert world.benefits.claims[claim.id].state is ClaimState.REJECTED
    body = (await officer.get(f"/claims/{claim.id}"))[1]
    assert reason not in body
    assert "&lt;script&gt;" in body
    assert (await officer.post(f"/claims/{claim.id}/approve"))[1].endswith("refused=claim_not_pending")


@pytest.mark.parametrize("typed", ["S-12345674", "s-12345674", " 12345674 "])
async def test_a_claim_is_found_by_the_number_that_people_are_told(signed_in: SignIn, world: World, typed: str) -> None:
    claim = world.benefits.add(world.people.add("Ali Sadeghi", "", "+989120000008").id)
    officer = await signed_in("officer")
    assert (await officer.post("/claims", number=typed))[1] == f"/console/claims/{claim.id}"
    assert (await officer.post("/claims", number="00000000"))[1].endswith("refused=claim_number")


async def test_a_long_list_has_a_next_page(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Ali Sadeghi", "", "+989120000008")
    for n in range(60):
        world.benefits.add(person.id, f"S-{n:08d}")
        world.clock.advance(timedelta(milliseconds=5))
    officer = await signed_in("officer")
    first = (await officer.get("/claims"))[1]
    found = re.search(r'href="/console(/claims\?after=clm_\w+)" rel="next"', first)
    assert found
    second = (await officer.get(found.group(1)))[1]
    assert first.count("S-000000") == 50
    assert second.count("S-000000") == 10
    assert 'rel="next"' not in second


async def test_whoever_lacks_the_role_sees_which_one_it_needs(signed_in: SignIn, world: World) -> None:
    row = await world.approvals.propose("benefit_release", "clm_01K8ZZZZZZZZZZZZZZZZZZZZZZ", {}, "stf_x")
    clerk = await signed_in("clerk")
    assert "needs the role: Benefits releaser." in (await clerk.get(f"/approvals/{row.id}"))[1]
    assert (await clerk.post(f"/approvals/{row.id}/approve"))[1].endswith("refused=approval_role_missing")


async def test_each_view_of_a_person_leaves_a_row(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    clerk = await signed_in("clerk")
    body = (await clerk.post("/people", text="ahmadi"))[1]
    assert f"/console/people/{person.id}" in body
    await clerk.get(f"/people/{person.id}?about=clm_01K8")
    me = world.ids["clerk"]
    assert world.people.viewed == [(me, person.id, "search"), (me, person.id, "clm_01K8")]
    assert "Nobody found" in (await clerk.post("/people", text="zzz"))[1]
    assert (await clerk.post("/people", text="a"))[0] == 400


async def test_an_unlock_is_proposed_for_people_who_have_a_pin(signed_in: SignIn, world: World) -> None:
    locked = world.people.add("Ali Sadeghi", "", "+989120000008", PersonState.LOCKED)
    forgetful = world.people.add("Sara Moradi", "", "+989120000003")
    new = world.people.add("Leila Rahimi", "", "+989120000005", PersonState.CHOOSE_PIN)
    clerk = await signed_in("clerk")
    where = (await clerk.post(f"/people/{locked.id}/unlock", reason="forgot it"))[1]
    assert where.startswith("/console/approvals/apr_")
    await clerk.post(f"/people/{forgetful.id}/unlock", reason="forgot it")
    assert [row.subject for row in world.approvals.rows.values()] == [locked.id, forgetful.id]
    assert (await clerk.post(f"/people/{new.id}/unlock", reason="x y z"))[1].endswith("refused=no_pin")


async def test_an_email_address_is_noted_at_the_desk(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Nader Hosseini", "", "+989120000004")
    here = f"/people/{person.id}"
    clerk = await signed_in("clerk")
    assert (await clerk.post(f"{here}/email", email="nader@example.org"))[1].endswith("said=email_set")
    assert "nader@example.org" in (await clerk.get(here))[1]
    assert (await clerk.post(f"{here}/email", email="nader at home"))[1].endswith("refused=email")
    assert (await clerk.post(f"{here}/email", email=""))[1].endswith("said=email_removed")
    assert world.people.people[person.id].email == ""
    assert (await (await signed_in("finance")).post(f"{here}/email", email="n@example.org"))[0] == 403


async def test_language_and_screens_are_noted_at_the_desk(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Nader Hosseini", "", "+989120000004")
    here = f"/people/{person.id}"
    form = {"language": "ar", "digits": "latin", "money": "toman", "easy": "yes"}
    clerk = await signed_in("clerk")
    assert '<option value="rial" selected>' in (await clerk.get(here))[1]

    assert (await clerk.post(f"{here}/reading", **form))[1].endswith("said=reading_set")

    changed = world.people.people[person.id]
    assert (changed.language, changed.style) == ("ar", Style("latin", toman=True, easy=True))
    assert '<option value="toman" selected>' in (await clerk.get(here))[1]
    for wrong in ({"language": "de"}, {"digits": "roman"}, {"money": ""}, {"easy": "maybe"}):
        assert (await clerk.post(f"{here}/reading", **form | wrong))[1].endswith("refused=reading")
    finance = await signed_in("finance")
    assert (await finance.post(f"{here}/reading", **form))[0] == 403
    assert "in toman" in (await finance.get(here))[1]


async def test_a_branch_code_is_shown_in_the_answer_to_the_form_only(signed_in: SignIn, world: World) -> None:
    world.people.add("Ali Sadeghi", "", "+989120000008", PersonState.LOCKED)
    clerk = await signed_in("clerk")
    form = {"purpose": "unlock", "msisdn": "۰۹۱۲۰۰۰۰۰۰۸", "national_number": "0456789030", "name": "", "name_fa": ""}
    status, body = await clerk.post("/people/branch-code", **form)
    assert (status, "4815 1623" in body) == (200, True)
    assert "4815" not in (await clerk.get("/people/branch-code"))[1]
    status, body = await clerk.post("/people/branch-code", **{**form, "msisdn": "09120000007"})
    assert (status, "Nobody with this phone number" in body) == (404, True)
    assert (await clerk.post("/people/branch-code", **{**form, "purpose": "other"}))[0] == 400


def form_key(body: str) -> str:
    found = re.search(r'name="form_key" value="(csh_\w+)"', body)
    assert found
    return found.group(1)


async def test_a_cash_in_sent_twice_pays_once(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "مریم احمدی", "+989120000001")
    clerk = await signed_in("clerk")
    where = (await clerk.post("/cash-in", msisdn="0912 000 0001"))[1]
    assert where == f"/console/cash-in/{person.id}"
    path = where.removeprefix("/console")
    key = form_key((await clerk.get(path))[1])

    first = await clerk.post(path, amount="۱٬۰۰۰٬۰۰۰", form_key=key)
    second = await clerk.post(path, amount="1,000,000", form_key=key)

    assert first[0] == second[0] == 200
    assert "The money is in the wallet" in second[1]
    balances = await world.ledger.balances(world.deps.chart.id("wallet", person.id))
    assert balances is not None
    assert balances.net_credit == 1_000_000
    assert form_key((await clerk.get(path))[1]) != key


@pytest.mark.parametrize(
    ("amount", "status", "words"),
    [
        ("", 400, "whole rials"),
        ("0", 400, "whole rials"),
        ("-5", 400, "whole rials"),
        ("1.5", 400, "whole rials"),
        ("1e6", 400, "whole rials"),
        ("9" * 30, 400, "whole rials"),
        ("600000000", 409, "at most 500,000,000"),
    ],
)
async def test_a_wrong_amount_is_refused_in_words(
    signed_in: SignIn, world: World, amount: str, status: int, words: str
) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    clerk = await signed_in("clerk")
    key = form_key((await clerk.get(f"/cash-in/{person.id}"))[1])
    answer = await clerk.post(f"/cash-in/{person.id}", amount=amount, form_key=key)
    assert (answer[0], words in answer[1]) == (status, True)
    assert not world.payments.payments


async def test_a_clerk_without_a_branch_takes_no_cash(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Ahmadi", "", "+989120000001")
    clerk = await signed_in("homeless")
    key = form_key((await clerk.get(f"/cash-in/{person.id}"))[1])
    status, body = await clerk.post(f"/cash-in/{person.id}", amount="1000", form_key=key)
    assert (status, "no branch" in body) == (409, True)


async def test_a_job_is_started_watched_paused_and_resumed(signed_in: SignIn, world: World) -> None:
    finance = await signed_in("finance")
    assert 'value="1405-09"' in (await finance.get("/jobs"))[1]
    where = (await finance.post("/jobs/invoices", period="۱۴۰۵-۰۹"))[1].removeprefix("/console")
    job = next(iter(world.jobs.jobs.values()))
    assert job.params == {"period": "1405-09"}
    body = (await finance.get(where))[1]
    assert "120 / 400" in body
    assert 'hx-trigger="every 2s"' in body
    assert (await finance.post(f"/jobs/{job.id}/pause"))[1].endswith("said=job_pause")
    assert (await finance.post(f"/jobs/{job.id}/pause"))[1].endswith("refused=job_wrong_state")
    assert (await finance.post(f"/jobs/{job.id}/resume"))[1].endswith("said=job_resume")
    assert (await finance.post(f"/jobs/{job.id}/cancel"))[1].endswith("said=job_cancel")
    assert (await finance.get(f"/jobs/{job.id}/progress"))[0] == 286
    assert (await finance.post("/jobs/invoices", period="2026-11"))[1].endswith("refused=period")


async def test_an_administrator_creates_disables_and_never_locks_out_themselves(
    signed_in: SignIn, world: World
) -> None:
    admin = await signed_in("admin")
    form: dict[str, str | list[str]] = {
        "username": "new.clerk", "name": "Nima New", "password": PASSWORD, "language": "fa", "branch": "tehran-1",
        "roles": ["branch_clerk", "finance"],
    }  # fmt: skip
    status, body = await admin.post("/staff", **form)
    assert (status, '<svg viewBox="' in body, re.search(r">[A-Z2-7]{32}<", body) is not None) == (200, True, True)
    made = await world.staff.by_username("new.clerk")
    assert made is not None
    assert {role.value for role in made.roles} == {"branch_clerk", "finance"}
    assert (await admin.post("/staff", **form))[0] == 409
    assert (await admin.post("/staff", **{**form, "username": "other", "roles": []}))[0] == 409

    assert (await admin.post(f"/staff/{made.id}/disable"))[1].endswith("said=staff_disabled")
    member = await world.staff.by_id(made.id)
    assert member is not None
    assert member.disabled
    assert (await admin.post(f"/staff/{world.ids['admin']}/disable"))[1].endswith("refused=own_account")


async def test_disabling_takes_effect_on_the_next_request(signed_in: SignIn, world: World) -> None:
    officer, admin = await signed_in("officer"), await signed_in("admin")
    await admin.post(f"/staff/{world.ids['officer']}/disable")
    assert (await officer.get("/claims"))[0] == 303


async def test_a_merchant_and_a_terminal_are_registered_and_the_key_is_shown_once(
    signed_in: SignIn, world: World
) -> None:
    world.people.add("Sara Moradi", "", "+989120000003")
    admin = await signed_in("admin")
    form = {"name": "Pharmacy <Noor>", "city": "Tehran", "msisdn": "09120000003"}
    where = (await admin.post("/merchants", **form))[1].partition("?")[0].removeprefix("/console")
    assert "Pharmacy &lt;Noor&gt;" in (await admin.get("/merchants"))[1]

    status, body = await admin.post(f"{where}/terminals", terminal="term0001")
    shown = re.search(r">([0-9a-f]{32})<", body)
    assert status == 200
    assert shown
    page = (await admin.get(where))[1]
    assert "TERM0001" in page
    assert shown[1] not in page
    assert (await admin.post(f"{where}/terminals", terminal="TERM0001"))[0] == 409
    assert (await admin.post(f"{where}/terminals", terminal="short"))[0] == 400
    assert (await admin.post("/merchants", **{**form, "msisdn": "09120000009"}))[0] == 404
    assert (await admin.post("/merchants", **{**form, "name": " "}))[0] == 400


async def test_the_links_of_all_processes_are_shown_with_who_must_look(signed_in: SignIn, world: World) -> None:
    admin = await signed_in("admin")
    assert "Start the gateway" in (await admin.get("/links"))[1]
    now = world.clock.now()
    await world.links.say(
        "gateway-1", [LinkStatus("north", "pair", up=True, since=now, rate=12.4, rate_max=100, health=93)]
    )
    await world.links.say("gateway-2", [LinkStatus("north", "pair", up=False, since=now, alarm="bind_0x0E")])

    body = (await admin.get("/links/now"))[1]

    assert body.count("north") == 2
    assert "12 / 100" in body
    assert "bind_0x0E" in body
    assert "Receipts of nobody" in body
    world.clock.advance(timedelta(minutes=1))
    assert (await admin.get("/links/now"))[1].count(">silent<") == 2


async def test_a_campaign_of_invoices_is_made_shown_tried_proposed_and_cancelled(
    signed_in: SignIn, world: World
) -> None:
    finance = await signed_in("finance")
    await finance.get("/campaigns")
    form = {"period": "۱۴۰۵-۰۸", "hours": "8", "text_fr": "Dû : {amount} <b>"}
    where = (await finance.post("/campaigns/invoices", **form))[1].removeprefix("/console")
    (made,) = await world.deps.campaigns.list_campaigns(limit=9)
    here = f"/campaigns/{made.id}"
    assert where == f"{here}?said=campaign_made"
    assert (await finance.post(f"{here}/release"))[1].endswith("refused=campaign_wrong_state")
    assert (await finance.post(f"{here}/test", msisdn="09120000009"))[1].endswith("refused=campaign_empty")
    campaigns = world.deps.campaigns
    assert isinstance(campaigns, Campaigns)
    assert (await campaigns.load_tick(), await campaigns.load_tick()) == (1, 0)

    body = (await finance.get(here))[1]
    assert "7 500 000 rials &lt;b&gt;" in body
    assert "0 / 1" in body
    assert made.name in (await finance.get("/campaigns"))[1]
    assert (await finance.post(f"{here}/test", msisdn="12345678"))[1].endswith("refused=campaign_test")
    assert (await finance.post(f"{here}/test", msisdn="09120000009"))[1].endswith("said=campaign_test")
    assert (await finance.post(f"{here}/release"))[1].endswith("said=proposed")
    await campaigns.release(made.id, "apr_1")
    await campaigns.tick()
    for verb, said in (("resume", "refused=campaign_wrong_state"), ("pause", "said=campaign_pause")):
        assert (await finance.post(f"{here}/{verb}"))[1].endswith(said)
    assert (await finance.post(f"{here}/resume"))[1].endswith("said=campaign_resume")
    assert (await finance.get(f"{here}/progress"))[0] == 200
    assert (await finance.post(f"{here}/cancel"))[1].endswith("said=campaign_cancel")
    assert (await finance.get(f"{here}/progress"))[0] == 286
    assert "cancelled" in (await finance.get(f"{here}/report.csv"))[1]
    assert (await finance.get("/campaigns/cam_01K8AAAAAAAAAAAAAAAAAAAAAA"))[0] == 404
    assert (await finance.post("/campaigns/invoices", **{**form, "text_fr": "{nonsense}"}))[1].endswith("campaign_form")
    assert (await finance.post("/campaigns/invoices", **{**form, "hours": "0"}))[1].endswith("campaign_form")


async def test_a_person_at_the_desk_chooses_how_to_be_told(signed_in: SignIn, world: World) -> None:
    person = world.people.add("Maryam Karimi", "مریم کریمی", "+989120000001")
    clerk = await signed_in("clerk")
    here = f"/people/{person.id}"
    await clerk.get(here)

    assert (await clerk.post(f"{here}/channel", channel="ussd_push"))[1].endswith("said=channel_set")
    assert (await clerk.post(f"{here}/channel", channel="mailbox"))[1].endswith("said=channel_set")
    assert (await clerk.post(f"{here}/channel", channel="pigeon"))[1].endswith("refused=channel")
    assert (await world.deps.preferences.order_of(person.id))[0].value == "mailbox"
    assert (world.ids["clerk"], person.id, "channel") in world.people.viewed
    assert "selected>Mailbox" in (await clerk.get(here))[1]
