"""What phones ask about their tokens: one by an activation code, everything after that signed by its device key."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol, assert_never

from aiohttp import web
from pydantic import BaseModel

from gateway.channels.api.answers import (
    BODY_BYTES_MAX,
    Refused,
    body_of,
    given,
    in_time,
    json_body,
    parsed,
    within_rate,
    wrong,
)
from gateway.channels.api.phone_models import (
    KeyGiven,
    KeyRequest,
    SealKeyRequest,
    TokenGiven,
    TokenRequest,
    TokenShown,
)
from gateway.channels.limiter import Limiter
from gateway.errors import BadInput
from gateway.services.tokens import (
    CallOutcome,
    KeyView,
    LastUse,
    ProvisionOutcome,
    ProvisionRequest,
    ProvisionResult,
    Replenished,
    ReplenishOutcome,
    SignedCall,
    StateOutcome,
    Token,
    is_nonce,
)
from wallet.clock import Clock

TRY_WINDOW = timedelta(minutes=10)
TRIES_PER_NUMBER = 10
TRIES_PER_ADDRESS = 300
"""Many phones share one address of a carrier's gateway."""
CALLS_PER_TOKEN = 60
SIGNATURE_BYTES = 64
_TIME = re.compile(r"[0-9]{1,11}", re.ASCII)
_TOKEN_ID = re.compile(r"tok_[0-9A-Za-z]{1,40}", re.ASCII)
Handler = Callable[[web.Request], Awaitable[web.Response]]
Act = Callable[[str, bytes], Awaitable[web.Response]]


class Tokens(Protocol):
    """Where tokens are made and looked after; satisfied by services/tokens."""

    async def provision(self, request: ProvisionRequest) -> ProvisionResult:
        """Make a token."""
        ...

    async def admit(self, call: SignedCall) -> CallOutcome:
        """Whether a call is the token's phone's, and new."""
        ...

    async def token(self, token_id: str) -> Token | None:
        """The token with this id."""
        ...

    async def keys_of(self, token_id: str) -> Sequence[KeyView]:
        """Its limited-use keys, newest first."""
        ...

    async def replenish(self, token_id: str, last: LastUse) -> Replenished:
        """The next key."""
        ...

    async def change_seal_key(self, token_id: str, seal_key: bytes) -> StateOutcome:
        """Seal to another key from here on."""
        ...

    async def suspend_own(self, token_id: str) -> StateOutcome:
        """The holder's lock."""
        ...

    async def deactivate_own(self, token_id: str) -> StateOutcome:
        """The end."""
        ...


class PhoneRoutes:
    """The routes under `/tokens`."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._by_number = Limiter(clock, TRIES_PER_NUMBER, TRY_WINDOW)
        self._by_address = Limiter(clock, TRIES_PER_ADDRESS, TRY_WINDOW)
        self._by_token = Limiter(clock, CALLS_PER_TOKEN, TRY_WINDOW)

    def routes(self) -> list[web.RouteDef]:
        """For the sub-application's router."""
        one = "/tokens/{token_id}"
        return [
            web.post("/tokens", self.provision),
            web.get(one, self._signed(self._show)),
            web.post(f"{one}/keys", self._signed(self._replenish)),
            web.put(f"{one}/seal-key", self._signed(self._reseal)),
            web.post(f"{one}/suspend", self._signed(self._suspend)),
            web.post(f"{one}/deactivate", self._signed(self._deactivate)),
        ]

    async def provision(self, request: web.Request) -> web.Response:
        """POST /tokens."""
        within_rate(self._by_address, request.remote or "")
        asked = parsed(TokenRequest, await json_body(request))
        within_rate(self._by_number, asked.msisdn)
        async with in_time():
            result = await self._tokens.provision(asked.to_request())
        if result.token is None:
            raise _not_provisioned(result.outcome)
        return given(TokenGiven.of(result.token), 201)

    def _signed(self, act: Act) -> Handler:
        """A handler that lets only what the token's phone has signed reach `act`."""

        async def handler(request: web.Request) -> web.Response:
            within_rate(self._by_address, request.remote or "")
            call = _call(request, await body_of(request, BODY_BYTES_MAX))
            async with in_time():
                outcome = await self._tokens.admit(call)
                if outcome is not CallOutcome.OK:
                    raise _not_admitted(outcome)
                # Counted behind the signature: nobody else uses up what a phone may ask.
                within_rate(self._by_token, call.token_id)
                return await act(call.token_id, call.body)

        return handler

    async def _show(self, token_id: str, _body: bytes) -> web.Response:
        token = await self._tokens.token(token_id)
        assert token is not None, "a signed call names a token"
        keys = await self._tokens.keys_of(token_id)
        return given(TokenShown.of(token, keys[0] if keys else None))

    async def _replenish(self, token_id: str, body: bytes) -> web.Response:
        result = await self._tokens.replenish(token_id, parsed(KeyRequest, body).to_last_use())
        if result.key is None:
            raise _not_replenished(result.outcome)
        return given(KeyGiven.of(result.key))

    async def _reseal(self, token_id: str, body: bytes) -> web.Response:
        seal_key = base64.b64decode(parsed(SealKeyRequest, body).seal_key)
        try:
            return await self._changed(token_id, await self._tokens.change_seal_key(token_id, seal_key))
        except BadInput:
            raise Refused(422, "bad_key", "the key is not a point to work with") from None

    async def _suspend(self, token_id: str, body: bytes) -> web.Response:
        parsed(Nothing, body or b"{}")
        return await self._changed(token_id, await self._tokens.suspend_own(token_id))

    async def _deactivate(self, token_id: str, body: bytes) -> web.Response:
        parsed(Nothing, body or b"{}")
        return await self._changed(token_id, await self._tokens.deactivate_own(token_id))

    async def _changed(self, token_id: str, outcome: StateOutcome) -> web.Response:
        if outcome is not StateOutcome.OK:
            raise Refused(409, "not_possible", "the token's state does not lead there")
        return await self._show(token_id, b"")


