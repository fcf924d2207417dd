"""Decision tables and employers in the console: proposed with proofs, tried, shown with what would change."""

from dataclasses import replace

import pytest

from gateway.services.benefits import Attestation, ClaimState, Why
from tests.gateway.channels.console.conftest import SignIn
from tests.gateway.channels.console.world import World

AMOUNT = """table,sickness_amount
hit,U
from,2026-01-01
column,input,output,output
name,days,percent,once
type,days,int[0..1000],amount
row,<=30,100,0
row,>30,{late},0
example,1,100,0
"""


async def test_a_table_is_proposed_and_the_checker_sees_what_it_changes(signed_in: SignIn, world: World) -> None:
    await world.deps.decisions.ship()  # type: ignore[attr-defined]
    officer = await signed_in("officer")
    assert "sickness_amount" in (await officer.get("/decisions"))[1]

    status, where = await officer.post("/decisions", note="less after a month", body=AMOUNT.format(late=80))
    assert (status, where.endswith("?said=table_proposed")) == (303, True)

    releaser = await signed_in("releaser")
    body = (await releaser.get(where.removeprefix("/console")))[1]
    assert "waits for a second person" in body
    assert "days = 77" in body, "a case of the claims themselves"
    assert ("percent = 100, once = 0" in body, "percent = 80, once = 0" in body) == (True, True)
    (approval,) = world.approvals.rows.values()
    assert f"/console/approvals/{approval.id}" in body
    assert "sickness_amount" in (await releaser.get(f"/approvals/{approval.id}"))[1]


@pytest.mark.parametrize(
    ("days", "shows"),
    [("31", "Decided by row"), ("x", "missing or not allowed"), ("-1", "missing or not allowed"), ("<b>", "&lt;b&gt;")],
)
async def test_a_case_is_tried_and_explained(signed_in: SignIn, world: World, days: str, shows: str) -> None:
    made = await world.deps.decisions.propose(AMOUNT.format(late=80).encode(), "why", world.ids["officer"])
    assert not isinstance(made, list)
    officer = await signed_in("officer")

    body = (await officer.get(f"/decisions/{made.id}?days={days}"))[1]

    assert shows in body
    assert (await officer.get(f"/decisions/{made.id}/file"))[1] == AMOUNT.format(late=80)


@pytest.mark.parametrize(
    ("body", "shows"),
    [
        (AMOUNT.replace("<=30", "<30"), "A case is left out"),
        (AMOUNT.replace(">30", ">=30"), "Two rows fit the same case"),
        (AMOUNT.replace("example,1,100", "example,1,99"), "This example comes out otherwise"),
        (AMOUNT.replace("<=30", "=SUM(1)"), "Line 7, column 2"),
        (AMOUNT.replace("hit,U", "hit,<script>"), "&lt;script&gt;"),
    ],
)
async def test_what_is_wrong_is_listed_and_the_text_is_not_lost(
    signed_in: SignIn, world: World, body: str, shows: str
) -> None:
    officer = await signed_in("officer")

    status, page = await officer.post("/decisions", note="why", body=body.format(late=80).replace("\n", "\r\n"))

    assert (status, shows in page, "note" in page, "example,1" in page) == (422, True, True, True)
    assert "<script>" not in page
    assert not world.approvals.rows


async def test_only_an_officer_proposes_and_only_an_administrator_enrols_employers(
    signed_in: SignIn, world: World
) -> None:
    releaser, officer, admin = await signed_in("releaser"), await signed_in("officer"), await signed_in("admin")
    enrolment = {"code": "4711", "sort": "employer", "name": "Saipa", "msisdn": "09120000077", "language": "fa"}

    assert (await releaser.post("/decisions", note="why", body=AMOUNT))[0] == 403
    assert (await officer.post("/attesters", **enrolment))[0] == 403
    assert (await admin.post("/attesters", **enrolment))[1].endswith("said=attester_added")
    assert (await admin.post("/attesters", **enrolment))[1].endswith("refused=attester_code")
    assert (await admin.post("/attesters", **{**enrolment, "msisdn": "02112345678"}))[1].endswith("attester_form")
    assert (await admin.post("/attesters", **{**enrolment, "sort": "friend"}))[1].endswith("attester_form")
    body = (await officer.get("/attesters"))[1]
    assert ("Saipa" in body, "0077" in body, "+989120000077" in body) == (True, True, False)


async def test_a_claim_shows_its_data_and_an_objection_goes_to_another_officer(signed_in: SignIn, world: World) -> None:
    claim = world.benefits.add(world.people.add("Maryam Ahmadi", "", "+989120000001").id, "W-12345674")
    officer, other = await signed_in("officer"), await signed_in("officer2")
    body = (await officer.get(f"/claims/{claim.id}"))[1]
    assert ("months paid in a year" in body, "contributions paid" in body) == (True, True)
    await officer.post(f"/claims/{claim.id}/reject", reason="no paper", why="papers")
    assert world.benefits.whys == [Why.PAPERS]
    assert (await officer.post(f"/claims/{claim.id}/reject", reason="no paper", why="fun"))[1].endswith(
        "refused=reason"
    )

    world.benefits.claims[claim.id] = replace(
        claim,
        state=ClaimState.OBJECTED,
        first_officer=world.ids["officer"],
        attester_name="Saipa",
        attestation=Attestation.DENIED,
    )

    mine, theirs = (await officer.get(f"/claims/{claim.id}"))[1], (await other.get(f"/claims/{claim.id}"))[1]
    assert ("/approve" in mine, "objects to your decision" in mine) == (False, True)
    assert ("/approve" in theirs, "Saipa: not confirmed" in theirs) == (True, True)
