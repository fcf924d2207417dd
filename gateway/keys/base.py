"""KeyStore: operations on named keys. All are async, because a hardware module answers from its own thread.

A key's `ref` says what it is for (refs.REFS): `pepper` (PINs), `lookup` (keyed hashes of what must be found again),
`outbox` (one-time codes and other sealed texts), `staff` (TOTP seeds), `token` (PANs), `imk` (issuer master key of the
AES house profile), `imk3` (that of the 3DES profiles), `acquirer` (terminal MAC keys), `ledger_head` (signatures of
published heads).

A key has versions, counted from 1. What is made is made with the newest; what an older one has made still opens and
verifies. Of an issuer master key the version is the DKI inside the IAD, so a card says itself which one it needs. What
is sealed does not say it: the versions are tried, the newest first, and GCM's tag says which one fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.keys.refs import RotateRefusal
from gateway.wire.emv import Cvn


@dataclass(frozen=True, slots=True)
class Card:
    """Whose cryptogram, and how it was made.

    Attributes:
        cvn: Profile.
        dki: Which version of the issuer's master key.
        pan: 12 to 19 digits.
        psn: PAN sequence number, two digits.
        atc: Application transaction counter, 0..65535.
        luk_id: Which limited-use key, 4 bytes; empty where the profile has none.
        un: Unpredictable number, 4 bytes, for M/Chip 10 and 11; empty for all others (`IccData.key_un`).
    """

    cvn: Cvn
    dki: int
    pan: str = field(repr=False)
    psn: str
    atc: int
    luk_id: bytes = b""
    un: bytes = b""


class KeyStore(Protocol):
    """What the house may do with keys.

    Every method raises KeyFault for an unknown `ref` and for one whose use is another, and KeysUnavailable while a
    hardware module is away: then nothing was done, or nobody knows, and asking again is harmless.
    """

    async def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes."""
        ...

    async def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: 12 bytes nonce, ciphertext, 16 bytes tag. `aad` binds it to its row."""
        ...

    async def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed with any version of the key.

        Raises:
            KeyFault: Other key, other aad, or changed bytes.
        """
        ...

    async def kcv(self, ref: str, version: int | None = None) -> str:
        """Key check value of a version, or of the newest: 6 hex digits; safe to log.

        The first 3 bytes of: AES-CMAC or 3DES over a zero block (ANSI X9.24-1 annex A), HMAC-SHA-256 over the same
        for what makes HMACs, SHA-256 of the public half for what signs.

        Raises:
            KeyFault: There is no such version.
        """
        ...

    async def versions(self, ref: str) -> Sequence[int]:
        """The versions there are, oldest first; an issuer master key's newest is the DKI of new cards."""
        ...

    async def rotate(self, ref: str) -> int | RotateRefusal:
        """Make a new version and answer its number; other processes know it within seconds, or when they need it.

        Raises:
            KeyFault: Where the keys are kept cannot be written, or another rotation was first.
        """
        ...

    async def derive_luk(self, ref: str, dki: int, pan: str, psn: str, luk_id: bytes) -> bytes:
        """The limited-use key (AES-128, 16 bytes) of a token for the phone; only ever sealed to the phone.

        Raises:
            KeyFault: There is no version `dki`.
        """
        ...

    async def verify_ac(self, ref: str, card: Card, data: bytes, ac: bytes) -> bool:
        """Whether `ac` (8 bytes) is the application cryptogram over `data` (emv.ac_data); constant time.

        A `dki` or a profile that the key does not serve makes it False, as a wrong cryptogram does.
        """
        ...

    async def arpc(self, ref: str, card: Card, ac: bytes, arc: bytes) -> bytes:
        """The issuer's answer: tag 91's value by the profile's method, for the answer code `arc` (2 bytes).

        Raises:
            KeyFault: There is no such `dki`, or the key serves another profile.
        """
        ...

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        """MAC of a link message under the terminal's derived key: AES-CMAC, first 8 bytes (DE64)."""
        ...

    async def terminal_key(self, ref: str, terminal: str) -> bytes:
        """The terminal's MAC key, 16 bytes: the one key that leaves, once, when the terminal is registered."""
        ...

    async def sign(self, ref: str, data: bytes) -> bytes:
        """Ed25519 signature of `data`, 64 bytes (RFC 8032 §5.1). Whoever signs separates the kinds of `data`."""
        ...

    async def public_key(self, ref: str) -> bytes:
        """The public key that checks what `sign` signs, 32 raw bytes; safe to show to everybody."""
        ...
