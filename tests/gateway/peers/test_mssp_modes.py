"""The signature service's client: the same id twice, what is posted by itself, receipts, profiles, probe and log."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from aiohttp import web

from gateway.errors import BadInput, PeerUnavailable
from gateway.peers.mssp import Mssp, client
from gateway.services.signing.model import SignOutcome
from gateway.services.signing.profiles import ProfileState
from gateway.wire.mss import (
    ApInfo,
    Fault,
    FaultCode,
    Form,
    JsonForm,
    Mode,
    ReceiptRequest,
    Signature,
    SignatureRequest,
    SoapForm,
    Status,
    StatusRequest,
    StatusResponse,
)
from tests.gateway.peers.mssp_stubs import (
    CONTENT,
    LEILA,
    MSISDN,
    MSSP_ID,
    TEXT,
    Dial,
    FakeMssp,
    Said,
    asked,
    echo,
    signature,
    standing,
)
from tests.gateway.wire.pki import NOW, Making
from wallet.clock import ManualClock
from wallet.ids import new_id

FORMS: dict[str, Form] = {"json": JsonForm(), "soap": SoapForm()}
EACH_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def counted(service: Mssp, name: str, *labels: str) -> float:
    return float(getattr(service._metrics, name).labels(*labels)._value.get())


async def test_the_same_id_again_asks_how_it_stands_and_shows_nothing_twice(dial: Dial) -> None:
    fake = FakeMssp(waits=1_000)
    service = await dial(fake, Mode.POLLED)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await service.sign(asked())
    fake.waits = 0

    result = await service.sign(asked())

    assert result.outcome is SignOutcome.SIGNED
    assert fake.count(SignatureRequest) == 1


async def test_an_id_of_ours_is_sent_with_its_own_moment_so_that_the_service_knows_it_again(
    dial: Dial, clock: ManualClock
) -> None:
    fake = FakeMssp()
    service, again = await dial(fake), await dial(fake)
    transaction_id = new_id("sgn", clock)
    clock.advance(timedelta(seconds=30))

    await service.sign(asked(transaction_id))
    clock.advance(timedelta(seconds=30))
    await again.sign(asked(transaction_id))

    first, second = fake.requests
    assert (first.ap.trans_id, first.ap.instant) == (second.ap.trans_id, second.ap.instant)


async def test_nobody_is_asked_whose_time_is_over(dial: Dial, clock: ManualClock) -> None:
    fake = FakeMssp()
    service = await dial(fake)
    transaction_id = new_id("sgr", clock)
    clock.advance(timedelta(seconds=61))

    assert (await service.sign(asked(transaction_id))).outcome is SignOutcome.UNAVAILABLE
    assert fake.requests == []


@pytest.mark.parametrize(
    "changed",
    [
        {"transaction_id": "1a"},
        {"text": "x" * 240},
        {"text": "س" * 120},
        {"text": ""},
        {"text": "\ud800"},
        {"msisdn": "911 or so"},
    ],
)
async def test_what_no_phone_can_show_is_not_sent(dial: Dial, changed: dict[str, str]) -> None:
    fake = FakeMssp()
    service = await dial(fake)

    assert (await service.sign(replace(asked(), **changed))).outcome is SignOutcome.UNAVAILABLE  # type: ignore[arg-type]
    assert fake.requests == []


def _posted(fake: FakeMssp, code: Status | FaultCode = Status.SIGNATURE, mssp_id: str = MSSP_ID) -> bytes:
    answer = fake.answer(fake.first, code if code is not Status.SIGNATURE else Status.REQUEST_OK)
    update: dict[str, object] = {"standing": standing(code), "mssp_trans_id": mssp_id}
    if code is Status.SIGNATURE:
        update["signature"] = Signature(octets=signature(fake.first))
    return fake.form.encode(answer.model_copy(update=update))


async def _pushed(service: Mssp, fake: FakeMssp, octets: Callable[[], bytes]) -> None:
    await fake.asked.wait()
    await asyncio.sleep(0.02)
    service.arrived(octets())


@EACH_FORM
async def test_a_signature_that_is_posted_ends_it_without_a_question(dial: Dial, form: Form) -> None:
    fake = FakeMssp(form)
    service = await dial(fake, Mode.PUSHED, poll_s=60)

    async with asyncio.TaskGroup() as tasks:
        signing = tasks.create_task(service.sign(asked()))
        tasks.create_task(_pushed(service, fake, lambda: _posted(fake)))

    assert signing.result().outcome is SignOutcome.SIGNED
    assert fake.count(StatusRequest) == 0
    assert counted(service, "mssp_callbacks", "woken") == 1


@pytest.mark.parametrize(
    "octets",
    [
        lambda fake: _posted(fake, FaultCode.USER_CANCEL),
        lambda fake: _posted(fake, Status.REVOKED_CERTIFICATE),
        lambda fake: _posted(fake, Status.VALID_SIGNATURE),
    ],
)
async def test_other_news_only_makes_us_ask(dial: Dial, octets: Callable[[FakeMssp], bytes]) -> None:
    """Whoever could post a refusal could otherwise refuse for everybody."""
    fake = FakeMssp(waits=0)
    service = await dial(fake, Mode.PUSHED, poll_s=60)

    async with asyncio.TaskGroup() as tasks:
        signing = tasks.create_task(service.sign(asked()))
        tasks.create_task(_pushed(service, fake, lambda: octets(fake)))

    assert signing.result().outcome is SignOutcome.SIGNED
    assert fake.count(StatusRequest) == 1


async def test_what_is_posted_before_the_answer_is_kept_until_its_id_is_known(dial: Dial) -> None:
    service: Mssp | None = None

    async def answer(fake: FakeMssp, request: SignatureRequest) -> Said:
        assert service is not None
        service.arrived(_posted(fake))
        return fake.answer(request)

    fake = FakeMssp(on_sign=answer)
    service = await dial(fake, Mode.PUSHED, poll_s=60)

    assert (await service.sign(asked())).outcome is SignOutcome.SIGNED
    assert fake.count(StatusRequest) == 0


async def test_without_any_news_it_is_asked_all_the_same(dial: Dial) -> None:
    service = await dial(FakeMssp(), Mode.PUSHED)

    assert (await service.sign(asked())).outcome is SignOutcome.SIGNED


async def test_news_that_nobody_waits_for_are_counted(dial: Dial) -> None:
    fake = FakeMssp()
    service = await dial(fake)
    await service.sign(asked())

    service.arrived(_posted(fake, mssp_id="Another"))
    service.arrived(_posted(fake))
    service.arrived(fake.form.encode(Fault(FaultCode.USER_CANCEL)))
    with pytest.raises(BadInput):
        service.arrived(b"<a/>")

    assert counted(service, "mssp_callbacks", "unknown") == 3


@EACH_FORM
async def test_a_receipt_goes_to_the_phone_that_signed(dial: Dial, form: Form) -> None:
    fake = FakeMssp(form)
    service = await dial(fake)
    await service.sign(asked())

    await service.told(MSISDN, "Aone", "Batch B7 is paid.")
    await service.told(MSISDN, "Unknown", "Batch B8 is paid.")

    (receipt,) = [one for one in fake.requests if isinstance(one, ReceiptRequest)]
    assert receipt.mssp_trans_id == MSSP_ID
    assert receipt.message is not None
    assert receipt.message.data == "Batch B7 is paid."


async def test_a_receipt_that_is_lost_does_not_matter(dial: Dial) -> None:
    fake = FakeMssp(receipt=web.Response(status=503))
    service = await dial(fake)
    await service.sign(asked())

    await service.told(MSISDN, "Aone", "Batch B7 is paid.")

    assert counted(service, "mssp_requests", "receipt", "unavailable") == 1


@pytest.mark.parametrize(
    ("said", "good"),
    [
        (Fault(FaultCode.WRONG_PARAM), True),
        (Fault(FaultCode.UNAUTHORIZED_ACCESS), False),
        (web.Response(status=502), False),
        (None, False),
    ],
)
async def test_the_probe_wants_a_refusal_of_its_number(dial: Dial, said: Said | None, *, good: bool) -> None:
    async def answer(fake: FakeMssp, request: SignatureRequest) -> Said:
        return said or fake.answer(request)

    fake = FakeMssp(on_sign=answer)
    service = await dial(fake)

    assert await service.probe() is good
    assert fake.first.user.msisdn == "+41000000000"
    assert fake.first.signed.data == "Heartbeat"


async def test_a_wrong_clock_or_password_of_ours_is_told_to_whoever_can_mend_it(dial: Dial) -> None:
    async def fault(_fake: FakeMssp, _request: SignatureRequest) -> Said:
        return Fault(FaultCode.WRONG_PARAM, "WRONG_PARAM", "Instant is too far from now")

    service = await dial(FakeMssp(on_sign=fault))

    with structlog.testing.capture_logs() as lines:
        await service.sign(asked())

    assert [line["detail"] for line in lines if line["event"] == "mssp_fault"] == ["Instant is too far from now"]


async def test_nothing_that_a_person_or_a_service_said_is_logged(dial: Dial) -> None:
    async def fault(_fake: FakeMssp, request: SignatureRequest) -> Said:
        return Fault(FaultCode.USER_CANCEL, "USER_CANCEL", request.signed.data)

    service = await dial(FakeMssp(on_sign=fault))
    broken = await dial(FakeMssp(making=Making(LEILA, content=b"another", attached=b"another")))

    with structlog.testing.capture_logs() as lines:
        await service.sign(asked())
        await broken.sign(asked())
        await broken.profile(MSISDN)

    assert lines
    for secret in (TEXT, "secret-of-ours", MSISDN, MSISDN[1:], CONTENT.decode()):
        assert secret not in repr(lines)


async def test_a_number_without_cards_is_not_enrolled(dial: Dial) -> None:
    service = await dial(FakeMssp())
    absent = await dial(FakeMssp(profile=Fault(FaultCode.UNKNOWN_CLIENT)))
    silent = await dial(FakeMssp(profile=web.Response(status=404)))

    assert (await service.profile(MSISDN)).state is ProfileState.NOT_ENROLLED
    assert (await absent.profile(MSISDN)).state is ProfileState.NOT_ENROLLED
    assert (await silent.profile(MSISDN)).state is ProfileState.UNAVAILABLE
    assert (await silent.profile("nobody")).state is ProfileState.NOT_ENROLLED


def test_an_answer_names_its_transaction_or_none() -> None:
    request = StatusRequest(ap=ApInfo(ap_id="a", trans_id="b", instant=NOW), mssp_trans_id=MSSP_ID)
    other = StatusResponse(ap=echo(request), mssp_trans_id="Another", standing=standing(Status.SIGNATURE))

    with pytest.raises(PeerUnavailable):
        client._check_echo(request, other)
