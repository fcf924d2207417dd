"""Keys that sign and verify: Ed25519 with EdDSA, P-256 with ES256. The key says its algorithm, never the message."""

from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import BadInput
from gateway.wire.cose import cbor

SIGNATURE_BYTES = 64
_HALF = 32
_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_OKP, _EC2 = 1, 2
_CRV_P256, _CRV_ED25519 = 1, 6


class Algorithm(IntEnum):
    """Signature algorithms, by their number of RFC 9053."""

    ES256 = -7
    EDDSA = -8


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key."""

    key: Ed25519PublicKey | ec.EllipticCurvePublicKey = field(repr=False)

    @classmethod
    def ed25519(cls, raw: bytes) -> "VerifyKey":
        """From 32 raw bytes.

        Raises:
            BadInput: They are not a key.
        """
        try:
            return cls(Ed25519PublicKey.from_public_bytes(raw))
        except ValueError as problem:
            raise BadInput("COSE: not an Ed25519 key") from problem

    @classmethod
    def p256(cls, point: bytes) -> "VerifyKey":
        """From a point: 04, x and y (65 bytes), or 02 or 03 and x (33 bytes).

        Raises:
            BadInput: It is not on the curve.
        """
        try:
            return cls(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
        except ValueError as problem:
            raise BadInput("COSE: not a P-256 key") from problem

    @classmethod
    def from_cose(cls, data: bytes) -> "VerifyKey":
        """From a COSE_Key (RFC 9052 §7, RFC 9053 §7).

        Raises:
            BadInput: Not one, or of another kind, curve or algorithm.
        """
        match cbor.decode(data):
            case {1: kty, -1: crv, -2: bytes(x), **rest} if (kty, crv) == (_OKP, _CRV_ED25519):
                key = cls.ed25519(x)
            case {1: kty, -1: crv, -2: bytes(x), -3: bytes(y), **rest} if (kty, crv) == (_EC2, _CRV_P256):
                key = cls.p256(b"\x04" + x + y)
            case _:
                raise BadInput("COSE: a key of another kind")
        if rest.get(_ALG, key.algorithm) != key.algorithm:
            raise BadInput("COSE: a key for another algorithm")
        return key

    @property
    def algorithm(self) -> Algorithm:
        """What it verifies."""
        return Algorithm.EDDSA if isinstance(self.key, Ed25519PublicKey) else Algorithm.ES256

    @property
    def raw(self) -> bytes:
        """32 bytes of Ed25519, or the 65 bytes of a point."""
        if isinstance(self.key, Ed25519PublicKey):
            return self.key.public_bytes_raw()
        return self.key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` (64 bytes; of ES256 r and s) is this key's over `data`."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(signature, data)
            else:
                r, s = int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])
                self.key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key."""

    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def ed25519(cls, seed: bytes) -> "SigningKey":
        """From a seed of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def p256(cls, scalar: bytes) -> "SigningKey":
        """From a scalar of 32 bytes."""
        return cls(ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1()))

    @property
    def algorithm(self) -> Algorithm:
        """What it signs."""
        return self.public.algorithm

    @property
    def public(self) -> VerifyKey:
        """Its public key."""
        return VerifyKey(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        """64 bytes over `data`; the same each time (RFC 8032, RFC 6979)."""
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(data)
        der = self.key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)
