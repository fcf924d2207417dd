"""A phone as the token service hears it: its keys, what it signs and proves, and the compact form that it reads."""

import base64
import hashlib
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.services.tokens import LastUse, ProvisionedToken, ProvisionRequest, SealedKey, SignedCall, Tokens
from gateway.wire.emv import house
from wallet.clock import Clock

MSISDN = "+989120000002"


@dataclass(frozen=True)
class Somebody:
    id: str
    state: str = "active"
    msisdn: str = MSISDN
    language: str = "en"


class People:
    """per_1 has the number and a national number that ends with 4321; per_2 is another person."""

    def __init__(self) -> None:
        self.state = "active"

    async def by_msisdn(self, msisdn: str) -> Somebody | None:
        return Somebody("per_1", self.state) if msisdn == MSISDN else None

    async def by_id(self, person_id: str) -> Somebody | None:
        return Somebody(person_id, self.state) if person_id in {"per_1", "per_2"} else None

    async def national_number_ends(self, person_id: str, digits: str) -> bool:
        return person_id == "per_1" and digits == "4321"


class Ed25519Device:
    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class P256Device:
    def __init__(self, point: PublicFormat = PublicFormat.CompressedPoint) -> None:
        self._key = generate_private_key(SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.X962, point)

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(data, ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


@dataclass
class Phone:
    """It keeps every key that it was given, by id; `atc`, `ac` and `used` are its last use."""

    clock: Clock
    device: Ed25519Device | P256Device = field(default_factory=Ed25519Device)
    seal: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    token: ProvisionedToken | None = None
    atc: int = 0
    ac: bytes = b""
    used: bytes = b""
    calls: int = 0

    @property
    def given(self) -> ProvisionedToken:
        assert self.token is not None
        return self.token

    def request(self, code: str, national_digits: str = "") -> ProvisionRequest:
        seal = self.seal.public_key().public_bytes_raw()
        return ProvisionRequest(MSISDN, code, self.device.public, seal, national_digits)

    async def provision(self, service: Tokens) -> ProvisionedToken:
        code = await service.activation_code("per_1")
        result = await service.provision(self.request(code.code))
        assert result.token is not None, result.outcome
        self.token = result.token
        self.used = self.take(result.token.luk)
        return result.token

    def take(self, key: SealedKey) -> bytes:
        wrap = self._wrap(key.ephemeral_key, b"", b"tapdial luk")
        self.keys[key.id] = AESGCM(wrap).decrypt(key.sealed[:12], key.sealed[12:], self.given.id.encode())
        return key.id

    def tap(self, luk_id: bytes, data: bytes = b"amount and the like") -> int:
        self.atc, self.used = self.atc + 1, luk_id
        self.ac = house.cryptogram(self.keys[luk_id], self.atc, data)
        return self.atc

    def proof(self, number: str = "") -> bytes:
        what = b"TDLUK" + (number or self.given.number).encode() + self.used + self.atc.to_bytes(2)
        return house.cryptogram(self.keys[self.used], self.atc, what)

    def last_use(self, **other: object) -> LastUse:
        return replace(LastUse(self.used, self.atc, self.ac, self.proof()), **other)  # type: ignore[arg-type]

    def dialled(self) -> str:
        return f"{int.from_bytes(self.proof()) % 10**8:08d}"

    def read(self, text: str) -> bytes:
        """Take the key out of a compact form; its id."""
        assert text.startswith("TD1.")
        raw = base64.urlsafe_b64decode(text[4:] + "=" * (-len(text[4:]) % 4))
        head, ephemeral, sealed = raw[:25], raw[25:57], raw[57:]
        assert int.from_bytes(head[:4]) == int(self.given.number)
        wrap = self._wrap(ephemeral, self.keys[head[8:12]], b"tapdial luk sms")
        self.keys[head[4:8]] = AESGCM(wrap).decrypt(bytes(12), sealed, head + self.given.id.encode())
        return head[4:8]

    def call(self, method: str = "GET", tail: str = "", body: bytes = b"", *, late_s: int = 0) -> SignedCall:
        self.calls += 1
        nonce = base64.urlsafe_b64encode(self.calls.to_bytes(16)).decode().rstrip("=")
        at_s, path = int(self.clock.now().timestamp()) + late_s, f"/api/v1/tokens/{self.given.id}{tail}"
        lines = ("TAPDIAL1", method, path, str(at_s), nonce, hashlib.sha256(body).hexdigest())
        return SignedCall(self.given.id, method, path, at_s, nonce, self.device.sign("\n".join(lines).encode()), body)

    def _wrap(self, ephemeral: bytes, salt: bytes, info: bytes) -> bytes:
        shared = self.seal.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(shared)
