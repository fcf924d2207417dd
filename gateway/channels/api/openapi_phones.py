"""The part of the description that is for phones: one route by an activation code, the others signed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.channels.api.openapi_partners import answer
from gateway.channels.api.phone_models import (
    KeyGiven,
    KeyRequest,
    SealKeyRequest,
    TokenGiven,
    TokenRequest,
    TokenShown,
)

PHONE_REQUESTS: tuple[type[BaseModel], ...] = (TokenRequest, KeyRequest, SealKeyRequest)
PHONE_ANSWERS: tuple[type[BaseModel], ...] = (TokenGiven, KeyGiven, TokenShown)
REFUSALS: Mapping[int, str] = {
    400: "Not JSON (`bad_json`)",
    403: "`wrong_code`: unknown number, no code, used code or another one, or other digits of the national number",
    408: "`slow`: the body did not come in time",
    410: "`expired`: ask for a new activation code",
    413: "`too_large`: the body has more than 16 KiB",
    415: "`unsupported_media_type`: send `application/json`",
    422: "`invalid`: see `errors`; `bad_key`: a key is not a point to work with",
    429: "`too_many_tries`: ask for a new activation code; `rate_limited`: see `Retry-After`",
    503: "`store_unavailable`, `timeout`: try again",
}
SIGNED_REFUSALS: Mapping[int, str] = {
    400: "Not JSON (`bad_json`)",
    401: "`bad_signature`: no token's phone has signed this; `stale`: its clock is more than 300 seconds off",
    408: "`slow`: the body did not come in time",
    409: "`replayed`: sign anew with another nonce; `not_possible`, `not_active`: the token's state does not let it",
    413: "`too_large`: the body has more than 16 KiB",
    422: "`invalid`: see `errors`; `bad_key`: the key is not a point to work with",
    429: "`rate_limited`: see `Retry-After`; `too_many_keys`: enough keys or codes for today",
    503: "`store_unavailable`, `timeout`: sign anew and try again",
}
_PROOF_REFUSALS = {403: "`bad_proof`: the last use is not as it was seen; `reauthenticate`: send an activation code"}
_SIGNED = (
    "Signed by the device key: Ed25519, or ECDSA on P-256 with SHA-256 (r and s, 32 bytes each), over `TAPDIAL1`, "
    "method, path from `/api/v1`, `Tapdial-Time`, `Tapdial-Nonce` and SHA-256 of the body in lower-case hex, "
    "joined by line feeds."
)
_ID = {
    "name": "token_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^tok_[0-9A-Za-z]{1,40}$"},
}


def phone_paths() -> dict[str, Any]:
    """The paths."""
    one = "/tokens/{token_id}"
    keys = _signed("replenishToken", "The next limited-use key, for proof of the last use", "KeyGiven", "KeyRequest")
    keys["responses"].update(_refused(_PROOF_REFUSALS))
    return {
        "/tokens": {
            "post": {
                "operationId": "provisionToken",
                "summary": "Get a token for an NFC phone",
                "description": "The same request again while the code is valid gets the same token.",
                "requestBody": _body("TokenRequest"),
                "responses": {"201": answer("The token", "TokenGiven"), **_refused(REFUSALS)},
            }
        },
        one: {"get": _signed("getToken", "The token as it stands", "TokenShown")},
        f"{one}/keys": {"post": keys},
        f"{one}/seal-key": {"put": _signed("resealToken", "Seal to another key", "TokenShown", "SealKeyRequest")},
        f"{one}/suspend": {"post": _signed("suspendToken", "Lock it; only the PIN lifts that", "TokenShown")},
        f"{one}/deactivate": {"post": _signed("deactivateToken", "End it for good", "TokenShown")},
    }


def _signed(operation: str, summary: str, shown: str, body: str = "") -> dict[str, Any]:
    headers = [
        _header("Tapdial-Time", "Seconds since 1970", "^[0-9]{1,11}$"),
        _header("Tapdial-Nonce", "16 random bytes, base64url without padding; good once", "^[A-Za-z0-9_-]{22}$"),
        _header("Tapdial-Signature", "64 bytes, base64", "^[A-Za-z0-9+/]{85}[AQgw]==$"),
    ]
    return {
        "operationId": operation,
        "summary": summary,
        "description": _SIGNED,
        "parameters": [_ID, *headers],
        **({"requestBody": _body(body)} if body else {}),
        "responses": {"200": answer("As it stands now", shown), **_refused(SIGNED_REFUSALS)},
    }


def _header(name: str, text: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": schema}


def _body(schema: str) -> dict[str, Any]:
    shape = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"required": True, "content": {"application/json": shape}}


def _refused(refusals: Mapping[int, str]) -> dict[str, Any]:
    return {str(status): answer(text, "Problem") for status, text in refusals.items()}
