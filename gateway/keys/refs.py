"""Which keys there are, what each may do, and which of them can be rotated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import KeyFault
from gateway.wire.emv import Cvn

VERSION_FIRST = 1
VERSION_MAX = 255
"""A DKI is one byte; the other keys keep to it."""


class KeyUse(StrEnum):
    """What a key may do, and nothing else: no key serves two ends."""

    MAC = "mac"
    SEAL = "seal"
    HOUSE_MASTER = "house_master"
    """Issuer master key of the AES house profile."""
    EMV_MASTER = "emv_master"
    """Issuer master key of the 3DES profiles."""
    TERMINALS = "terminals"
    """Terminals' MAC keys are derived from it."""
    SIGN = "sign"


class RotateRefusal(StrEnum):
    """Why a key cannot get a new version."""

    HASHES_ARE_KEPT = "hashes_are_kept"
    """Stored hashes were made with it, of what nobody has any more, and they do not say with which version."""
    TERMINALS_HOLD_IT = "terminals_hold_it"
    """Terminals hold keys that were derived from it; each would have to be registered anew."""
    PUBLISHED = "published"
    """Others check published heads with its public half, which they have had once, for good."""
    FULL = "full"
    """It has 255 versions."""


@dataclass(frozen=True, slots=True)
class KeyKind:
    """What a key is.

    Attributes:
        use: What it may do.
        length: Bytes.
        fixed: Why it cannot be rotated; None where it can.
    """

    use: KeyUse
    length: int
    fixed: RotateRefusal | None = None


REFS: Mapping[str, KeyKind] = {
    "pepper": KeyKind(KeyUse.MAC, 32, RotateRefusal.HASHES_ARE_KEPT),
    "lookup": KeyKind(KeyUse.MAC, 32, RotateRefusal.HASHES_ARE_KEPT),
    "outbox": KeyKind(KeyUse.SEAL, 32),
    "staff": KeyKind(KeyUse.SEAL, 32),
    "token": KeyKind(KeyUse.SEAL, 32),
    "imk": KeyKind(KeyUse.HOUSE_MASTER, 16),
    "imk3": KeyKind(KeyUse.EMV_MASTER, 16),
    "acquirer": KeyKind(KeyUse.TERMINALS, 16, RotateRefusal.TERMINALS_HOLD_IT),
    "ledger_head": KeyKind(KeyUse.SIGN, 32, RotateRefusal.PUBLISHED),
}
"""Every ref."""


def kind_of(ref: str, use: KeyUse | None = None) -> KeyKind:
    """What the key is, which must be good for `use`.

    Raises:
        KeyFault: There is no such ref, or it is for something else.
    """
    kind = REFS.get(ref)
    if kind is None:
        raise KeyFault(f"no key {ref}")
    if use is not None and kind.use is not use:
        raise KeyFault(f"{ref} is a key for {kind.use.value}, not for {use.value}")
    return kind


def issuer_ref(cvn: Cvn) -> str:
    """The issuer master key that cryptograms of this profile are made from."""
    return "imk" if cvn is Cvn.HOUSE else "imk3"


def serves(ref: str, cvn: Cvn) -> bool:
    """Whether the key is one for cryptograms of this profile.

    Raises:
        KeyFault: There is no such ref, or it is no issuer master key.
    """
    use = kind_of(ref).use
    if use not in {KeyUse.HOUSE_MASTER, KeyUse.EMV_MASTER}:
        raise KeyFault(f"{ref} is a key for {use.value}, not for cryptograms")
    return (use is KeyUse.HOUSE_MASTER) is (cvn is Cvn.HOUSE)


def label_of(ref: str, version: int) -> str:
    """How a version is called where keys are kept: `imk/2`."""
    return f"{ref}/{version}"


def read_label(label: str) -> tuple[str, int] | None:
    """The ref and the version of a label; None for one that is not ours."""
    ref, slash, digits = label.partition("/")
    if ref not in REFS or not slash or not (digits.isascii() and digits.isdecimal()) or digits.startswith("0"):
        return None
    version = int(digits) if len(digits) <= 3 else 0
    return (ref, version) if VERSION_FIRST <= version <= VERSION_MAX else None
