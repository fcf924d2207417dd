"""The signature service's client in three modes and two forms; what it is answered, and what it believes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from gateway.observe import Metrics
from gateway.peers.mssp import Mssp
from gateway.services.signing.model import SignOutcome
from gateway.services.signing.ports import MobileSigner, SignatureCheck
from gateway.wire.mss import (
    OCTETS_MAX,
    Fault,
    FaultCode,
    Form,
    JsonForm,
    MimeType,
    MobileUser,
    Mode,
    SignatureRequest,
    SignatureResponse,
    SoapForm,
    Status,
    StatusRequest,
)
from tests.gateway.peers.mssp_stubs import (
    DIGEST,
    LEILA,
    MSISDN,
    OTHER,
    ROOT,
    SERIAL,
    TEXT,
    Dial,
    FakeMssp,
    Said,
    asked,
    never,
    profile_of,
)
from tests.gateway.wire.pki import Making
from wallet.clock import ManualClock

FORMS: dict[str, Form] = {"json": JsonForm(), "soap": SoapForm()}
EACH_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def counted(service: Mssp, name: str, *labels: str) -> float:
    return float(getattr(service._metrics, name).labels(*labels)._value.get())


def test_the_client_is_what_signing_asks_for(clock: ManualClock) -> None:
    """The types say it; nothing runs."""

    def satisfied(service: Mssp) -> tuple[MobileSigner, SignatureCheck]:
        return service, service

    assert callable(satisfied)
    assert clock.now().tzinfo is not None


@EACH_FORM
@pytest.mark.parametrize("mode", [Mode.SYNCH, Mode.POLLED])
async def test_a_phone_signs_and_the_signature_is_verified(dial: Dial, form: Form, mode: Mode) -> None:
    fake = FakeMssp(form)
    service = await dial(fake, mode)

    result = await service.sign(asked())

    assert result.outcome is SignOutcome.SIGNED
    assert (result.serial, result.subject) == (SERIAL, "CN=Leila")
    assert service.check(result.cms, asked(), service._clock.now()) is SignOutcome.SIGNED
    assert fake.count(StatusRequest) == (0 if mode is Mode.SYNCH else 2)
    assert counted(service, "mssp_requests", "sign", "signed") == 1


@EACH_FORM
async def test_the_service_is_asked_as_the_standard_wants(dial: Dial, form: Form, clock: ManualClock) -> None:
    fake = FakeMssp(form)
    service = await dial(fake, callback_url="https://gateway.example/mss/callback/x")

    await service.sign(asked(timeout_s=80, language="fa"))

    request = fake.first
    assert (request.major, request.minor) == (1, 2 if isinstance(form, JsonForm) else 1)
    assert request.timeout_s == 80
    assert request.ap.ap_id == "mid://sso.example"
    assert request.ap.password == "secret-of-ours"
    assert request.ap.instant == clock.now()
    assert request.ap.url == "https://gateway.example/mss/callback/x"
    assert request.user.msisdn == MSISDN
    assert (request.signed.data, request.signed.mime_type) == (TEXT, "text/plain")
    assert request.services[0].user_lang is not None
    assert request.services[0].user_lang.value == "FA"
    assert request.format == "http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature"


@EACH_FORM
async def test_a_digest_is_signed_and_its_text_shown(dial: Dial, form: Form) -> None:
    fake = FakeMssp(form)
    service = await dial(fake, prefix="SSO: ")

    result = await service.sign(asked(digest=DIGEST))

    assert result.outcome is SignOutcome.SIGNED
    assert fake.first.signed.mime_type == MimeType.SHA256.value
    assert fake.first.displayed is not None
    assert fake.first.displayed.data == TEXT
    assert service.check(result.cms, asked(digest=bytes(32)), service._clock.now()) is SignOutcome.INVALID


@EACH_FORM
@pytest.mark.parametrize("code", FaultCode)
async def test_every_fault_has_its_outcome(dial: Dial, form: Form, code: FaultCode) -> None:
    async def fault(_fake: FakeMssp, _request: SignatureRequest) -> Said:
        return Fault(code, code.name)

    service = await dial(FakeMssp(form, on_sign=fault))

    result = await service.sign(asked())

    expected = {
        105: SignOutcome.NOT_ENROLLED,
        208: SignOutcome.EXPIRED,
        209: SignOutcome.UNREACHABLE,
        401: SignOutcome.REFUSED,
        402: SignOutcome.PIN_BLOCKED,
        403: SignOutcome.PIN_BLOCKED,
        404: SignOutcome.NOT_ENROLLED,
        406: SignOutcome.BUSY,
        407: SignOutcome.NOT_ENROLLED,
        422: SignOutcome.NOT_ENROLLED,
        425: SignOutcome.REVOKED,
    }
    assert (result.outcome, result.fault) == (expected.get(code, SignOutcome.UNAVAILABLE), str(code.value))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.REVOKED_CERTIFICATE, SignOutcome.REVOKED),
        (Status.INVALID_SIGNATURE, SignOutcome.INVALID),
        (Status.VALID_SIGNATURE, SignOutcome.INVALID),
        (Status.REGISTRATION_OK, SignOutcome.UNAVAILABLE),
        (Status.PUSH_FAILED, SignOutcome.UNAVAILABLE),
        (FaultCode.USER_CANCEL, SignOutcome.REFUSED),
    ],
)
async def test_a_status_ends_it_and_one_that_brings_no_signature_is_not_believed(
    dial: Dial, status: Status | FaultCode, outcome: SignOutcome
) -> None:
    async def answer(fake: FakeMssp, request: SignatureRequest) -> Said:
        return fake.answer(request, status)

    service = await dial(FakeMssp(on_sign=answer))

    assert (await service.sign(asked())).outcome is outcome


MADE: dict[str, tuple[SignOutcome, Making]] = {
    "another's": (SignOutcome.OTHER_SIGNER, Making(OTHER, content=TEXT.encode(), attached=TEXT.encode())),
    "another text": (SignOutcome.INVALID, Making(LEILA, content=b"another", attached=b"another")),
    "another's key": (SignOutcome.INVALID, Making(LEILA, TEXT.encode(), TEXT.encode(), key=OTHER.key)),
    "a root as signer": (SignOutcome.INVALID, Making(ROOT, content=TEXT.encode(), attached=TEXT.encode())),
}


@pytest.mark.parametrize(("outcome", "making"), MADE.values(), ids=MADE)
async def test_only_the_persons_own_signature_of_this_text_is_taken(
    dial: Dial, outcome: SignOutcome, making: Making
) -> None:
    service = await dial(FakeMssp(making=making))

    result = await service.sign(asked())

    assert result.outcome is outcome
    assert service.check(making.octets(), asked(), service._clock.now()) is outcome


async def test_whoever_enrols_has_no_serial_yet(dial: Dial) -> None:
    service = await dial(FakeMssp())

    assert (await service.sign(asked(serial=""))).serial == SERIAL


def _other_transaction(fake: FakeMssp, request: SignatureRequest) -> SignatureResponse:
    answer = fake.answer(request)
    return answer.model_copy(update={"ap": answer.ap.model_copy(update={"trans_id": "Another"})})


def _other_number(fake: FakeMssp, request: SignatureRequest) -> SignatureResponse:
    return fake.answer(request).model_copy(update={"user": MobileUser(msisdn="+989120000006")})


@pytest.mark.parametrize("lie", [_other_transaction, _other_number])
async def test_an_answer_to_another_request_is_none(
    dial: Dial, lie: Callable[[FakeMssp, SignatureRequest], SignatureResponse]
) -> None:
    async def answer(fake: FakeMssp, request: SignatureRequest) -> Said:
        return lie(fake, request)

    service = await dial(FakeMssp(on_sign=answer))

    assert (await service.sign(asked())).outcome is SignOutcome.UNAVAILABLE


NONSENSE: dict[str, Callable[[], web.Response]] = {
    "nothing": lambda: web.Response(body=b""),
    "half": lambda: web.Response(body=b'{"MSS_SignatureResp": {'),
    "too long": lambda: web.Response(body=b" " * (OCTETS_MAX + 1)),
    "a page": lambda: web.Response(text="<html>", content_type="text/html"),
    "not found": lambda: web.Response(status=404),
    "elsewhere": lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    "overloaded": lambda: web.Response(status=503, body=b"{}"),
    "a fault of nobody's": lambda: web.Response(status=500, body=b'{"Fault": {"Code": {}}}'),
}


@EACH_FORM
@pytest.mark.parametrize("made", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_unavailable_and_never_asked_twice(
    dial: Dial, form: Form, made: Callable[[], web.Response]
) -> None:
    async def answer(_fake: FakeMssp, _request: SignatureRequest) -> Said:
        return made()

    fake = FakeMssp(form, on_sign=answer)
    service = await dial(fake)

    first, second = await service.sign(asked()), await service.sign(asked())

    assert first.outcome is second.outcome is SignOutcome.UNAVAILABLE
    assert fake.count(SignatureRequest) == 1


async def test_a_silent_service_is_left_when_the_time_is_over(dial: Dial) -> None:
    fake = FakeMssp(on_sign=never)
    service = await dial(fake)

    result = await service.sign(asked(timeout_s=0))

    assert result.outcome is SignOutcome.UNAVAILABLE
    assert (await service.sign(asked(timeout_s=0))).outcome is SignOutcome.UNAVAILABLE
    assert fake.count(SignatureRequest) == 1


async def test_a_service_that_is_not_there_has_seen_nothing(clock: ManualClock) -> None:
    fake = FakeMssp()
    async with Mssp(profile_of("http://127.0.0.1:9", fake, Mode.SYNCH), clock, Metrics()) as service:
        result = await service.sign(asked())

        assert result.outcome is SignOutcome.UNAVAILABLE
        assert service._pendings.get("Aone") is None


async def test_a_service_that_drips_is_left_when_the_time_is_over(dial: Dial) -> None:
    async def drip(_fake: FakeMssp, _request: SignatureRequest) -> Said:
        return _Drip()

    service = await dial(FakeMssp(on_sign=drip))

    assert (await service.sign(asked(timeout_s=0))).outcome is SignOutcome.UNAVAILABLE


class _Drip(web.StreamResponse):
    async def prepare(self, request: web.BaseRequest) -> Any:  # noqa: ANN401 - aiohttp's own answer
        await super().prepare(request)
        while True:
            await self.write(b" ")
            await asyncio.sleep(0.02)


async def test_a_line_that_is_cut_in_the_middle_is_unavailable(clock: ManualClock) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"MSS_SignatureResp": {')
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Mssp(profile_of(url, FakeMssp(), Mode.SYNCH), clock, Metrics()) as service:
            assert (await service.sign(asked())).outcome is SignOutcome.UNAVAILABLE
            assert service._pendings.get("Aone") is not None


async def test_who_does_not_answer_on_the_phone_lets_it_expire(dial: Dial) -> None:
    fake = FakeMssp(waits=1_000)
    service = await dial(fake, Mode.POLLED)

    assert (await service.sign(asked(timeout_s=0))).outcome is SignOutcome.EXPIRED
    assert fake.count(StatusRequest) > 2


async def test_a_question_that_fails_is_asked_again(dial: Dial) -> None:
    async def answer(fake: FakeMssp, request: StatusRequest) -> Said:
        return web.Response(status=502) if fake.count(StatusRequest) < 3 else fake.standing_of(request)

    service = await dial(FakeMssp(on_status=answer), Mode.POLLED)

    assert (await service.sign(asked())).outcome is SignOutcome.SIGNED


async def test_a_question_without_an_answer_to_the_end_is_unavailable(dial: Dial) -> None:
    async def answer(_fake: FakeMssp, _request: StatusRequest) -> Said:
        return web.Response(status=502)

    service = await dial(FakeMssp(on_status=answer), Mode.POLLED)

    assert (await service.sign(asked(timeout_s=0))).outcome is SignOutcome.UNAVAILABLE


async def test_a_question_is_ended_by_a_fault(dial: Dial) -> None:
    async def answer(_fake: FakeMssp, _request: StatusRequest) -> Said:
        return Fault(FaultCode.USER_CANCEL)

    service = await dial(FakeMssp(on_status=answer), Mode.POLLED)

    assert (await service.sign(asked())).outcome is SignOutcome.REFUSED
