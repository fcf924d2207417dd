"""Bad input at every real door of a gateway: refused in that wire's own terms, counted, and nothing is harmed."""

from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.journeys import checks, steps
from tests.journeys.desk import Desk
from tests.journeys.door_forms import API, FORM, GARBAGE, JSON, POSTS, TRICKS, UNKNOWN, USSD, Posted, callback
from tests.journeys.door_forms import CLAIM as NO_CLAIM
from tests.journeys.door_lines import (
    DE39_30,
    DELIVER_RESP,
    DROPPED,
    SIGNED_ON,
    SMPP,
    Octets,
    framed,
    heads,
    messages,
    pdu,
    receipt,
    sign_on,
)
from tests.journeys.doors import clean, counted, host, http, over_socket, pieces, until
from tests.journeys.town import Town, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One town for all doors."""
    async with opened(tmp_path_factory.mktemp("doors"), "sqlite://") as town:
        yield town


# --- the carriers' callback ---


@pytest.mark.parametrize(("body", "type_", "reason"), USSD.values(), ids=USSD)
async def test_a_callback_that_is_none_ends_the_dialogue_in_words(
    town: Town, body: str | bytes, type_: str, reason: str
) -> None:
    counter = await counted(town, {"door": "ussd", "reason": reason})
    status, raw, _ = await http(town, "POST", "/ussd/africastalking", body, {"Content-Type": type_})
    assert status == 200
    assert raw.startswith(b"END ")
    clean(raw)
    assert await counter.moved()


async def test_a_callback_without_an_announced_length_is_cut_at_the_cap(town: Town) -> None:
    counter = await counted(town, {"door": "ussd", "reason": "too_long"})
    body = pieces(callback(text="1" * 9000).encode())
    status, raw, _ = await http(town, "POST", "/ussd/africastalking", body, {"Content-Type": FORM})
    assert (status, raw[:4]) == (200, b"END ")
    assert await counter.moved()


async def test_an_answer_in_a_session_that_is_over_ends_in_the_persons_language(town: Town) -> None:
    labels = {"wire": "africastalking", "end": "lost"}
    counter = await counted(town, labels, "tapdial_ussd_hops_total")
    path, form = "/ussd/africastalking", {"Content-Type": FORM}
    await http(town, "POST", path, callback(sessionId="hung-up"), form)
    await http(town, "POST", f"{path}/x/events", callback(sessionId="hung-up", status="Incomplete"), form)
    status, raw, _ = await http(town, "POST", path, callback(sessionId="hung-up", text="1"), form)
    assert status == 200
    assert raw == b"END This session is over. Please dial again."
    assert await counter.moved()


# --- the API ---


@pytest.mark.parametrize(("body", "type_", "status", "code"), API.values(), ids=API)
async def test_a_request_that_is_none_gets_a_problem(
    town: Town, body: str | bytes, type_: str, status: int, code: str
) -> None:
    counter = await counted(town, {"door": "api", "reason": code})
    got, raw, headers = await http(town, "POST", "/api/v1/tokens", body, {"Content-Type": type_})
    assert got == status
    assert headers["Content-Type"].startswith("application/problem+json")
    assert f'"code":"{code}"'.encode() in raw
    assert b"12345678" not in raw, "what was sent holds a code"
    clean(raw)
    assert await counter.moved()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/tokens", 405), ("POST", "/api/v1/none", 404)])
async def test_the_api_says_by_a_problem_what_it_does_not_have(town: Town, method: str, path: str, status: int) -> None:
    got, raw, headers = await http(town, method, path, None, {})
    assert got == status
    assert headers["Content-Type"].startswith("application/problem+json")
    clean(raw)


# --- HTTP itself ---


@pytest.mark.parametrize("path", UNKNOWN)
async def test_an_unknown_route_is_not_found_and_says_nothing_about_us(town: Town, path: str) -> None:
    status, raw, headers = await http(town, "GET", path, None, {})
    assert status in (404, 303), "a page of the console leads to its sign-in"
    assert headers["Server"] == "tapdial"
    if status == 303:
        assert headers["Location"] == "/console/sign-in"
    clean(raw.replace(b"<title>", b"") if path.startswith("/console") else raw)


@pytest.mark.parametrize("path", TRICKS)
async def test_tricks_with_paths_lead_nowhere(town: Town, path: str) -> None:
    raw = await over_socket(town, f"GET {path} HTTP/1.1\r\nHost: {host(town)}\r\nConnection: close\r\n\r\n".encode())
    assert raw.split(b" ", 2)[1] in (b"303", b"400", b"403", b"404"), raw[:200]
    assert b"root:" not in raw
    assert b"import " not in raw
    clean(raw.replace(b"<title>", b""))


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_not_http_is_told_so_without_our_makers_name(town: Town, raw: bytes) -> None:
    counter = await counted(town, {"door": "http", "reason": "not_http"})
    answer = await over_socket(town, raw)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"Server: tapdial" in answer
    clean(answer)
    assert await counter.moved()


async def test_a_body_of_megabytes_is_refused_before_it_is_read(town: Town) -> None:
    counter = await counted(town, {"door": "http", "reason": "request_entity_too_large"})
    lines = ["POST /api/v1/tokens HTTP/1.1", f"Host: {host(town)}", f"Content-Type: {JSON}", "Content-Length: 99999999"]
    answer = await over_socket(town, "\r\n".join([*lines, "", ""]).encode(), until_close=False)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    clean(answer)
    assert await counter.moved()


# --- the console ---


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desks(town: Town) -> AsyncIterator[Mapping[str, Desk]]:
    async with Desk(town, "officer") as officer, Desk(town, "clerk") as clerk:
        yield {"officer": officer, "clerk": clerk}


@pytest.mark.parametrize("post", POSTS.values(), ids=POSTS)
async def test_a_form_that_may_not_be_is_refused_on_a_page(town: Town, desks: Mapping[str, Desk], post: Posted) -> None:
    counter = await counted(town, {"door": "console", "reason": post.reason})
    desk = desks[post.who]
    csrf = desk._csrf if post.csrf == "right" else post.csrf
    headers = {
        "Cookie": desk._cookie,
        "Content-Type": post.type_,
        "Origin": town.url if post.origin == "own" else post.origin,
    }
    body = urlencode({**post.fields, "csrf": csrf})
    status, raw, _ = await http(
        town, "POST", post.path, body, {name: value for name, value in headers.items() if value}
    )
    assert status == post.status, raw
    assert b"<html" in raw
    assert desk._csrf.encode() not in raw or post.csrf == "right"
    clean(raw.replace(b"<title>", b""))
    assert await counter.moved()


async def test_a_form_without_a_sign_in_leads_to_the_sign_in(town: Town) -> None:
    headers = {"Origin": town.url, "Content-Type": FORM, "Cookie": "__Host-tapdial=guessed"}
    status, _, given = await http(town, "POST", NO_CLAIM, "csrf=0", headers)
    assert (status, given["Location"]) == (303, "/console/sign-in")


# --- the terminals' line ---


@pytest.mark.parametrize(("octets", "reason"), DROPPED.values(), ids=DROPPED)
async def test_a_line_that_begins_wrong_is_dropped_without_a_word(town: Town, octets: Octets, reason: str) -> None:
    counter = await counted(town, {"door": "iso8583", "reason": reason})
    assert await over_socket(town, octets(town), port=town.settings.iso8583_port) == b""
    assert await counter.moved()


@pytest.mark.parametrize(("octets", "reason"), SIGNED_ON.values(), ids=SIGNED_ON)
async def test_a_signed_on_line_that_breaks_a_rule_is_dropped(town: Town, octets: Octets, reason: str) -> None:
    counter = await counted(town, {"door": "iso8583", "reason": reason})
    answers = await over_socket(town, framed(town, sign_on(town)) + octets(town), port=town.settings.iso8583_port)
    (signed_on,) = messages(town, answers)
    assert (signed_on.mti, signed_on[39]) == ("0810", "00")
    assert await counter.moved()


@pytest.mark.parametrize(("octets", "mti"), DE39_30.values(), ids=DE39_30)
async def test_bad_content_under_a_good_mac_is_answered_with_30_and_the_line_lives(
    town: Town, octets: Octets, mti: str
) -> None:
    if mti == "0100":
        counter = await counted(town, {"mti": "0100", "de39": "30"}, "tapdial_taps_total")
    else:
        counter = await counted(town, {"door": "iso8583", "reason": "bad_content"})
    echo = framed(town, sign_on(town, de70="301", de11="900009"))
    sent = framed(town, sign_on(town)) + octets(town) + echo
    answers = await over_socket(town, sent, port=town.settings.iso8583_port, until_close=False, messages=3)
    found = {(each.mti, each[11]): each for each in messages(town, answers)}
    assert found.pop(("0810", "900009"))[39] == "00", "the line must live"
    assert sorted(each[39] for each in found.values()) in (["00", "30"], ["30"]), answers
    clean(answers)
    assert await counter.moved()


# --- the SMSC's line ---


@pytest.fixture
def said(town: Town) -> Iterator[list[bytes]]:
    """Frames that our ESME sends to the SMSC."""
    smsc, frames = town.world.smsc, list[bytes]()
    take = smsc._take

    def heard(session: object, frame: bytes) -> None:
        frames.append(frame)
        take(session, frame)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smsc, "_take", heard)
        yield frames


@pytest.mark.parametrize(("octets", "answer", "reason"), SMPP.values(), ids=SMPP)
async def test_a_pdu_that_is_none_is_refused_and_the_link_is_there_again(
    town: Town, said: list[bytes], octets: bytes, answer: tuple[int, int], reason: str
) -> None:
    await bound(town)
    counter = await counted(town, {"door": "smpp", "reason": reason})
    (session,) = town.world.smsc._sessions
    session.writer.write(octets)
    await until(lambda: answer in heads(said))
    assert await counter.moved()
    if reason != "frame":
        session.writer.write(pdu(0x15, sequence=78))
        await until(lambda: (0x80000015, 0) in heads(said))
        assert session in town.world.smsc._sessions
    else:
        await until(lambda: session not in town.world.smsc._sessions)
        await bound(town)


@pytest.mark.parametrize(
    "text", [b"", b"id:", b"id:\xff\xfe stat:DELIVRD", b"id:a\0b stat:DELIVRD", b"id:" + b"9" * 90]
)
async def test_a_receipt_that_names_no_message_is_taken_and_counted(town: Town, said: list[bytes], text: bytes) -> None:
    await bound(town)
    counter = await counted(town, {"link": "smsc", "kind": "unreadable_receipt"}, "tapdial_link_inbound_total")
    (session,) = town.world.smsc._sessions
    session.writer.write(receipt(text))
    await until(lambda: (DELIVER_RESP, 0) in heads(said))
    assert await counter.moved()


async def bound(town: Town) -> None:
    """Wait until the link stands."""
    await until(lambda: any(session.receives for session in town.world.smsc._sessions))


# --- afterwards ---


async def test_after_all_of_it_the_gateway_takes_work_and_the_books_verify(town: Town) -> None:
    status, raw, _ = await http(town, "GET", "/readyz", None, {})
    assert (status, raw) == (200, b"ready\n")
    assert await steps.see(town, 8, town.pin(8)) == 16_500_000
    log = town.log.read_text()
    assert not [word for word in ("Traceback", "unhandled", "console_failed", "a hop broke") if word in log]
    assert "GOPHER" not in log, "what was sent may hold a credential"
    await checks.books_agree(town)
