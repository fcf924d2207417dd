"""Who may call a wire: every guard that its mount configures must let the request pass.

Secrets are compared in constant time and are in no repr. The first guards cost nothing and are asked before a byte of
the body is read; those that prove the body come after it; those that prove fields come after the parser.

Sources: RFC 7617 (basic), RFC 6750 (bearer), RFC 2104 (HMAC); MD5 of spId, password and time stamp as Huawei's SDP
(ParlayX) writes it; SHA-512 of key, session and number as HashTalk's ApiKey.
"""

import base64
import binascii
import functools
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Literal, Protocol
from urllib.parse import parse_qsl

from gateway.channels.ussd.wire import Inbound
from wallet.clock import Clock

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HOPS_MAX = 8
"""Addresses in an X-Forwarded-For that are walked; a chain of proxies is never longer."""
ADDRESSES_MAX = 256
"""Callers whose address is kept as it was read; a provider has few."""
TIME_FORM = "%Y%m%d%H%M%S"


class Stage(IntEnum):
    """What a guard must have seen."""

    HEAD = 0
    BODY = 1
    FIELDS = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as guards see it, as far as it was read.

    Attributes:
        given: The request; without its body at `Stage.HEAD`.
        remote: Address of whoever holds the connection.
        path_secret: The part of the path behind the wire's name.
        proof: Fields of the parsed request, at `Stage.FIELDS`.
    """

    given: Inbound
    remote: str
    path_secret: str = field(default="", repr=False)
    proof: Mapping[str, str] = field(default_factory=dict, repr=False)


class Guard(Protocol):
    """One thing that must hold of a request."""

    @property
    def stage(self) -> Stage:
        """When it can be asked."""
        ...

    def passes(self, seen: Seen) -> bool:
        """Whether the request may go on; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """The caller's address lies in one of `networks`, behind proxies of ours that say for whom they speak.

    X-Forwarded-For is walked from the right, and only as long as the speaker is a proxy that is named: what stands to
    the left of the first stranger is whatever the stranger wrote.
    """

    networks: tuple[Network, ...]
    proxies: tuple[Network, ...] = ()
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Walk to the first address that is no proxy of ours and look it up."""
        caller = _address(seen.remote)
        hops = [hop.strip() for hop in seen.given.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        for _ in range(HOPS_MAX):
            if caller is None or not _within(caller, self.proxies) or not hops:
                break
            caller = _address(hops.pop())
        return caller is not None and _within(caller, self.networks)


@dataclass(frozen=True, slots=True)
class PathSecret:
    """The part of the path behind the wire's name is the secret."""

    secret: str = field(repr=False)
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Compare it."""
        return _same(seen.path_secret, self.secret)


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP basic credentials."""

    user: str
    password: str = field(repr=False)
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Compare name and password together."""
        scheme, _, given = seen.given.headers.get("authorization", "").partition(" ")
        try:
            plain = base64.b64decode(given.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and _same(plain, f"{self.user}:{self.password}")


@dataclass(frozen=True, slots=True)
class Header:
    """A header holds a secret: `Authorization: Bearer …`, `X-Api-Key: …`."""

    name: str
    value: str = field(repr=False)
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Compare it whole."""
        return _same(seen.given.headers.get(self.name, ""), self.value)