class Nothing(BaseModel, extra="forbid"):
    """A body that says nothing: empty, or `{}`."""


def _call(request: web.Request, body: bytes) -> SignedCall:
    """The call that a request's headers sign, in their closed form."""
    token_id = request.match_info["token_id"]
    at, nonce = request.headers.get("Tapdial-Time", ""), request.headers.get("Tapdial-Nonce", "")
    if not _TOKEN_ID.fullmatch(token_id) or request.query_string:
        raise _not_signed()
    if not _TIME.fullmatch(at):
        raise wrong("Tapdial-Time", "seconds since 1970")
    if not is_nonce(nonce):
        raise wrong("Tapdial-Nonce", "16 bytes, base64url without padding")
    try:
        signature = base64.b64decode(request.headers.get("Tapdial-Signature", ""), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise wrong("Tapdial-Signature", "64 bytes, base64")
    return SignedCall(token_id, request.method, request.rel_url.raw_path, int(at), nonce, signature, body)


def _not_signed() -> Refused:
    # Made anew each time: an exception keeps the frames, and so the bodies, of wherever it was raised.
    return Refused(401, "bad_signature", "no token's phone has signed this")


def _not_admitted(outcome: CallOutcome) -> Refused:
    match outcome:
        case CallOutcome.BAD_SIGNATURE:
            return _not_signed()
        case CallOutcome.STALE:
            return Refused(401, "stale", "the phone's clock is more than 300 seconds off")
        case CallOutcome.REPLAYED:
            return Refused(409, "replayed", "this call was made before; sign anew with another nonce")
        case CallOutcome.OK:
            raise AssertionError("an admitted call goes on")
        case unreachable:
            assert_never(unreachable)


def _not_replenished(outcome: ReplenishOutcome) -> Refused:
    match outcome:
        case ReplenishOutcome.BAD_PROOF:
            return Refused(403, "bad_proof", "the last use is not proved, or not the last that was seen")
        case ReplenishOutcome.REAUTHENTICATE:
            return Refused(403, "reauthenticate", "the key ran out unused; send the holder's new activation code")
        case ReplenishOutcome.NOT_ACTIVE:
            return Refused(409, "not_active", "the token does not pay now")
        case ReplenishOutcome.TOO_MANY:
            return Refused(429, "too_many_keys", "enough keys or codes for today")
        case ReplenishOutcome.OK:
            raise AssertionError("an approved request has a key")
        case unreachable:
            assert_never(unreachable)


def _not_provisioned(outcome: ProvisionOutcome) -> Refused:
    match outcome:
        case ProvisionOutcome.WRONG_CODE:
            return Refused(403, "wrong_code", "the number and the activation code do not belong together")
        case ProvisionOutcome.EXPIRED:
            return Refused(410, "expired", "the activation code is too old; ask for a new one")
        case ProvisionOutcome.TOO_MANY:
            return Refused(429, "too_many_tries", "too many wrong codes; ask for a new one")
        case ProvisionOutcome.BAD_KEY:
            return Refused(422, "bad_key", "a key is not a point to work with")
        case ProvisionOutcome.OK:
            raise AssertionError("an approved request has a token")
        case unreachable:
            assert_never(unreachable)
