"""A mobile signature service of the tests' own, which does as it is told; the twin in simulators/ is another."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from gateway.peers.mssp import Mssp, MsspProfile
from gateway.services.signing.model import SignRequest
from gateway.wire.cms import Roots
from gateway.wire.mss import (
    ApInfo,
    Fault,
    Form,
    JsonForm,
    Message,
    MobileUser,
    Mode,
    ProfileRequest,
    ProfileResponse,
    ReceiptRequest,
    ReceiptResponse,
    Signature,
    SignatureRequest,
    SignatureResponse,
    Standing,
    Status,
    StatusCode,
    StatusRequest,
    StatusResponse,
    decode,
)
from gateway.wire.mss.codes import FaultCode
from tests.gateway.wire.pki import Making, ec_key, issue

ROOT = issue("Root", ec_key(), ca=True)
LEILA = issue("Leila", ec_key(), ROOT)
OTHER = issue("Other", ec_key(), ROOT)
MSISDN = "+989120000005"
TEXT = "SSO: pay 1302 benef. batch B7 #9F3A21C0 (TXN-3D5K)"
SERIAL = str(LEILA.certificate.serial_number)
MSSP_ID = "MSSP-1"
Said = Message | Fault | web.StreamResponse
Dial = Callable[..., Awaitable[Mssp]]


def standing(code: Status | FaultCode) -> Standing:
    return Standing(code=StatusCode(value=code), message=code.name)


def asked(transaction_id: str = "Aone", **changes: object) -> SignRequest:
    given: dict[str, object] = {"digest": None, "language": "en", "timeout_s": 60, "serial": SERIAL}
    return SignRequest(transaction_id, MSISDN, TEXT, **(given | changes))  # type: ignore[arg-type]


def signature(request: SignatureRequest, making: Making | None = None) -> bytes:
    """Leila's over what was asked for."""
    if making is not None:
        return making.octets()
    data = request.signed.data.encode()
    if request.signed.encoding == "BASE64":
        # Whoever signs a digest has it as the message digest; the test knows of what it is.
        assert base64.b64decode(data) == DIGEST
        return Making(LEILA, content=CONTENT, attached=None).octets()
    return Making(LEILA, content=data, attached=data).octets()


CONTENT = b"manifest of batch B7"
DIGEST = hashlib.sha256(CONTENT).digest()


@dataclass
class FakeMssp:
    """Answers by `on_sign` and `on_status`; the defaults sign at once, or at the second question."""

    form: Form = field(default_factory=JsonForm)
    requests: list[Message] = field(default_factory=list)
    on_sign: "Callable[[FakeMssp, SignatureRequest], Awaitable[Said]] | None" = None
    on_status: "Callable[[FakeMssp, StatusRequest], Awaitable[Said]] | None" = None
    waits: int = 1
    making: Making | None = None
    profile: Said | None = None
    receipt: Said | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._serve)
        return app

    def count(self, kind: type[Message]) -> int:
        return sum(isinstance(one, kind) for one in self.requests)

    @property
    def first(self) -> SignatureRequest:
        return next(one for one in self.requests if isinstance(one, SignatureRequest))

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        kinds: tuple[type[Message], ...] = (SignatureRequest, StatusRequest, ProfileRequest, ReceiptRequest)
        request = decode(self.form, await http.read(), *kinds)
        assert isinstance(request, kinds)
        assert http.path == self.form.path(type(request))
        self.requests.append(request)
        self.asked.set()
        said = await self._said(request)
        if isinstance(said, web.StreamResponse):
            return said
        status = 500 if isinstance(said, Fault) else 200
        return web.Response(body=self.form.encode(said), status=status)

    async def _said(self, request: Message) -> Said:
        match request:
            case SignatureRequest():
                return await self.on_sign(self, request) if self.on_sign else self.answer(request)
            case StatusRequest():
                if self.on_status:
                    return await self.on_status(self, request)
                return self.standing_of(request)
            case ProfileRequest():
                return self.profile or ProfileResponse(ap=echo(request), standing=standing(Status.REQUEST_OK))
            case _:
                return self.receipt or ReceiptResponse(ap=echo(request), standing=standing(Status.REQUEST_OK))

    def answer(self, request: SignatureRequest, code: Status | FaultCode | None = None) -> SignatureResponse:
        if code is None:
            code = Status.SIGNATURE if request.mode is Mode.SYNCH else Status.REQUEST_OK
        signed = Signature(octets=signature(request, self.making)) if code is Status.SIGNATURE else None
        return SignatureResponse(
            ap=echo(request),
            mssp_trans_id=MSSP_ID,
            user=MobileUser(msisdn=MSISDN.removeprefix("+")),
            signature=signed,
            standing=standing(code),
        )

    def standing_of(self, request: StatusRequest, code: Status | None = None) -> StatusResponse:
        if code is None:
            code = Status.OUTSTANDING_TRANSACTION if self.count(StatusRequest) <= self.waits else Status.SIGNATURE
        signed = Signature(octets=signature(self.first, self.making)) if code is Status.SIGNATURE else None
        return StatusResponse(ap=echo(request), mssp_trans_id=MSSP_ID, signature=signed, standing=standing(code))


def echo(request: Message) -> ApInfo:
    return ApInfo(ap_id=request.ap.ap_id, trans_id=request.ap.trans_id, instant=request.ap.instant)


def profile_of(url: str, fake: FakeMssp, mode: Mode, **changes: object) -> MsspProfile:
    given: dict[str, object] = {
        "url": url.rstrip("/"),
        "form": fake.form,
        "mode": mode,
        "ap_id": "mid://sso.example",
        "password": "secret-of-ours",
        "roots": Roots([ROOT.der]),
        "profile": "http://alauda.mobi/nonRepudiation",
        "probe_msisdn": "+41000000000",
        "poll_s": 0.01,
    }
    return MsspProfile(**(given | changes))  # type: ignore[arg-type]


async def never(_fake: FakeMssp, _request: Message) -> Said:
    await asyncio.sleep(30)
    raise AssertionError("nobody waits that long")
