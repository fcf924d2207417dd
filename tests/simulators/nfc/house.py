"""A token service in a few lines, written from the agreed text: it checks signatures and proofs, and seals keys."""

import base64
import functools
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulators import emv_card
from tests.simulators.tokens import TOKEN

NUMBER = "00004711"
TOKEN_ID = TOKEN.token_id
Answer = Callable[[dict[str, object]], web.Response]
END = datetime(2999, 1, 1, tzinfo=UTC)
COMPACT_END = datetime(2100, 1, 1, tzinfo=UTC)


def key_of(number: int) -> bytes:
    """The limited-use key with this number."""
    return hashlib.sha256(b"key %d" % number).digest()[:16]


@dataclass
class House:
    """What it was asked, and how it is disposed; `keys` are the numbers of those that were given out."""

    asked: list[dict[str, object]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    device_key: bytes = b""
    seal_key: bytes = b""
    par: str = TOKEN.par
    verb: str = ""
    refusal: str = ""

    def application(self) -> web.Application:
        """Its doors."""
        app = web.Application()
        app.router.add_post("/api/v1/tokens", self._provision)
        app.router.add_post("/api/v1/tokens/{id}/keys", self._signed(self._replenish))
        app.router.add_put("/api/v1/tokens/{id}/seal-key", self._signed(self._seal))
        app.router.add_get("/api/v1/tokens/{id}", self._signed(lambda _: self._state()))
        for verb in ("suspend", "deactivate"):
            app.router.add_post(f"/api/v1/tokens/{{id}}/{verb}", self._signed(functools.partial(self._locked, verb)))
        return app

    def compact(self, number: int, *, binder: int, channels: int = 7) -> str:
        """A new key as an SMS brings it."""
        self.keys.append(number)
        ephemeral = X25519PrivateKey.generate()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.seal_key))
        wrap = HKDF(SHA256(), 32, salt=key_of(binder), info=b"tapdial luk sms").derive(shared)
        head = int(NUMBER).to_bytes(4) + number.to_bytes(4) + binder.to_bytes(4) + bytes([3, channels])
        head += (5).to_bytes(2) + (900_000).to_bytes(5) + int(COMPACT_END.timestamp()).to_bytes(4)
        sealed = AESGCM(wrap).encrypt(bytes(12), key_of(number), head + TOKEN_ID.encode())
        whole = head + ephemeral.public_key().public_bytes_raw() + sealed
        return "TD1." + base64.urlsafe_b64encode(whole).decode().rstrip("=")

    def proof(self, luk_id: str, atc: int) -> bytes:
        """What a phone with that key says."""
        data = b"TDLUK" + NUMBER.encode() + bytes.fromhex(luk_id) + atc.to_bytes(2)
        return emv_card.mac8(emv_card.session_key(key_of(int(luk_id, 16)), atc), data)

    def _luk(self, number: int) -> dict[str, object]:
        ephemeral = X25519PrivateKey.generate()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.seal_key))
        wrap = HKDF(SHA256(), 32, salt=b"", info=b"tapdial luk").derive(shared)
        nonce = bytes(range(12))
        return {
            "id": f"{number:08x}",
            "ephemeral_key": base64.b64encode(ephemeral.public_key().public_bytes_raw()).decode(),
            "sealed": base64.b64encode(nonce + AESGCM(wrap).encrypt(nonce, key_of(number), TOKEN_ID.encode())).decode(),
            "uses_max": 4,
            "valid_until": END.isoformat(),
            "amount_max": 1_000_000,
            "channels": ["tap", "transit"],
        }

    async def _provision(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        self.device_key = base64.b64decode(body["device_key"])
        self.seal_key = base64.b64decode(body["seal_key"])
        self.keys.append(1)
        whole = {"token_id": TOKEN_ID, "token_pan": TOKEN.pan, "psn": "00", "expiry": "2911", "par": TOKEN.par}
        whole |= {"aid": "F05441504449414C01", "number": NUMBER, "trid": "1" * 11}
        return web.json_response({**whole, "dki": 2, "luk": self._luk(1)}, status=201)

    def _signed(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            time, nonce, signature = (request.headers[f"Tapdial-{name}"] for name in ("Time", "Nonce", "Signature"))
            lines = ("TAPDIAL1", request.method, request.path, time, nonce, hashlib.sha256(body).hexdigest())
            self._verify(base64.b64decode(signature), "\n".join(lines).encode())
            if abs(int(time) - datetime.now(UTC).timestamp()) > 300:
                return _problem(401, "stale")
            if nonce in self.nonces or len(base64.urlsafe_b64decode(nonce + "==")) != 16:
                return _problem(409, "replayed")
            self.nonces.add(nonce)
            if self.refusal:
                return _problem(403, self.refusal)
            return answer(json.loads(body or b"{}"))

        return handle

    def _verify(self, signature: bytes, data: bytes) -> None:
        if len(self.device_key) == 32:
            Ed25519PublicKey.from_public_bytes(self.device_key).verify(signature, data)
            return
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.device_key)
        pair = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        key.verify(pair, data, ec.ECDSA(SHA256()))

    def _replenish(self, body: dict[str, object]) -> web.Response:
        self.asked.append(body)
        luk_id, atc = str(body["luk_id"]), int(str(body["atc"]))
        if body["proof"] != self.proof(luk_id, atc).hex().upper():
            return _problem(403, "bad_proof")
        newest = self.keys[-1]
        if f"{newest:08x}" == luk_id and atc:
            self.keys.append(newest + 1)
        return web.json_response({"number": NUMBER, "luk": self._luk(self.keys[-1])})

    def _seal(self, body: dict[str, object]) -> web.Response:
        self.seal_key = base64.b64decode(str(body["seal_key"]))
        return self._state()

    def _locked(self, verb: str, _: dict[str, object]) -> web.Response:
        self.verb = verb
        return self._state()

    def _state(self) -> web.Response:
        return web.json_response({"token_id": TOKEN_ID, "state": "active", "par": self.par})


def _problem(status: int, code: str) -> web.Response:
    text = json.dumps({"type": "about:blank", "title": code.replace("_", " "), "status": status, "code": code})
    return web.Response(status=status, text=text, content_type="application/problem+json")
