"""CBOR web tokens (RFC 8392): claims in a COSE_Sign1, and when they count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.errors import BadInput
from gateway.wire.cose import cbor
from gateway.wire.cose.keys import SigningKey
from gateway.wire.cose.sign1 import TAG_CWT, CoseRefusal, Keys, Label, Sign1, sign1, verify1

LEEWAY_S_MAX = 60
_ISS, _SUB, _AUD, _EXP, _NBF, _IAT, _CTI = range(1, 8)
_TIME_MAX = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_ABSENT: tuple[object, ...] = (None, "", b"", [])


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; an empty text or None stands for a claim that is not there.

    `others` has the claims without a name here, by label.
    """

    issuer: str = ""
    subject: str = ""
    audience: tuple[str, ...] = ()
    expires_at: datetime | None = None
    not_before: datetime | None = None
    issued_at: datetime | None = None
    cti: bytes = b""
    others: Mapping[Label, object] = field(default_factory=dict, repr=False)


def write_claims(claims: Claims) -> bytes:
    """The claims as a CBOR map; times in whole seconds where they are."""
    named: dict[Label, object] = {
        _ISS: claims.issuer,
        _SUB: claims.subject,
        _CTI: claims.cti,
        _AUD: claims.audience[0] if len(claims.audience) == 1 else list(claims.audience),
        _EXP: _seconds(claims.expires_at),
        _NBF: _seconds(claims.not_before),
        _IAT: _seconds(claims.issued_at),
    }
    return cbor.encode({**claims.others, **{label: value for label, value in named.items() if value not in _ABSENT}})


def read_claims(payload: bytes) -> Claims:
    """The claims of a CBOR map.

    Raises:
        BadInput: Not a map by label, or a claim of another type.
    """
    found = cbor.decode(payload)
    if not isinstance(found, dict) or not all(type(label) in {int, str} for label in found):
        raise BadInput("CWT: not a map of claims")
    audience = found.get(_AUD, [])
    return Claims(
        issuer=_text(found, _ISS),
        subject=_text(found, _SUB),
        audience=_texts([audience] if isinstance(audience, str) else audience),
        expires_at=_time(found, _EXP),
        not_before=_time(found, _NBF),
        issued_at=_time(found, _IAT),
        cti=_octets(found, _CTI),
        others={label: value for label, value in found.items() if label not in range(1, 8)},
    )


def sign_cwt(claims: Claims, key: SigningKey, *, kid: bytes | None = None, tagged: bool = False) -> bytes:
    """A signed token, with tag 18, and tag 61 before it when `tagged`."""
    token = sign1(write_claims(claims), key, kid=kid)
    return TAG_CWT + token if tagged else token


def verify_cwt(
    token: bytes, keys: Keys, *, now: datetime, leeway_s: int, issuer: str = "", audience: str = ""
) -> Claims | CoseRefusal:
    """Verify a token's signature and that it counts at `now`.

    Args:
        token: With tag 18 (and 61 before it) or without.
        keys: Whose signature it must be.
        now: Aware.
        leeway_s: How far the clocks may differ, 0 to 60.
        issuer: Who must have issued it; empty takes anyone.
        audience: Who must be among those that it is for; empty takes any.
    """
    assert 0 <= leeway_s <= LEEWAY_S_MAX, "clocks differ by a minute at most"
    found = verify1(token, keys)
    if not isinstance(found, Sign1):
        return found
    try:
        claims = read_claims(found.payload or b"")
    except BadInput:
        return CoseRefusal.CLAIMS
    return _refused(claims, now, timedelta(seconds=leeway_s), issuer, audience) or claims


def _refused(claims: Claims, now: datetime, leeway: timedelta, issuer: str, audience: str) -> CoseRefusal | None:
    if claims.expires_at is None:
        return CoseRefusal.NO_EXPIRY
    # RFC 8392 §3.1.4: on or after this time it does not count.
    if now >= claims.expires_at + leeway:
        return CoseRefusal.EXPIRED
    if any(start is not None and now < start - leeway for start in (claims.not_before, claims.issued_at)):
        return CoseRefusal.NOT_YET_VALID
    if issuer and claims.issuer != issuer:
        return CoseRefusal.WRONG_ISSUER
    if audience and audience not in claims.audience:
        return CoseRefusal.WRONG_AUDIENCE
    return None


def _seconds(time: datetime | None) -> int | float | None:
    if time is None:
        return None
    seconds = time.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _text(found: Mapping[Label, object], label: int) -> str:
    value = found.get(label, "")
    if not isinstance(value, str):
        raise BadInput(f"CWT: claim {label} is not text")
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadInput("CWT: claim 3 is not text")
    return tuple(values)


def _octets(found: Mapping[Label, object], label: int) -> bytes:
    value = found.get(label, b"")
    if not isinstance(value, bytes):
        raise BadInput(f"CWT: claim {label} is not bytes")
    return value


def _time(found: Mapping[Label, object], label: int) -> datetime | None:
    """NumericDate (RFC 8392 §2): seconds, whole or not, without the tag of a time."""
    if label not in found:
        return None
    value = found[label]
    # A comparison with what is not a number is never true, as it must not be here.
    if type(value) not in {int, float} or not 0 <= value <= _TIME_MAX:  # type: ignore[operator]
        raise BadInput(f"CWT: claim {label} is not a time")
    return datetime.fromtimestamp(value, UTC)  # type: ignore[arg-type]
