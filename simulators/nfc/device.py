"""The phone's own key, Ed25519 or P-256: it signs every call after the provisioning."""

import base64
import hashlib
import secrets
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class KeyKind(StrEnum):
    """Curves of device keys."""

    ED25519 = "ed25519"
    P256 = "p256"


class DeviceKey:
    """One private key."""

    def __init__(self, key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def fresh(cls, kind: KeyKind = KeyKind.ED25519) -> "DeviceKey":
        """A new one."""
        return cls(Ed25519PrivateKey.generate() if kind is KeyKind.ED25519 else ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def kept(cls, text: str) -> "DeviceKey":
        """From what `text` gave: 64 hex digits, `p256:` before them for the other curve."""
        if text.startswith("p256:"):
            return cls(ec.derive_private_key(int(text.removeprefix("p256:"), 16), ec.SECP256R1()))
        return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text)))

    @property
    def text(self) -> str:
        """For the phone's own memory: the secret itself."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.private_bytes_raw().hex()
        return f"p256:{self._key.private_numbers().private_value:064x}"

    @property
    def public(self) -> bytes:
        """32 raw bytes, or the 33 of a compressed point."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.public_key().public_bytes_raw()
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def sign(self, data: bytes) -> bytes:
        """64 bytes: Ed25519's signature, or ECDSA's r and s."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(data)
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def headers(self, method: str, path: str, body: bytes, at_s: int) -> dict[str, str]:
        """The three headers that sign a call; `path` is from `/api/v1/` on, without a query."""
        nonce = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        lines = ("TAPDIAL1", method, path, str(at_s), nonce, hashlib.sha256(body).hexdigest())
        signature = base64.b64encode(self.sign("\n".join(lines).encode())).decode()
        return {"Tapdial-Time": str(at_s), "Tapdial-Nonce": nonce, "Tapdial-Signature": signature}
