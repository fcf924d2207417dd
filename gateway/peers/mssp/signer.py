"""Asks a phone for a signature in any of the three modes, and believes only what verifies.

Whatever a service answers ends in a `SignResult`; a phone is asked once for a transaction id. In `pushed` mode the
service posts how it ended: a signature proves itself and is taken, any other news only makes us ask at once.
"""

import base64
import re
import secrets
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from gateway.errors import PeerUnavailable
from gateway.observe import Metrics, log
from gateway.peers.mssp.client import MsspClient, NotSent, is_of
from gateway.peers.mssp.outcomes import ENDS, FAULTS, STATES
from gateway.peers.mssp.pending import Pending, Pendings, Posted
from gateway.peers.mssp.profile import MsspProfile
from gateway.peers.mssp.profiles import signer_profile
from gateway.services.signing.model import SignOutcome, SignRequest, SignResult
from gateway.services.signing.profiles import ProfileState, SignerProfile
from gateway.wire.cms import CmsRefusal, verify
from gateway.wire.mss import (
    SIGNED_STATUSES,
    WAITING_STATUSES,
    ApInfo,
    Data,
    Encoding,
    Fault,
    FaultCode,
    Format,
    JsonForm,
    MimeType,
    MobileUser,
    Mode,
    ProfileRequest,
    ProfileResponse,
    ReceiptRequest,
    ReceiptResponse,
    Service,
    SignatureRequest,
    SignatureResponse,
    SoapForm,
    StatusRequest,
    StatusResponse,
    decode,
    fits,
    is_number,
    is_transaction_id,
    prefixed,
)
from wallet.clock import Clock
from wallet.ids import moment_of, new_id

ASK_S = 10.0
"""How long an answer may take that waits for no person."""
GRACE_S = 10.0
"""How much longer than the person's time we wait for the service to tell that it is over."""
LAST_S = 1.0
"""How long the last question may take, whose time is over already."""
PUSHED_POLLS = 4
"""How many pauses longer the questions are apart where the service tells by itself."""
AHEAD_S = 60
"""How far ahead of our clock the moment of an id may be, which another process has made."""
PROFILE_PARAMS = "sscds state certs pinstatus carddetails"
TOLD_FAULTS = frozenset({FaultCode.WRONG_PARAM, FaultCode.MISSING_PARAM, FaultCode.UNAUTHORIZED_ACCESS})
"""Faults of our settings or clock, whose detail is logged so that somebody can mend them."""


