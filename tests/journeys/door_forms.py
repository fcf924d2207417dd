"""What may not come in by the HTTP doors, as tables."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

# --- the carriers' callback ---


def callback(**changed: str) -> str:
    """A good callback with some fields changed; None takes one out."""
    fields = {
        "sessionId": "doors-1", "phoneNumber": "+989120000008", "networkCode": "43211", "serviceCode": "*1420#",
        "text": "",
    }  # fmt: skip
    return urlencode({name: value for name, value in {**fields, **changed}.items() if value != "-"})


USSD: Mapping[str, tuple[str | bytes, str, str]] = {
    "no form": ('{"sessionId": "doors-1"}', "application/json", "not_a_form"),
    "no fields": ("nonsense", FORM, "syntax"),
    "another charset": (callback(), f"{FORM}; charset=utf-16", "charset"),
    "raw octets": (callback().encode() + b"\xff\xfe", FORM, "charset"),
    "escaped octets that are no UTF-8": (callback(text="-") + "&text=%ff%fe", FORM, "charset"),
    "no session": (callback(sessionId="-"), FORM, "field_missing"),
    "no text": (callback(text="-"), FORM, "field_missing"),
    "a field twice": (callback() + "&text=1", FORM, "field_twice"),
    "too many fields": (callback() + "&" + "&".join(f"f{n}=1" for n in range(40)), FORM, "syntax"),
    "no number": (callback(phoneNumber="Ali"), FORM, "field_form"),
    "a session that is a statement": (callback(sessionId="1' OR '1'='1"), FORM, "field_form"),
    "control characters": (callback(text="1\x00\x1b"), FORM, "field_form"),
    "a long text": (callback(text="1" * 1500), FORM, "field_form"),
    "oversize": (callback(text="1" * 5000), FORM, "too_long"),
}

# --- the API ---

GOOD = {
    "msisdn": "+989120000002",
    "activation_code": "12345678",
    "device_key": base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode(),
    "seal_key": base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode(),
}


def asked(**changed: object) -> str:
    """A request for a token with some members changed."""
    return json.dumps({**GOOD, **changed})


API: Mapping[str, tuple[str | bytes, str, int, str]] = {
    "no JSON": ("{", JSON, 400, "bad_json"),
    "octets that are no UTF-8": (b'{"msisdn": "\xff"}', JSON, 400, "bad_json"),
    "deep nesting": ("[" * 8000, JSON, 400, "bad_json"),
    "a list": ("[]", JSON, 422, "invalid"),
    "members missing": ("{}", JSON, 422, "invalid"),
    "a member too many": (asked(role="administrator"), JSON, 422, "invalid"),
    "a number for a code": (asked(activation_code=12345678), JSON, 422, "invalid"),
    "a code of letters": (asked(activation_code="ABCDEFGH"), JSON, 422, "invalid"),
    "a short key": (asked(seal_key="AAAA"), JSON, 422, "invalid"),
    "a key that is no point": (asked(seal_key="A" * 43 + "="), JSON, 422, "bad_key"),
    "a wrong code": (asked(), JSON, 403, "wrong_code"),
    "a form": (urlencode(GOOD), FORM, 415, "unsupported_media_type"),
    "oversize": (asked(msisdn="9" * 20_000), JSON, 413, "too_large"),
}

# --- HTTP itself ---

UNKNOWN = (
    "/", "/nothing", "/ussd", "/ussd/other", "/metrics/more", "/api", "/api/v2/tokens", "/.env", "/console/nothing",
    "/console/claims/clm_00000000000000000000000000", "/console/people/per_1", "/console/static/none.css",
)  # fmt: skip
TRICKS = (
    "/console/static/../../../../../../etc/passwd",
    "/console/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
    "/console/static/..%2f..%2f..%2fguard.py",
    "/console/static//etc/passwd",
    "/console/static/%00console.css",
    "/console/people/..%2fstaff",
    "/healthz/../console/staff",
    "//console/staff",
)
GARBAGE: Mapping[str, bytes] = {
    "no request line": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    "another protocol": b"GET / GOPHER/9.9\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /ussd/africastalking HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nab",
    "length and chunks": (
        b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a header without an end": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
}

# --- the console ---


@dataclass(frozen=True)
class Posted:
    """A POST of a signed-in member of staff that must be refused."""

    who: str
    path: str
    status: int
    reason: str
    fields: Mapping[str, str]
    csrf: str = "right"
    origin: str = "own"
    type_: str = FORM


NOBODY = "per_00000000000000000000000000"
CLAIM = "/console/claims/clm_00000000000000000000000000/approve"
POSTS: Mapping[str, Posted] = {
    "no token": Posted("officer", CLAIM, 403, "not_allowed", {}, csrf=""),
    "another's token": Posted("officer", CLAIM, 403, "not_allowed", {}, csrf="0" * 64),
    "another origin": Posted("officer", CLAIM, 403, "not_allowed", {}, origin="http://evil.example"),
    "no origin": Posted("officer", CLAIM, 403, "not_allowed", {}, origin=""),
    "another's role": Posted("clerk", CLAIM, 403, "not_allowed", {}),
    "a claim that is none": Posted("officer", CLAIM, 404, "not_found", {}),
    "a person who is nobody": Posted("clerk", f"/console/cash-in/{NOBODY}", 404, "not_found", {"amount": "1"}),
    "oversize": Posted("clerk", "/console/cash-in", 400, "bad_input", {"msisdn": "9" * 20_000}),
    "too many fields": Posted("clerk", "/console/cash-in", 400, "bad_input", {f"f{n}": "1" for n in range(60)}),
    "JSON": Posted("clerk", "/console/cash-in", 400, "bad_input", {}, type_=JSON),
}
