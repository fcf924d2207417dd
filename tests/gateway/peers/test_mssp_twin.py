"""The client against the signature service of the simulators: each form, each mode, both kinds of keys, every fault."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from gateway.channels.mss import ResultDoor
from gateway.observe import Metrics
from gateway.peers.mssp import Mssp, MsspProfile
from gateway.peers.mssp.outcomes import FAULTS
from gateway.services.signing.model import SignOutcome, SignRequest
from gateway.services.signing.profiles import ProfileState
from gateway.wire.cms import Roots
from gateway.wire.mss import FaultCode, Form, JsonForm, Mode, SoapForm
from simulators.mssp import KeyKind
from simulators.mssp.phone import Habit
from tests.simulators.mssp.provider import AP_ID, AP_PWD, FIRST, PREFIX, SECOND, TEXT, Bench, bench
from wallet.clock import Clock, SystemClock
from wallet.ids import new_id

FORMS: dict[str, Form] = {"json": JsonForm(), "soap": SoapForm()}
EACH_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
EACH_MODE = pytest.mark.parametrize("mode", Mode)
DIGEST = hashlib.sha256(b"manifest").digest()
CLOCK = SystemClock()
Dial = Callable[..., Awaitable[tuple[Mssp, Bench]]]


def asked(msisdn: str = FIRST, **changes: object) -> SignRequest:
    given: dict[str, object] = {"digest": DIGEST, "language": "en", "timeout_s": 20}
    return SignRequest(new_id("sgn", CLOCK), msisdn, TEXT, **(given | changes))  # type: ignore[arg-type]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Makes a client, the twin that it asks, and the door to which the twin posts."""
    async with AsyncExitStack() as stack:

        async def dialled(
            form: Form, mode: Mode = Mode.POLLED, key: KeyKind = KeyKind.EC, clock: Clock = CLOCK, **changes: object
        ) -> tuple[Mssp, Bench]:
            late = _Late()
            app = web.Application()
            app.add_routes(ResultDoor(late, "s3cret").routes())
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/mss/callback/s3cret"
            twin = await stack.enter_async_context(bench(notify_url=url, key=key))
            for phone in twin.phones.values():
                phone.habit = Habit.SIGNS
            given: dict[str, object] = {
                "url": f"http://127.0.0.1:{twin.mssp.port}",
                "form": form,
                "mode": mode,
                "ap_id": AP_ID,
                "password": AP_PWD,
                "prefix": PREFIX,
                "roots": Roots.of_pem(twin.authority.root_pem().encode()),
                "profile": "http://alauda.mobi/nonRepudiation",
                "callback_url": url,
                "probe_msisdn": "+41000000000",
                "poll_s": 0.02,
            }
            profile = MsspProfile(**(given | changes))  # type: ignore[arg-type]
            late.service = await stack.enter_async_context(Mssp(profile, clock, Metrics()))
            return late.service, twin

        yield dialled


class _Late:
    """Knows the client once there is one."""

    service: Mssp

    def arrived(self, octets: bytes) -> None:
        self.service.arrived(octets)


@EACH_FORM
@EACH_MODE
@pytest.mark.parametrize("key", KeyKind)
@pytest.mark.parametrize("digest", [DIGEST, None], ids=["digest", "text"])
async def test_a_phone_signs(dial: Dial, form: Form, mode: Mode, key: KeyKind, digest: bytes | None) -> None:
    # Where the service posts by itself, nothing else could end this in time.
    service, twin = await dial(form, mode, key, poll_s=30.0 if mode is Mode.PUSHED else 0.02)
    request = asked(digest=digest)

    result = await service.sign(request)

    assert result.outcome is SignOutcome.SIGNED
    assert result.serial == twin.phone.serial
    assert service.check(result.cms, request, CLOCK.now()) is SignOutcome.SIGNED


@EACH_FORM
async def test_every_test_number_has_its_fault_in_every_mode(dial: Dial, form: Form) -> None:
    for mode in Mode:
        service, _twin = await dial(form, mode)
        for code in FaultCode:
            result = await service.sign(asked(f"+41000092{code.value}"))
            assert (mode, code, result.outcome, result.fault) == (mode, code, FAULTS[code], str(code.value))


@EACH_FORM
@EACH_MODE
async def test_who_says_no_is_taken_at_the_word(dial: Dial, form: Form, mode: Mode) -> None:
    service, twin = await dial(form, mode)
    twin.phone.habit = Habit.CANCELS

    assert (await service.sign(asked())).outcome is SignOutcome.REFUSED


async def test_who_does_nothing_lets_it_expire(dial: Dial) -> None:
    service, twin = await dial(JsonForm())
    twin.phone.habit = Habit.WAITS

    assert (await service.sign(asked(timeout_s=1))).outcome is SignOutcome.EXPIRED