@dataclass(frozen=True, slots=True)
class QueryPassword:
    """User and password stand in the query, each once (Comviva Flares)."""

    user: str
    password: str = field(repr=False)
    user_field: str = "userid"
    password_field: str = "password"  # noqa: S105  - the field's name
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Compare both."""
        try:
            pairs = parse_qsl(seen.given.query, keep_blank_values=True, max_num_fields=64)
        except ValueError:
            return False
        given = (
            [value for name, value in pairs if name == self.user_field],
            [value for name, value in pairs if name == self.password_field],
        )
        if [len(values) for values in given] != [1, 1]:
            return False
        # Both are compared, whichever is wrong.
        return _same(given[0][0], self.user) & _same(given[1][0], self.password)


@dataclass(frozen=True, slots=True)
class Signature:
    """A header holds the HMAC of the body under a key that both sides know; what is not signed may not be there."""

    header: str
    key: bytes = field(repr=False)
    digest: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    stage: Stage = Stage.BODY

    def passes(self, seen: Seen) -> bool:
        """Compute it anew; a GET signs its query and has no body, any other signs its body and has no query."""
        body, query = seen.given.body, seen.given.query.encode("utf-8", "surrogateescape")
        signed, unsigned = (query, body) if seen.given.method == "GET" else (body, query)
        if unsigned:
            # A wire that read its fields there would believe whoever had seen one signature.
            return False
        made = hmac.new(self.key, signed, self.digest).digest()
        text = made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()
        given = seen.given.headers.get(self.header, "")
        right = f"{self.prefix}{text}"
        return _same(given.lower(), right.lower()) if self.encoding == "hex" else _same(given, right)


@dataclass(frozen=True, slots=True)
class HashKey:
    """A header holds SHA-512 over key, session id and number as the request writes them (HashTalk's ApiKey)."""

    key: str = field(repr=False)
    header: str = "apikey"
    stage: Stage = Stage.FIELDS

    def passes(self, seen: Seen) -> bool:
        """Compute it anew over the fields `session` and `msisdn`."""
        session, msisdn = seen.proof.get("session", ""), seen.proof.get("msisdn", "")
        made = hashlib.sha512(f"{self.key}{session}{msisdn}".encode("utf-8", "surrogatepass")).hexdigest()
        return _same(seen.given.headers.get(self.header, "").lower(), made)


@dataclass(frozen=True, slots=True)
class SpPassword:
    """The body holds MD5(spId + password + time stamp), and the time stamp lies within `window` of now."""

    sp_id: str
    password: str = field(repr=False)
    clock: Clock = field(repr=False)
    window: timedelta = timedelta(minutes=5)
    stage: Stage = Stage.FIELDS

    def passes(self, seen: Seen) -> bool:
        """Compute it anew over the fields `sp_id` and `sp_time`, and compare `sp_password`."""
        stamp = seen.proof.get("sp_time", "")
        try:
            moment = datetime.strptime(stamp, TIME_FORM).replace(tzinfo=UTC)
        except ValueError:
            return False
        # The scheme is the provider's; MD5 is all that it knows.
        made = hashlib.md5(f"{self.sp_id}{self.password}{stamp}".encode(), usedforsecurity=False).hexdigest()
        right = _same(seen.proof.get("sp_password", "").lower(), made)
        fresh = abs(self.clock.now() - moment) <= self.window
        return right & _same(seen.proof.get("sp_id", ""), self.sp_id) & fresh


@dataclass(frozen=True, slots=True)
class Subject:
    """A named proxy that ended the TLS says whose certificate it has checked."""

    header: str
    subject: str
    proxies: tuple[Network, ...]
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Believe the header from those proxies alone."""
        speaker = _address(seen.remote)
        trusted = speaker is not None and _within(speaker, self.proxies)
        return _same(seen.given.headers.get(self.header, ""), self.subject) & trusted


@dataclass(frozen=True, slots=True)
class Loopback:
    """Only this machine's own processes, and none that speaks for somebody else: the demo's guard."""

    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Whether the connection comes from here."""
        caller = _address(seen.remote)
        return caller is not None and caller.is_loopback and "x-forwarded-for" not in seen.given.headers


@dataclass(frozen=True, slots=True)
class Either:
    """One of several guards is enough, for example the demo's loopback or a secret."""

    guards: tuple[Guard, ...]
    stage: Stage = Stage.HEAD

    def passes(self, seen: Seen) -> bool:
        """Ask them all."""
        passed = [guard.passes(seen) for guard in self.guards]
        return any(passed)


def allowed(guards: tuple[Guard, ...], stage: Stage, seen: Seen) -> bool:
    """Whether every guard of this stage passes; all are asked, so that the time tells nothing of which one failed."""
    passed = [guard.passes(seen) for guard in guards if guard.stage is stage]
    return all(passed)


def _same(given: str, right: str) -> bool:
    # What is configured empty matches nothing.
    same = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
    return same and right != ""


@functools.lru_cache(ADDRESSES_MAX)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # An IPv4 caller on a socket that listens on both is written ::ffff:192.0.2.1.
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


__all__ = [
    "Addresses",
    "Basic",
    "Either",
    "Guard",
    "HashKey",
    "Header",
    "Loopback",
    "Network",
    "PathSecret",
    "QueryPassword",
    "Seen",
    "Signature",
    "SpPassword",
    "Stage",
    "Subject",
    "allowed",
]
