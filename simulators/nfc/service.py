"""The token service as a phone calls it: provisioning with a code, then calls that the device key signs."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from simulators.nfc import sealed
from simulators.nfc.token import Token
from simulators.nfc.wallet import Wallet
from simulators.trace import Trace

ANSWER_TIMEOUT_S = 15
PATH = "/api/v1/tokens"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, InvalidTag)


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What came of a call: `code` and `detail` are the problem's (RFC 9457) when it failed."""

    ok: bool
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str

    def body(self, status: int) -> dict[str, Any] | Provisioned:
        """What it says when it has this status, else its problem.

        Raises:
            ValueError, KeyError, TypeError: Not JSON of the agreed form.
        """
        body = json.loads(self.text)
        if not isinstance(body, dict):
            raise TypeError("no object")
        if self.status == status:
            return body
        return Provisioned(ok=False, code=str(body["code"]), detail=str(body.get("detail") or body["title"]))


class TokenService:
    """The calls of one phone."""

    def __init__(self, api_url: str, trace: Trace, wallet: Wallet, *, skew_s: int = 0) -> None:
        self.skew_s = skew_s
        self._api_url = api_url.rstrip("/")
        self._trace = trace
        self._wallet = wallet

    async def provision(self, msisdn: str, activation_code: str, national_digits: str = "") -> Provisioned:
        """Ask for a token; the one that was here is replaced when it comes."""
        seal_key = X25519PrivateKey.generate()
        asked = {
            "msisdn": msisdn,
            "activation_code": activation_code,
            "device_key": sealed.b64(self._wallet.device_key.public),
            "seal_key": sealed.b64(seal_key.public_key().public_bytes_raw()),
        }
        asked |= {"national_digits": national_digits} if national_digits else {}
        answer = await self._call("POST", PATH, json.dumps(asked).encode(), {}, note=f"msisdn {msisdn}")
        if answer is None:
            return _UNREACHABLE
        try:
            body = answer.body(201)
            if isinstance(body, Provisioned):
                return body
            token = _token(body, seal_key)
            self._wallet.seal_key = seal_key
            self._wallet.begin(token, str(body.get("number", "")))
        except _MALFORMED as problem:
            return _malformed(answer, problem)
        return Provisioned(ok=True)

    async def replenish(self, activation_code: str = "") -> Provisioned:
        """Ask for the next key, with the proof of the last one's use; the same key again while it was not used."""
        token = self._wallet.token
        if token is None:
            return NO_TOKEN
        try:
            luk_id, atc, ac, proof = self._wallet.proof()
        except ValueError:
            return NO_TOKEN
        asked = {"luk_id": luk_id, "atc": atc, "ac": ac, "proof": proof.hex().upper()}
        asked |= {"activation_code": activation_code} if activation_code else {}
        answer = await self._signed("POST", f"{PATH}/{token.token_id}/keys", asked)
        if answer is None:
            return _UNREACHABLE
        try:
            body = answer.body(200)
            if isinstance(body, Provisioned):
                return body
            key = sealed.from_answer(self._wallet.seal_key, body["luk"], token.token_id)
        except _MALFORMED as problem:
            return _malformed(answer, problem)
        self._wallet.take(key)
        return Provisioned(ok=True)

    async def renew_seal_key(self) -> Provisioned:
        """Tell the service another seal key; keys that come from now on are sealed to it."""
        token = self._wallet.token
        if token is None:
            return NO_TOKEN
        fresh = X25519PrivateKey.generate()
        asked = {"seal_key": sealed.b64(fresh.public_key().public_bytes_raw())}
        done = _said(await self._signed("PUT", f"{PATH}/{token.token_id}/seal-key", asked))
        if done.ok:
            self._wallet.renew_seal_key(fresh)
        return done

    async def lock(self, verb: str) -> Provisioned:
        """`suspend` or `deactivate` the token, in its holder's name."""
        token = self._wallet.token
        if token is None:
            return NO_TOKEN
        return _said(await self._signed("POST", f"{PATH}/{token.token_id}/{verb}", {}))

    async def state(self) -> dict[str, Any] | Provisioned:
        """The token as the service sees it; another PAR there (the token was linked anew) is taken over."""
        token = self._wallet.token
        if token is None:
            return NO_TOKEN
        answer = await self._signed("GET", f"{PATH}/{token.token_id}", None)
        if answer is None:
            return _UNREACHABLE
        try:
            body = answer.body(200)
            if not isinstance(body, Provisioned):
                self._wallet.link(str(body["par"]))
        except _MALFORMED as problem:
            return _malformed(answer, problem)
        return body

    async def _signed(self, method: str, path: str, asked: Mapping[str, Any] | None) -> _Answer | None:
        body = json.dumps(asked).encode() if asked is not None else b""
        at_s = int(datetime.now(UTC).timestamp()) + self.skew_s
        return await self._call(method, path, body, self._wallet.device_key.headers(method, path, body, at_s))

    async def _call(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, note: str = ""
    ) -> _Answer | None:
        self._trace.record("token", f"{method} {path}", note, outbound=True)
        kind = {"Content-Type": "application/json"} if body else {}
        try:
            async with (
                asyncio.timeout(ANSWER_TIMEOUT_S),
                aiohttp.ClientSession() as session,
                session.request(
                    method, self._api_url + path, data=body or None, headers={**kind, **headers}
                ) as response,
            ):
                answer = _Answer(response.status, await response.text())
        except (aiohttp.ClientError, TimeoutError) as problem:
            self._trace.record("token", "no answer", type(problem).__name__, outbound=False)
            return None
        self._trace.record("token", f"{answer.status} {path}", _shown(answer.text), outbound=False)
        return answer


NO_TOKEN = Provisioned(ok=False, code="no_token", detail="no token")
_UNREACHABLE = Provisioned(ok=False, code="unreachable", detail="no answer")


def _token(body: Mapping[str, Any], seal_key: X25519PrivateKey) -> Token:
    key = sealed.from_answer(seal_key, body["luk"], body["token_id"])
    return Token(
        token_id=body["token_id"],
        pan=body["token_pan"],
        psn=body["psn"],
        expiry=body["expiry"],
        par=body["par"],
        luk_id=key.luk_id,
        luk=key.luk,
        uses_max=key.uses_max,
        valid_until=key.valid_until,
        amount_max_minor=key.amount_max_minor,
        channels=key.channels,
        dki=int(body.get("dki", 1)),
    )


def _said(answer: _Answer | None) -> Provisioned:
    if answer is None:
        return _UNREACHABLE
    try:
        body = answer.body(200)
    except _MALFORMED as problem:
        return _malformed(answer, problem)
    return body if isinstance(body, Provisioned) else Provisioned(ok=True)


def _malformed(answer: _Answer, problem: Exception) -> Provisioned:
    return Provisioned(ok=False, code="bad_answer", detail=f"{answer.status}: {type(problem).__name__}")


def _shown(text: str) -> str:
    """The answer for the trace, without the sealed key that nobody can read anyway, and with the PAN's end alone."""
    try:
        body = json.loads(text)
    except ValueError:
        return text[:500]
    if isinstance(body, dict):
        if isinstance(body.get("luk"), dict):
            body["luk"] = {**body["luk"], "sealed": "…"}
        if isinstance(body.get("token_pan"), str):
            body["token_pan"] = f"…{body['token_pan'][-4:]}"
    return json.dumps(body, indent=1, ensure_ascii=False)
