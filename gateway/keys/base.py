"""KeyStore: operations on named keys. All are async, because a hardware module answers from its own thread.

A key's `ref` says what it is for: `pepper` (PINs), `lookup` (keyed hashes of what must be found again), `outbox`
(one-time codes and other sealed texts), `staff` (TOTP seeds), `token` (PANs), `imk` (issuer master key of the AES
house profile), `acquirer` (terminal MAC keys), `ledger_head` (signatures of published heads).
"""

from typing import Protocol


class KeyStore(Protocol):
    """What the house may do with keys. Every method raises KeyFault for an unknown `ref`."""

    async def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes."""
        ...

    async def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: 12 bytes nonce, ciphertext, 16 bytes tag. `aad` binds it to its row."""
        ...

    async def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed.

        Raises:
            KeyFault: Other key, other aad, or changed bytes.
        """
        ...

    async def kcv(self, ref: str) -> str:
        """Key check value, 6 hex digits; safe to log."""
        ...

    async def derive_luk(self, ref: str, pan: str, psn: str, luk_id: bytes) -> bytes:
        """The limited-use key (AES-128, 16 bytes) of a token for the phone; only ever sent sealed to the phone."""
        ...

    async def verify_ac(self, ref: str, pan: str, psn: str, luk_id: bytes, atc: int, data: bytes, ac: bytes) -> bool:
        """Whether `ac` (8 bytes) is the application cryptogram over `data`; constant time. House profile: AES-CMAC."""
        ...

    async def arpc(self, ref: str, pan: str, psn: str, luk_id: bytes, atc: int, ac: bytes, arc: bytes) -> bytes:
        """The issuer's answer cryptogram, 8 bytes."""
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
