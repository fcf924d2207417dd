"""The signing pages: the inbox, a request to one's phone, the proof, signers and stand-ins."""

import html
import re
from dataclasses import replace

import pytest

from gateway.channels.console.words import texts
from gateway.services.signing import EnrolOutcome, Need, ProofOutcome, SignOutcome, StartOutcome
from tests.gateway.channels.console.conftest import Desk, SignIn
from tests.gateway.channels.console.signatures import SERIAL
from tests.gateway.channels.console.world import PASSWORD, World

TITLE = "Pay 1,302 people <batch B7>"


def say(key: str) -> str:
    """As a page has it."""
    return html.escape(texts("en")[key], quote=False)


def form_key(body: str) -> str:
    found = re.search(r'name="form_key" value="(sgf_\w+)"', body)
    assert found is not None
    return found[1]


def request_of(where: str) -> str:
    found = re.fullmatch(r"/console/signing/requests/(\w+)", where)
    assert found is not None, where
    return found[1]


async def test_a_document_is_signed_by_phone_and_its_proof_names_the_certificate(
    signed_in: SignIn, world: World
) -> None:
    document = world.signing.add(TITLE, "signatory", made_by=world.ids["finance"])
    desk = await signed_in("treasurer")
    assert "<b>1</b>" in (await desk.get("/"))[1]
    body = (await desk.get("/signing"))[1]
    assert "Pay 1,302 people &lt;batch B7&gt;" in body
    assert "1,240,000,000\N{NO-BREAK SPACE}IRR" in body
    assert '<span class="code">9F3A21C0</span>' in body

    where = (await desk.post(f"/signing/{document.id}/sign", form_key=form_key(body)))[1]

    request = request_of(where)
    status, part = await desk.get(f"/signing/requests/{request}/progress")
    assert (status, "TXN-3D5K" in part, "9F3A21C0" in part) == (200, True, True)
    assert (
        f'hx-get="/console/signing/requests/{request}/progress"' in (await desk.get(f"/signing/requests/{request}"))[1]
    )
    world.signing.answer(request, SignOutcome.SIGNED)
    status, part = await desk.get(f"/signing/requests/{request}/progress")
    assert (status, "hx-get" in part) == (286, False)
    body = (await desk.get(f"/signing/{document.id}"))[1]
    for told in ("every signature verifies", "Tara Treasurer", "CN=Treasurer", SERIAL, "TXN-3D5K", "Farah Finance"):
        assert told in body
    assert "/sign" not in re.sub(r"/signing\b|sign-out", "", body)
    assert "Nothing waits for your signature" in (await desk.get("/signing"))[1]


