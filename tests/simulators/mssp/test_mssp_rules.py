"""The rules of ETSI TS 102 204 and of its operators, each with the code that it is answered with."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from simulators.mssp import Code, Habit, Said
from simulators.mssp.service import GSM_MAX, SKEW_MAX_S, UCS2_MAX
from tests.simulators.acquirer import until
from tests.simulators.mssp.provider import AP_ID, AP_PWD, FIRST, TEXT, Bench, bench, code_of, signature_of


def text(data: str) -> dict[str, Any]:
    return {"DataToBeSigned": {"MimeType": "text/plain", "Encoding": "UTF-8", "Data": data}}


def instant(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def asked(mss: Bench, **message: object) -> "asyncio.Task[dict[str, Any]]":
    """A request that waits on the phone."""
    task = asyncio.create_task(mss.sign(**message))
    await until(lambda: mss.phone.pending() is not None)
    return task


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (text("S" * 10), 107),
        (text("SSO:" + "a" * (GSM_MAX - 4)), 500),
        (text("SSO:" + "a" * (GSM_MAX - 3)), 103),
        (text("SSO:" + "€" * 118), 103),
        (text("SSO:" + "ت" * (UCS2_MAX - 4)), 500),
        (text("SSO:" + "ç" * (UCS2_MAX - 3)), 103),
        (text(""), 102),
        ({"SignatureProfile": "http://mid.swisscom.ch/Device-LoA4"}, 109),
        ({"SignatureProfile": {"mssURI": "http://mid.swisscom.ch/Any-LoA4"}}, 500),
        ({"MobileUser": {"MSISDN": "989129999999"}}, 105),
        ({"MobileUser": {"MSISDN": "0912"}}, 101),
        ({"MobileUser": {"MSISDN": FIRST}}, 500),
        ({"MobileUser": {"MSISDN": "41000000000"}}, 101),
        ({"MobileUser": None}, 102),
        ({"MessagingMode": "sometimes"}, 101),
        ({"MessagingMode": "asynchServerServer"}, 405),
        ({"TimeOut": "0"}, 101),
        ({"ValidityDate": instant(-5)}, 208),
        ({"ValidityDate": "tomorrow"}, 101),
        ({"MSS_Format": "http://www.methics.fi/KiuruMSSP/v3.2.0#PKCS1"}, 101),
        ({"MSS_Format": "http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature"}, 500),
        ({"AdditionalServices": [{"Description": "http://mss.ficom.fi/TS102204/v1.0.0#validate"}]}, 502),
        ({"DataToBeSigned": {"MimeType": "application/x-sha256", "Data": "AAAA"}, "DataToBeDisplayed": "SSO: x"}, 103),
        ({"DataToBeSigned": {"MimeType": "application/x-sha256", "Data": "??"}, "DataToBeDisplayed": "SSO: x"}, 101),
        ({"DataToBeSigned": {"MimeType": "application/x-sha256", "Data": "A" * 43 + "="}}, 102),
        ({"DataToBeSigned": {"MimeType": "application/pdf", "Data": "AAAA"}}, 101),
        ({"MajorVersion": "9"}, 108),
    ],
)
async def test_a_request_is_answered_with_its_code(mss: Bench, message: dict[str, Any], expected: int) -> None:
    mss.phone.habit = Habit.SIGNS

    answer = await mss.sign(**message)

    assert code_of(answer) == str(expected)
    assert answer.get("Reason", answer.get("Status", {}).get("StatusMessage")) == Code(expected).name


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"AP_ID": "http://nobody.example"}, 104),
        ({"AP_PWD": "wrong"}, 104),
        ({"AP_PWD": ""}, 104),
        ({"AP_TransID": "1digit"}, 101),
        ({"AP_TransID": ""}, 102),
        ({"Instant": "2026-01-01T00:00:00"}, 101),
    ],
)
async def test_an_application_provider_proves_itself_and_the_time(
    mss: Bench, header: dict[str, str], expected: int
) -> None:
    mss.phone.habit = Habit.SIGNS

    assert code_of(await mss.sign(AP_Info=mss.header(**header))) == str(expected)


@pytest.mark.parametrize(
    ("off_s", "expected"), [(-SKEW_MAX_S - 60, 101), (SKEW_MAX_S + 60, 101), (SKEW_MAX_S - 60, 500)]
)
async def test_an_instant_is_of_now(mss: Bench, off_s: int, expected: int) -> None:
    mss.phone.habit = Habit.SIGNS

    assert code_of(await mss.sign(AP_Info=mss.header(Instant=instant(off_s)))) == str(expected)


async def test_the_same_transaction_at_the_same_instant_is_not_taken_twice(mss: Bench) -> None:
    mss.phone.habit = Habit.SIGNS
    header = mss.header()

    assert code_of(await mss.sign(AP_Info=header)) == "500"
    assert code_of(await mss.sign(AP_Info=header)) == "101"
    assert code_of(await mss.sign(AP_Info=mss.header(AP_TransID=header["AP_TransID"]))) == "500"


async def test_a_service_whose_clock_is_wrong_refuses_the_right_time_and_says_its_own(mss: Bench) -> None:
    mss.phone.habit = Habit.SIGNS
    mss.faults.clock_skew_s = SKEW_MAX_S + 60
    assert code_of(await mss.sign()) == "101"
    mss.faults.clock_skew_s = SKEW_MAX_S - 60

    answer = await mss.sign()

    ahead = datetime.fromisoformat(answer["MSSP_Info"]["Instant"]) - datetime.now(UTC)
    assert SKEW_MAX_S - 70 < ahead.total_seconds() < SKEW_MAX_S


@pytest.mark.parametrize("fault", [code for code in Code if not code.is_status])
async def test_a_test_number_gives_its_fault(mss: Bench, fault: Code) -> None:
    user = {"MSISDN": f"41000092{fault.value:03d}"}

    answer = await mss.sign(MobileUser=user)

    assert (code_of(answer), answer["Reason"]) == (str(fault.value), fault.name)
    later = await mss.sign(MobileUser=user, MessagingMode="asynch")
    if not fault.is_senders:
        assert code_of(later) == "100"
        later = await mss.rest("status", "Status", MSSP_TransID=later["MSSP_TransID"])
    assert code_of(later) == str(fault.value)


def spoil_on(mss: Bench) -> None:
    mss.phone.switch(on=False)


def spoil_key(mss: Bench) -> None:
    mss.phone.lose_key()


def spoil_certificate(mss: Bench) -> None:
    mss.phone.revoke()


def spoil_pin(mss: Bench) -> None:
    mss.phone.tries_left = 0


def spoil_person(mss: Bench) -> None:
    mss.phone.habit = Habit.CANCELS


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [(spoil_on, 209), (spoil_key, 404), (spoil_certificate, 501), (spoil_pin, 402), (spoil_person, 401)],
)
async def test_a_phone_that_cannot_sign_says_why(mss: Bench, spoil: Callable[[Bench], None], expected: int) -> None:
    spoil(mss)

    answer = await mss.sign()

    assert code_of(answer) == str(expected)
    assert "MSS_Signature" not in answer


async def test_a_pin_that_is_wrong_three_times_blocks_the_sim_until_it_is_swapped(mss: Bench) -> None:
    task = await asked(mss)

    said = [await mss.phone.type_pin(pin) for pin in ("1", "2", "3")]

    assert said == [Said.WRONG_PIN, Said.WRONG_PIN, Said.BLOCKED]
    assert code_of(await task) == "402"
    assert code_of(await mss.sign()) == "402"
    await mss.phone.swap_sim()
    mss.phone.habit = Habit.SIGNS
    assert code_of(await mss.sign()) == "500"


async def test_one_request_is_on_a_sim_at_a_time(mss: Bench) -> None:
    task = await asked(mss)

    assert code_of(await mss.sign()) == "406"
    prompt = mss.phone.pending()
    assert prompt is not None
    assert (prompt.text, prompt.code) == (TEXT, "TXN-3D5K")
    assert await mss.phone.type_pin("4711") is Said.SIGNED
    assert code_of(await task) == "500"
    assert await mss.phone.type_pin("4711") is Said.NOTHING


@pytest.mark.parametrize("limit", [{"TimeOut": "1"}, {"ValidityDate": "soon"}])
async def test_a_person_who_says_nothing_lets_it_expire(mss: Bench, limit: dict[str, str]) -> None:
    limit = {name: instant(0.2) if value == "soon" else value for name, value in limit.items()}
    mss.phone.habit = Habit.WAITS

    assert code_of(await mss.sign(**limit)) == "208"
    assert (mss.phone.pending(), mss.phone.said) == (None, Said.EXPIRED)


async def test_an_asynchronous_request_is_polled_until_it_is_signed(mss: Bench) -> None:
    started = await mss.sign(MessagingMode="asynch")
    ask: Callable[[], Awaitable[dict[str, Any]]] = lambda: mss.rest(  # noqa: E731 - the same question twice
        "status", "Status", MSSP_TransID=started["MSSP_TransID"]
    )

    assert (code_of(started), code_of(await ask())) == ("100", "504")
    await mss.phone.type_pin("4711")
    first, second = await ask(), await ask()

    assert code_of(first) == "500"
    assert signature_of(first) == signature_of(second)
    assert code_of(await mss.rest("status", "Status", MSSP_TransID="MSSP-0")) == "101"


async def test_a_receipt_is_shown_once_after_a_signature(mss: Bench) -> None:
    mss.phone.habit = Habit.SIGNS
    answer = await mss.sign()
    receipt = {
        "MSSP_TransID": answer["MSSP_TransID"],
        "MobileUser": {"MSISDN": FIRST},
        "Message": {"Data": "Done. B7 is paid", "Encoding": "UTF-8", "MimeType": "text/plain"},
    }

    codes = [code_of(await mss.rest("receipt", "Receipt", **receipt)) for _ in range(2)]

    assert codes == ["100", "101"]
    assert list(mss.phone.receipts) == ["Done. B7 is paid"]


async def test_a_profile_query_tells_of_the_sim_without_asking_the_person(mss: Bench) -> None:
    mss.phone.tries_left = 0
    answer = await mss.rest("profile", "Profile", MobileUser={"MSISDN": FIRST}, Params="sscds certs pinstatus")

    sim = answer["Status"]["StatusDetail"]["ProfileQueryExtension"]["Sscds"]["Sim"]
    assert "http://alauda.mobi/nonRepudiation" in answer["SignatureProfile"]
    assert sim["PinStatus"] == {"Blocked": True}
    assert sim["MobileUserCertificate"][0]["State"] == "ACTIVE"
    assert "CN=Treasurer" in sim["MobileUserCertificate"][0]["X509SubjectName"][0]
    assert mss.phone.pending() is None
    unknown = await mss.rest("profile", "Profile", MobileUser={"MSISDN": "989129999999"})
    assert code_of(unknown) == "105"


@pytest.mark.parametrize("twice", [False, True])
async def test_a_result_is_sent_to_the_address_of_the_contract(twice: bool) -> None:  # noqa: FBT001 - a row of the table
    heard: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(json.loads(await request.read())["MSS_SignatureResp"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/mss/result", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with bench(notify_url=f"http://127.0.0.1:{runner.addresses[0][1]}/mss/result") as mss:
        mss.faults.duplicate_answer = twice
        started = await mss.sign(MessagingMode="asynchServerServer")
        await mss.phone.type_pin("4711")
        await until(lambda: len(heard) == 1 + twice)
        mss.phone.habit = Habit.CANCELS
        await mss.sign(MessagingMode="asynchServerServer")
        await until(lambda: len(heard) > 1 + twice)
    await runner.cleanup()

    assert code_of(started) == "100"
    assert heard[0]["MSSP_TransID"] == started["MSSP_TransID"]
    assert heard[0]["AP_Info"]["AP_TransID"] == started["AP_Info"]["AP_TransID"]
    assert [code_of(one) for one in heard[:2]] == (["500", "500"] if twice else ["500", "401"])


async def test_an_answer_is_dropped_cut_short_or_names_another_transaction(mss: Bench) -> None:
    mss.phone.habit = Habit.SIGNS
    mss.faults.wrong_echo = True
    assert (await mss.sign())["AP_Info"]["AP_TransID"] == "Another"
    mss.faults.malformed_answer = True
    with pytest.raises(json.JSONDecodeError):
        await mss.sign()
    mss.faults.drop_answer = True
    with pytest.raises(aiohttp.ClientError):
        await mss.sign()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"MSS_SignatureReq": 1}', b"\xff", b"[" * 5_000, b'{"MSS_SignatureReq": {}}']
)
async def test_a_body_that_is_no_request_is_a_fault(mss: Bench, body: bytes) -> None:
    url = f"http://127.0.0.1:{mss.mssp.port}/rest/service/sign"
    async with mss.session.post(url, data=body) as response:
        assert response.status == 500
        assert code_of(json.loads(await response.read())["Fault"]) in {"101", "102"}


async def test_neither_a_password_nor_a_pin_stands_among_the_messages_of_the_lab(mss: Bench) -> None:
    task = await asked(mss)
    await mss.phone.type_pin("4711")
    await task

    shown = "\n".join(f"{row.summary} {row.detail}" for row in mss.trace.messages)
    assert TEXT in shown
    assert AP_ID in shown
    assert AP_PWD not in shown
    assert "4711" not in shown