FAULTY: dict[str, tuple[SignOutcome, dict[str, object]]] = {
    "other_text": (SignOutcome.INVALID, {"other_text": True}),
    "other_signer": (SignOutcome.OTHER_SIGNER, {"other_signer": True}),
    "other_root": (SignOutcome.INVALID, {"other_root": True}),
    "broken_signature": (SignOutcome.INVALID, {"broken_signature": True}),
    "wrong_echo": (SignOutcome.UNAVAILABLE, {"wrong_echo": True}),
    "malformed_answer": (SignOutcome.UNAVAILABLE, {"malformed_answer": True}),
    "drop_answer": (SignOutcome.UNAVAILABLE, {"drop_answer": True}),
    "skew": (SignOutcome.UNAVAILABLE, {"clock_skew_s": 400}),
}


@EACH_FORM
@pytest.mark.parametrize(("outcome", "faults"), FAULTY.values(), ids=FAULTY)
async def test_what_the_service_does_wrong_is_not_believed(
    dial: Dial, form: Form, outcome: SignOutcome, faults: dict[str, object]
) -> None:
    service, twin = await dial(form, Mode.SYNCH)
    serial = (await service.sign(asked())).serial
    for name, value in faults.items():
        setattr(twin.faults, name, value)

    assert (await service.sign(asked(serial=serial))).outcome is outcome


async def test_a_signature_of_before_is_not_one_of_this(dial: Dial) -> None:
    service, twin = await dial(JsonForm(), Mode.SYNCH)
    await service.sign(asked())
    twin.faults.replay = True

    assert (await service.sign(asked(digest=bytes(32)))).outcome is SignOutcome.INVALID


async def test_a_new_sim_is_another_signer(dial: Dial) -> None:
    service, twin = await dial(JsonForm())
    serial = (await service.sign(asked())).serial
    await twin.phone.swap_sim()

    assert (await service.sign(asked(serial=serial))).outcome is SignOutcome.OTHER_SIGNER


async def test_the_same_request_after_a_crash_shows_nothing_on_the_phone(dial: Dial) -> None:
    service, twin = await dial(JsonForm(), Mode.SYNCH)
    request = asked()
    await service.sign(request)
    after = Mssp(service._profile, CLOCK, Metrics())
    prompts = [one.summary for one in twin.trace.messages if "shows a request" in one.summary]

    result = await after.sign(request)
    await after.__aexit__(None, None, None)

    assert (result.outcome, result.fault) == (SignOutcome.UNAVAILABLE, "101")
    assert [one.summary for one in twin.trace.messages if "shows a request" in one.summary] == prompts


@EACH_FORM
async def test_a_number_tells_what_it_signs_with_before_it_is_enrolled(dial: Dial, form: Form) -> None:
    service, twin = await dial(form)

    ready = await service.profile(FIRST)
    signed = await service.sign(asked(serial=ready.serials[0]))
    twin.phones[FIRST].tries_left = 0
    twin.phones[SECOND].lose_key()

    assert (ready.state, ready.serials) == (ProfileState.READY, (twin.phone.serial,))
    assert ready.subject == signed.subject
    assert signed.outcome is SignOutcome.SIGNED
    assert (await service.profile(FIRST)).state is ProfileState.PIN_BLOCKED
    assert (await service.profile(SECOND)).state is ProfileState.NOT_ENROLLED
    assert (await service.profile("+989120000199")).state is ProfileState.NOT_ENROLLED


@EACH_FORM
async def test_a_revoked_or_expired_certificate_is_no_signer(dial: Dial, form: Form) -> None:
    service, twin = await dial(form)
    await service.profile(FIRST)
    twin.phones[FIRST].revoke()
    await twin.phones[SECOND].expire()

    assert (await service.profile(FIRST)).state is ProfileState.UNTRUSTED
    assert (await service.profile(SECOND)).state is ProfileState.UNTRUSTED
    assert (await service.sign(asked())).outcome is SignOutcome.REVOKED
    assert (await service.sign(asked(SECOND))).outcome is SignOutcome.INVALID


@EACH_FORM
async def test_the_receipt_is_on_the_phone(dial: Dial, form: Form) -> None:
    service, twin = await dial(form)
    request = asked()
    await service.sign(request)

    await service.told(FIRST, request.transaction_id, "Batch B7 is signed.")

    assert list(twin.phone.receipts) == ["Batch B7 is signed."]


@EACH_FORM
async def test_the_probe_knows_a_wrong_password(dial: Dial, form: Form) -> None:
    good, _ = await dial(form)
    bad, _ = await dial(form, password="another")

    assert await good.probe()
    assert not await bad.probe()