async def test_a_form_sent_twice_asks_the_phone_once(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory")
    desk = await signed_in("treasurer")
    key = form_key((await desk.get(f"/signing/{document.id}"))[1])

    first, second = [await desk.post(f"/signing/{document.id}/sign", form_key=key) for _ in range(2)]

    assert first == second
    assert len(world.signing.requests) == 1


async def test_a_phone_that_does_not_sign_says_why_and_the_document_waits_on(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("treasurer")
    for outcome in (one for one in SignOutcome if one is not SignOutcome.SIGNED):
        document = world.signing.add(TITLE, "signatory")
        key = form_key((await desk.get(f"/signing/{document.id}"))[1])
        request = request_of((await desk.post(f"/signing/{document.id}/sign", form_key=key))[1])

        world.signing.answer(request, outcome)

        told = say(f"sign_outcome.{outcome.value}")
        assert told in (await desk.get(f"/signing/requests/{request}"))[1]
        body = (await desk.get(f"/signing/{document.id}"))[1]
        assert told in body, "its history says so too"
        assert "signatures are missing" in body


async def test_every_reason_not_to_ask_a_phone_has_words(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory")
    desk = await signed_in("treasurer")
    key = form_key((await desk.get(f"/signing/{document.id}"))[1])
    for why in (one for one in StartOutcome if one is not StartOutcome.OK):
        world.signing.start = why

        where = (await desk.post(f"/signing/{document.id}/sign", form_key=key))[1]

        assert where.endswith(f"refused=sign_{why.value}")
        assert say(f"refused.sign_{why.value}") in (await desk.get(where.removeprefix("/console")))[1]


async def test_who_made_a_document_sees_why_somebody_else_signs_it(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory", made_by=world.ids["treasurer"])
    desk = await signed_in("treasurer")

    body = (await desk.get(f"/signing/{document.id}"))[1]

    assert "You made or approved this, so somebody else must sign it." in body
    assert "form_key" not in body


async def test_only_those_concerned_see_a_document(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory", made_by=world.ids["clerk"])
    path = f"/signing/{document.id}"

    finance = await signed_in("finance")
    assert (await (await signed_in("officer")).get(path))[0] == 403
    assert (await (await signed_in("clerk")).get(path))[0] == 200, "who made it"
    assert (await finance.get(path))[0] == 200, "who sees all"
    assert (await (await signed_in("treasurer")).get("/signing/doc_01K8ZZZZZZZZZZZZZZZZZZZZZZ"))[0] == 404
    assert "Pay 1,302" in (await finance.get("/signing/all"))[1]


async def test_a_request_to_a_phone_is_shown_to_its_owner_alone(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory")
    desk = await signed_in("treasurer")
    key = form_key((await desk.get(f"/signing/{document.id}"))[1])
    request = request_of((await desk.post(f"/signing/{document.id}/sign", form_key=key))[1])

    for username in ("finance", "admin"):
        assert (await (await signed_in(username)).get(f"/signing/requests/{request}/progress"))[0] == 404


async def test_a_document_is_refused_with_a_reason(signed_in: SignIn, world: World) -> None:
    document = world.signing.add(TITLE, "signatory")
    desk = await signed_in("treasurer")

    assert (await desk.post(f"/signing/{document.id}/refuse", reason=" "))[1].endswith("refused=reason")
    assert (await desk.post(f"/signing/{document.id}/refuse", reason="two rows are wrong"))[1].endswith(
        "said=sign_refused"
    )

    assert "two rows are wrong" in (await desk.get(f"/signing/{document.id}"))[1]


async def test_what_asks_for_no_phone_is_signed_by_password_and_code(signed_in: SignIn, world: World) -> None:
    document = world.signing.add("Close of 2026-11-27", "signatory", need=Need.PIN, kind="day_close")
    desk = await signed_in("treasurer")
    body = (await desk.get(f"/signing/{document.id}"))[1]
    path = f"/signing/{document.id}/pin"

    assert "form_key" not in body
    assert (await desk.post(path, password=PASSWORD, totp="12"))[1].endswith("refused=sign_wrong")
    world.signing.start = StartOutcome.CODE_USED
    assert (await desk.post(path, password=PASSWORD, totp="123456"))[1].endswith("refused=sign_code_used")
    world.signing.start = StartOutcome.OK
    assert (await desk.post(path, password=PASSWORD, totp="۱۲۳۴۵۶"))[1].endswith("said=signed")


@pytest.mark.parametrize(
    ("proved", "tone"),
    [(ProofOutcome.SIGNED, "good"), (ProofOutcome.DIFFERS, "bad"), (ProofOutcome.INVALID, "bad")],
)
async def test_the_proof_is_what_verifies_now(signed_in: SignIn, world: World, proved: ProofOutcome, tone: str) -> None:
    document = world.signing.add(TITLE, "signatory")
    world.signing.proved = proved

    body = (await (await signed_in("finance")).get(f"/signing/{document.id}"))[1]

    assert f'<span class="chip {tone}">{say(f"proof.{proved.value}")}</span>' in body


async def test_a_phone_is_enrolled_by_an_administrator_who_sees_how_it_goes(signed_in: SignIn, world: World) -> None:
    admin = await signed_in("admin")
    assert "No phone is enrolled yet" in (await admin.get("/signers"))[1]
    form: dict[str, str | list[str]] = {"staff_id": world.ids["treasurer"], "msisdn": "۰۹۱۲۰۰۰۰۱۰۱"}

    where = (await admin.post("/signers", **form))[1]

    assert "first signature" in (await admin.get(f"/signing/requests/{request_of(where)}"))[1]
    request = request_of(where)
    world.signing.requests[request] = replace(world.signing.requests[request], outcome=SignOutcome.SIGNED)
    assert "A second person must now agree" in (await admin.get(f"/signing/requests/{request}/progress"))[1]
    assert (await admin.post("/signers", **form | {"msisdn": "123456789"}))[1].endswith("refused=enrol_number_form")
    for answer in (one for one in EnrolOutcome if one is not EnrolOutcome.ASKED):
        world.signers.answer = answer
        assert (await admin.post("/signers", **form))[1].endswith(f"refused=enrol_{answer.value}")
    assert (await (await signed_in("finance")).post("/signers", **form))[0] == 403


async def test_a_signer_is_shown_with_the_pinned_serial_and_suspended_with_a_reason(
    signed_in: SignIn, world: World
) -> None:
    world.signers.add(world.ids["treasurer"], world.ids["admin"], world.ids["finance"])
    admin = await signed_in("admin")
    body = (await admin.get("/signers"))[1]
    for told in ("Tara Treasurer", "CN=Treasurer", SERIAL, "+989120000101", "Farah Finance"):
        assert told in body
    path = f"/signers/{world.ids['treasurer']}/suspend"

    assert (await admin.post(path, reason=""))[1].endswith("refused=reason")
    assert (await admin.post(path, reason="phone lost"))[1].endswith("said=signer_suspended")

    body = (await admin.get("/signers"))[1]
    assert "phone lost" in body
    assert f'action="/console{path}"' not in body
    assert (await admin.post(f"/signers/{world.ids['clerk']}/suspend", reason="phone lost"))[0] == 404


def naming(world: World, **other: str | list[str]) -> dict[str, str | list[str]]:
    today = world.clock.now().date().isoformat()
    form: dict[str, str | list[str]] = {
        "delegate": world.ids["finance"],
        "begins": today,
        "ends": today,
        "kinds": ["payout_batch"],
        "reason": "on leave",
    }
    return form | other


async def test_a_stand_in_is_named_for_kinds_and_days_and_taken_back(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("treasurer")
    assert (await desk.post("/delegations", **naming(world)))[1].endswith("said=delegated")
    body = (await desk.get("/delegations"))[1]
    assert "Farah Finance" in body
    assert "Payout batch" in body
    finance = await signed_in("finance")
    assert "Tara Treasurer" in (await finance.get("/delegations"))[1]
    assert "on leave" not in (await (await signed_in("clerk")).get("/delegations"))[1]
    found = re.search(r'action="/console(/delegations/\w+/take-back)"', body)
    assert found is not None

    assert (await finance.post(found[1]))[1].endswith("refused=delegation_not_yours")
    assert (await desk.post(found[1]))[1].endswith("said=delegation_over")
    assert (await desk.post(found[1]))[1].endswith("refused=delegation_unknown")


STAND_INS_THAT_CANNOT_BE: list[tuple[dict[str, str | list[str]], str]] = [
    ({"delegate": "stf_01K8ZZZZZZZZZZZZZZZZZZZZZZ"}, "unknown_staff"),
    ({"ends": "2020-01-01"}, "period"),
    ({"ends": "9999-12-31"}, "period"),
    ({"ends": "2026-02-30"}, "period"),
    ({"ends": "soon"}, "form"),
    ({"kinds": ["everything"]}, "form"),
    ({"reason": "x"}, "form"),
]


async def test_a_stand_in_that_cannot_be_is_refused_in_words(signed_in: SignIn, world: World) -> None:
    desk = await signed_in("treasurer")
    for other, refused in STAND_INS_THAT_CANNOT_BE:
        where = (await desk.post("/delegations", **naming(world, **other)))[1]

        assert where.endswith(f"refused=delegation_{refused}"), other


async def test_nobody_stands_in_for_themself(signed_in: SignIn, world: World) -> None:
    desk: Desk = await signed_in("treasurer")

    where = (await desk.post("/delegations", **naming(world, delegate=world.ids["treasurer"])))[1]

    assert where.endswith("refused=delegation_self")
