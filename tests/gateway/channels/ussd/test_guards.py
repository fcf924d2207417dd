"""Who may call a wire."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.ussd import guards
from gateway.channels.ussd.guards import Guard, Seen, Stage, allowed
from gateway.channels.ussd.wire import Inbound
from wallet.clock import ManualClock

EDGE, CARRIER = ip_network("10.0.0.0/24"), ip_network("203.0.113.0/24")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CLOCK = ManualClock(NOW)
SECRET = "hunter2-hunter2"


def seen(
    remote: str = "127.0.0.1",
    *,
    headers: Mapping[str, str] | None = None,
    path_secret: str = "",
    query: str = "",
    body: bytes = b"",
    proof: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Seen:
    return Seen(Inbound(method, "", query, headers or {}, body), remote, path_secret, proof or {})


FORWARDED = [
    ("203.0.113.9", None, True),
    ("198.51.100.1", None, False),
    ("198.51.100.1", "203.0.113.9", False),
    ("10.0.0.5", "203.0.113.9", True),
    ("10.0.0.5", "198.51.100.1, 203.0.113.9", True),
    ("10.0.0.5", "203.0.113.9, 198.51.100.1", False),
    ("10.0.0.5", "203.0.113.9, 10.0.0.6", True),
    ("10.0.0.5", "203.0.113.9, 198.51.100.1, 10.0.0.6", False),
    ("10.0.0.5", "nonsense", False),
    ("10.0.0.5", "203.0.113.9, nonsense", False),
    ("10.0.0.5", None, False),
    ("10.0.0.5", ", ".join(["10.0.0.6"] * 20), False),
    ("::ffff:203.0.113.9", None, True),
    ("2001:db8::1", None, False),
    ("", None, False),
    ("unix", None, False),
]


@pytest.mark.parametrize(("remote", "forwarded", "passes"), FORWARDED)
def test_an_address_is_believed_from_named_proxies_alone(remote: str, forwarded: str | None, *, passes: bool) -> None:
    guard = guards.Addresses((CARRIER,), (EDGE,))
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}

    assert guard.passes(seen(remote, headers=headers)) is passes


def _basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


BODY = b'{"a": 1}'
HEX = hmac.new(SECRET.encode(), BODY, "sha256").hexdigest()
BASE64 = base64.b64encode(hmac.new(SECRET.encode(), BODY, "sha512").digest()).decode()
APIKEY = hashlib.sha512(f"{SECRET}s1989120000001".encode()).hexdigest()
HASHED = {"session": "s1", "msisdn": "989120000001"}


def _sp(at: datetime, *, sp_id: str = "sp7", password: str = SECRET) -> dict[str, str]:
    stamp = at.strftime("%Y%m%d%H%M%S")
    made = hashlib.md5(f"{sp_id}{password}{stamp}".encode(), usedforsecurity=False).hexdigest()
    return {"sp_id": sp_id, "sp_time": stamp, "sp_password": made}


PATH = guards.PathSecret(SECRET)
BASIC = guards.Basic("carrier", SECRET)
BEARER = guards.Header("authorization", f"Bearer {SECRET}")
QUERY = guards.QueryPassword("carrier", SECRET)
HMAC_HEX = guards.Signature("x-signature", SECRET.encode(), prefix="sha256=")
HMAC_64 = guards.Signature("x-signature", SECRET.encode(), "sha512", "base64")
HASH = guards.HashKey(SECRET)
SP = guards.SpPassword("sp7", SECRET, CLOCK)
SUBJECT = guards.Subject("x-ssl-subject", "CN=carrier", (EDGE,))
LOOPBACK = guards.Loopback()
ROWS: list[tuple[Guard, dict[str, Any], bool]] = [
    (PATH, {"path_secret": SECRET}, True),
    (PATH, {"path_secret": SECRET[:-1]}, False),
    (PATH, {"path_secret": ""}, False),
    (PATH, {"path_secret": "سلام"}, False),
    (PATH, {"path_secret": "\ud800"}, False),
    (guards.PathSecret(""), {"path_secret": ""}, False),
    (BASIC, {"headers": _basic(f"carrier:{SECRET}")}, True),
    (BASIC, {"headers": _basic(f"carrier:{SECRET}x")}, False),
    (BASIC, {"headers": _basic(f"other:{SECRET}")}, False),
    (BASIC, {"headers": {"authorization": "Basic !!!"}}, False),
    (BASIC, {"headers": {"authorization": "Basic /w=="}}, False),
    (BASIC, {}, False),
    (BEARER, {"headers": {"authorization": f"Bearer {SECRET}"}}, True),
    (BEARER, {"headers": {"authorization": SECRET}}, False),
    (QUERY, {"query": f"userid=carrier&password={SECRET}&x=1"}, True),
    (QUERY, {"query": f"userid=carrier&password={SECRET}&password=x"}, False),
    (QUERY, {"query": f"userid=other&password={SECRET}"}, False),
    (QUERY, {"query": "userid=carrier"}, False),
    (QUERY, {"query": "&" * 100}, False),
    (HMAC_HEX, {"body": BODY, "headers": {"x-signature": f"sha256={HEX}"}}, True),
    (HMAC_HEX, {"body": BODY, "headers": {"x-signature": f"sha256={HEX.upper()}"}}, True),
    (HMAC_HEX, {"body": BODY, "headers": {"x-signature": HEX}}, False),
    (HMAC_HEX, {"body": BODY + b" ", "headers": {"x-signature": f"sha256={HEX}"}}, False),
    (HMAC_HEX, {"body": BODY}, False),
    (HMAC_HEX, {"body": BODY, "query": "text=1", "headers": {"x-signature": f"sha256={HEX}"}}, False),
    (HMAC_HEX, {"query": BODY.decode(), "method": "GET", "headers": {"x-signature": f"sha256={HEX}"}}, True),
    (
        HMAC_HEX,
        {"query": BODY.decode(), "method": "GET", "headers": {"x-signature": f"SHA256={HEX}"}, "body": b"1"},
        False,
    ),
    (HMAC_64, {"body": BODY, "headers": {"x-signature": BASE64}}, True),
    (HMAC_64, {"body": BODY, "headers": {"x-signature": BASE64.lower()}}, False),
    (HASH, {"headers": {"apikey": APIKEY}, "proof": HASHED}, True),
    (HASH, {"headers": {"apikey": APIKEY}, "proof": {**HASHED, "session": "s2"}}, False),
    (HASH, {"headers": {}, "proof": HASHED}, False),
    (SP, {"proof": _sp(NOW)}, True),
    (SP, {"proof": _sp(NOW - timedelta(minutes=4))}, True),
    (SP, {"proof": _sp(NOW - timedelta(minutes=6))}, False),
    (SP, {"proof": _sp(NOW + timedelta(minutes=6))}, False),
    (SP, {"proof": _sp(NOW, sp_id="sp8")}, False),
    (SP, {"proof": _sp(NOW, password="other")}, False),
    (SP, {"proof": {**_sp(NOW), "sp_time": "yesterday"}}, False),
    (SP, {}, False),
    (SUBJECT, {"remote": "10.0.0.5", "headers": {"x-ssl-subject": "CN=carrier"}}, True),
    (SUBJECT, {"remote": "203.0.113.9", "headers": {"x-ssl-subject": "CN=carrier"}}, False),
    (SUBJECT, {"remote": "10.0.0.5", "headers": {"x-ssl-subject": "CN=carrier2"}}, False),
    (SUBJECT, {"remote": "10.0.0.5"}, False),
    (LOOPBACK, {"remote": "127.0.0.1"}, True),
    (LOOPBACK, {"remote": "::1"}, True),
    (LOOPBACK, {"remote": "127.0.0.1", "headers": {"x-forwarded-for": "203.0.113.9"}}, False),
    (LOOPBACK, {"remote": "203.0.113.9"}, False),
    (guards.Either((LOOPBACK, PATH)), {"remote": "203.0.113.9", "path_secret": SECRET}, True),
    (guards.Either((LOOPBACK, PATH)), {"remote": "203.0.113.9"}, False),
]


@pytest.mark.parametrize(("guard", "given_", "passes"), ROWS)
def test_a_guard_lets_in_who_has_it_right(guard: Guard, given_: dict[str, Any], *, passes: bool) -> None:
    assert guard.passes(seen(**given_)) is passes


def test_every_guard_of_a_stage_must_pass() -> None:
    both = (PATH, guards.Addresses((CARRIER,)))

    assert allowed(both, Stage.HEAD, seen("203.0.113.9", path_secret=SECRET))
    assert not allowed(both, Stage.HEAD, seen("203.0.113.9", path_secret="x"))
    assert not allowed(both, Stage.HEAD, seen("10.0.0.5", path_secret=SECRET))
    assert allowed(both, Stage.BODY, seen())


@pytest.mark.parametrize("guard", {id(row[0]): row[0] for row in ROWS}.values())
def test_no_guard_shows_its_secret(guard: Guard) -> None:
    assert "hunter2" not in repr(guard)


@given(st.text(max_size=60), st.text(max_size=60), st.binary(max_size=60))
def test_no_guard_breaks_whatever_it_is_given(text: str, other: str, body: bytes) -> None:
    names = ("authorization", "x-signature", "apikey", "x-ssl-subject", "x-forwarded-for")
    strange = seen(
        text, headers=dict.fromkeys(names, other), path_secret=text, query=other, body=body,
        proof={"sp_id": text, "sp_time": other, "sp_password": text, "session": other, "msisdn": text},
    )  # fmt: skip
    for guard, _, _ in ROWS:
        assert guard.passes(strange) is False