class Mssp:
    """The mobile signature service; satisfies MobileSigner and SignatureCheck of services/signing. `async with`."""

    def __init__(self, profile: MsspProfile, clock: Clock, metrics: Metrics) -> None:
        self._profile = profile
        self._clock = clock
        self._metrics = metrics
        self._client = MsspClient(profile)
        self._pendings = Pendings()

    async def __aenter__(self) -> Self:
        """The service itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def sign(self, request: SignRequest) -> SignResult:
        """Ask a phone and wait until its time is over; never raises for what the service may answer.

        A transaction id of ours (`sgr_…`) whose person's time is over is not sent: after a crash nobody is asked twice,
        nor for what they no longer expect. Its moment is the request's Instant, so that the service itself refuses it
        when it comes again before that.
        """
        started = time.perf_counter()
        try:
            result = await self._signed(request)
        finally:
            self._pendings.rest(request.transaction_id)
        self._metrics.mssp_requests.labels("sign", result.outcome.value).inc()
        self._metrics.mssp_seconds.labels("sign").observe(time.perf_counter() - started)
        return result

    async def told(self, msisdn: str, transaction_id: str, text: str) -> None:
        """Send the receipt: a text to the phone that says what came of its signature; lost ones do not matter."""
        pending = self._pendings.get(transaction_id)
        if pending is None or not pending.mssp_id or not is_number(msisdn) or not fits(text):
            self._counted("receipt", "not_sent")
            return
        request = ReceiptRequest(
            ap=self._ap(transaction_id, self._clock.now()),
            mssp_trans_id=pending.mssp_id,
            user=MobileUser(msisdn=msisdn),
            message=Data(data=text, mime_type=MimeType.TEXT.value),
        )
        try:
            answer = await self._client.ask(request, ReceiptResponse, ASK_S)
        except PeerUnavailable as problem:
            self._failed("receipt", problem)
        else:
            self._counted("receipt", answer.code.name.lower() if isinstance(answer, Fault) else "ok")

    async def profile(self, msisdn: str) -> SignerProfile:
        """What a number signs with, for enrolling it; nobody is asked anything on the phone."""
        if not is_number(msisdn):
            return SignerProfile(ProfileState.NOT_ENROLLED)
        now = self._clock.now()
        request = ProfileRequest(
            major=2,
            minor=0,
            ap=self._ap(new_id("mss", self._clock), now),
            user=MobileUser(msisdn=msisdn),
            params=PROFILE_PARAMS,
        )
        try:
            answer = await self._client.ask(request, ProfileResponse, ASK_S)
        except PeerUnavailable as problem:
            self._failed("profile", problem)
            return SignerProfile(ProfileState.UNAVAILABLE)
        if isinstance(answer, Fault):
            self._note(answer)
            found = SignerProfile(STATES.get(FAULTS[answer.code], ProfileState.UNAVAILABLE))
        else:
            found = signer_profile(answer, self._profile.roots, now)
        self._counted("profile", found.state.value)
        return found

    def check(self, cms: bytes, request: SignRequest, at: datetime) -> SignOutcome:
        """SIGNED, OTHER_SIGNER or INVALID, as of the moment when it was signed."""
        return self._verified(cms, request, at).outcome

    async def probe(self) -> bool:
        """Whether the service answers and knows us: a request to a number that nobody has must be refused with 101."""
        now = self._clock.now()
        request = SignRequest(
            new_id("hrt", self._clock), self._profile.probe_msisdn, "Heartbeat", None, "en", int(ASK_S)
        )
        try:
            answer = await self._client.ask(self._request(request, now), SignatureResponse, ASK_S)
        except PeerUnavailable as problem:
            self._failed("probe", problem)
            return False
        good = isinstance(answer, Fault) and answer.code is FaultCode.WRONG_PARAM
        self._counted("probe", "ok" if good else "unexpected")
        return good

    def arrived(self, octets: bytes) -> None:
        """Take what the service posts by itself, in either form; what nobody here waits for is counted.

        Raises:
            BadInput: It is no message of a service.
        """
        form = SoapForm() if octets.lstrip()[:1] == b"<" else JsonForm()
        message = decode(form, octets, SignatureResponse, StatusResponse)
        known = isinstance(message, (SignatureResponse, StatusResponse)) and self._pendings.posted(message)
        self._metrics.mssp_callbacks.labels("woken" if known else "unknown").inc()

    async def _signed(self, request: SignRequest) -> SignResult:
        text = prefixed(self._profile.prefix, request.text)
        if not (is_transaction_id(request.transaction_id) and is_number(request.msisdn) and fits(text)):
            log().error(
                "mssp_request", reason="a text that no phone shows whole, no number, or an id that is no NCName"
            )
            return _UNAVAILABLE
        deadline = time.monotonic() + request.timeout_s + GRACE_S
        pending = self._pendings.get(request.transaction_id)
        if pending is None:
            return await self._sent(request, deadline)
        # It was asked before: what is not known to be waiting is never asked again, it may be on the phone.
        return await self._waited(request, pending, deadline) if pending.mssp_id else _UNAVAILABLE

    async def _sent(self, request: SignRequest, deadline: float) -> SignResult:
        instant = self._instant(request)
        if instant is None:
            log().warning("mssp_request", reason="the person's time is over, or the id is from another clock")
            return _UNAVAILABLE
        pending = self._pendings.begin(request.transaction_id)
        within_s = request.timeout_s + GRACE_S if self._profile.mode is Mode.SYNCH else ASK_S
        try:
            answer = await self._client.ask(self._request(request, instant), SignatureResponse, within_s)
        except NotSent as problem:
            self._pendings.forget(request.transaction_id)
            return self._lost(problem)
        except PeerUnavailable as problem:
            return self._lost(problem)
        if isinstance(answer, SignatureResponse):
            pending.mssp_id = answer.mssp_trans_id
        return self._ended(answer, request) or await self._waited(request, pending, deadline)

    async def _waited(self, request: SignRequest, pending: Pending, deadline: float) -> SignResult:
        """Ask how it stands until it has ended or the time is over."""
        last, pending.awaited = SignOutcome.UNAVAILABLE, True
        while (left_s := deadline - time.monotonic()) > 0:
            posted = await pending.pause(min(self._pause_s(), left_s))
            if posted is not None and (result := self._proved(posted, request)) is not None:
                return result
            question = StatusRequest(
                ap=self._ap(request.transaction_id, self._clock.now()), mssp_trans_id=pending.mssp_id
            )
            try:
                answer = await self._client.ask(question, StatusResponse, min(ASK_S, max(left_s, LAST_S)))
            except PeerUnavailable as problem:
                self._failed("status", problem)
                last = SignOutcome.UNAVAILABLE
                continue
            result = self._ended(answer, request)
            if result is not None:
                return result
            last = SignOutcome.EXPIRED
        return SignResult(last)

    def _proved(self, posted: Posted, request: SignRequest) -> SignResult | None:
        """The signature that was posted, if it is good."""
        if posted.standing.code.value not in SIGNED_STATUSES:
            return None
        result = self._ended(posted, request)
        return result if result is not None and result.outcome is SignOutcome.SIGNED else None

    def _ended(self, answer: Posted | Fault, request: SignRequest) -> SignResult | None:
        """How it ended; None: it has not."""
        if isinstance(answer, Fault):
            self._note(answer)
            return SignResult(FAULTS[answer.code], fault=str(answer.code.value))
        if not is_of(answer, request.msisdn):
            return self._lost(PeerUnavailable("the signature service answers for another number: MobileUser"))
        code = answer.standing.code.value
        if isinstance(code, FaultCode):
            return SignResult(FAULTS[code], fault=str(code.value))
        if code in WAITING_STATUSES:
            return None
        if code in SIGNED_STATUSES:
            octets = answer.signature.octets if answer.signature is not None else b""
            return self._verified(octets, request, self._clock.now())
        return SignResult(ENDS[code], fault=str(code.value))

    def _verified(self, octets: bytes, request: SignRequest, at: datetime) -> SignResult:
        content = prefixed(self._profile.prefix, request.text).encode() if request.digest is None else None
        verified = verify(octets, self._profile.roots, at, content=content, digest=request.digest)
        if isinstance(verified, CmsRefusal):
            log().warning("mssp_signature", transaction=request.transaction_id, refused=verified.value)
            return SignResult(SignOutcome.INVALID)
        other = bool(request.serial) and verified.serial != request.serial
        outcome = SignOutcome.OTHER_SIGNER if other else SignOutcome.SIGNED
        return SignResult(outcome, octets, verified.serial, verified.subject, at)

    def _request(self, request: SignRequest, instant: datetime) -> SignatureRequest:
        text = Data(data=prefixed(self._profile.prefix, request.text), mime_type=MimeType.TEXT.value)
        signed = text
        if request.digest is not None:
            digest = base64.b64encode(request.digest).decode("ascii")
            signed = Data(data=digest, mime_type=MimeType.SHA256.value, encoding=Encoding.BASE64.value)
        return SignatureRequest(
            minor=self._profile.form.minor,
            mode=self._profile.mode,
            timeout_s=request.timeout_s,
            ap=self._ap(request.transaction_id, instant, self._profile.callback_url or None),
            user=MobileUser(msisdn=request.msisdn),
            signed=signed,
            displayed=text if request.digest is not None else None,
            profile=self._profile.profile or None,
            services=(Service.language(request.language),) if _LANGUAGE.fullmatch(request.language) else (),
            format=Format.CMS.value,
        )

    def _ap(self, transaction_id: str, instant: datetime, url: str | None = None) -> ApInfo:
        password = self._profile.password or None
        return ApInfo(ap_id=self._profile.ap_id, password=password, trans_id=transaction_id, instant=instant, url=url)

    def _instant(self, request: SignRequest) -> datetime | None:
        now = self._clock.now()
        made = moment_of(request.transaction_id)
        if made is None:
            return now
        return made if timedelta(seconds=-AHEAD_S) <= now - made <= timedelta(seconds=request.timeout_s) else None

    def _pause_s(self) -> float:
        """Not all at once: a quarter more or less."""
        pause_s = self._profile.poll_s * (PUSHED_POLLS if self._profile.mode is Mode.PUSHED else 1)
        return pause_s * (0.75 + secrets.randbelow(500) / 1_000)

    def _lost(self, problem: PeerUnavailable) -> SignResult:
        log().warning("mssp_unavailable", detail=str(problem))
        return _UNAVAILABLE

    def _failed(self, operation: str, problem: PeerUnavailable) -> None:
        log().warning("mssp_unavailable", operation=operation, detail=str(problem))
        self._counted(operation, "unavailable")

    def _counted(self, operation: str, outcome: str) -> None:
        self._metrics.mssp_requests.labels(operation, outcome).inc()

    def _note(self, fault: Fault) -> None:
        """Log the code; of what the service says besides, only what is about our settings."""
        detail = fault.detail[:120] if fault.code in TOLD_FAULTS else ""
        log().info("mssp_fault", fault=fault.code.value, name=fault.code.name, detail=detail)


_LANGUAGE = re.compile("[A-Za-z]{2}")
_UNAVAILABLE = SignResult(SignOutcome.UNAVAILABLE)
