"""A phone with NFC: it fetches a token with an activation code and answers a terminal's APDUs by host card emulation.

The card application is the house profile in its three-APDU form (SELECT PPSE, SELECT AID, GET PROCESSING OPTIONS).
"""

import asyncio
import base64
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulators import emv_card, files
from simulators.trace import Trace

PROVISION_TIMEOUT_S = 15
ATC_MAX = 0xFFFF
_SELECT = bytes.fromhex("00A40400")
_GPO = bytes.fromhex("80A80000")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the phone keeps it. `luk` is 16 bytes in hex, `luk_id` 4; `uses` counts cryptograms of this key."""

    token_id: str
    pan: str
    psn: str
    expiry: str
    par: str
    luk_id: str
    luk: str
    uses_max: int
    valid_until: str
    atc: int = 0
    uses: int = 0

    def usable(self, now: datetime) -> bool:
        """Whether the limited-use key may make another cryptogram."""
        return self.uses < self.uses_max and self.atc < ATC_MAX and now < datetime.fromisoformat(self.valid_until)


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What came of a provisioning: `code` and `detail` are the problem's (RFC 9457) when it failed."""

    ok: bool
    code: str = ""
    detail: str = ""


class NfcPhone:
    """One phone. `cdcvm` says whether its owner has unlocked it; `folder` keeps the token over restarts, mode 0600."""

    def __init__(self, msisdn: str, api_url: str, trace: Trace, *, folder: Path | None = None) -> None:
        self.msisdn = msisdn
        self.cdcvm = True
        self.token: Token | None = None
        self._api_url = api_url.rstrip("/")
        self._trace = trace
        self._file = folder / f"nfc-{msisdn.lstrip('+')}.json" if folder is not None else None
        self._selected = False
        self._device_key = Ed25519PrivateKey.generate()
        self._load()

    async def provision(self, activation_code: str) -> Provisioned:
        """Ask for a token with the code (8 digits) that the owner was shown; a token that was here is replaced."""
        seal_key = X25519PrivateKey.generate()
        body = {
            "msisdn": self.msisdn,
            "activation_code": activation_code,
            "device_key": _b64(self._device_key.public_key().public_bytes_raw()),
            "seal_key": _b64(seal_key.public_key().public_bytes_raw()),
        }
        self._trace.record("token", "POST /api/v1/tokens", f"msisdn {self.msisdn}", outbound=True)
        try:
            async with (
                asyncio.timeout(PROVISION_TIMEOUT_S),
                aiohttp.ClientSession() as session,
                session.post(f"{self._api_url}/api/v1/tokens", json=body) as response,
            ):
                status, text = response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError) as problem:
            self._trace.record("token", "no answer", type(problem).__name__, outbound=False)
            return Provisioned(ok=False, code="unreachable", detail=type(problem).__name__)
        self._trace.record("token", f"{status} /api/v1/tokens", _shown(text), outbound=False)
        return self._take(status, text, seal_key)

    def tap(self) -> None:
        """The field of a reader: the card application starts anew, as after each activation."""
        self._selected = False

    def transceive(self, apdu: bytes) -> bytes:
        """Answer one command APDU (ISO/IEC 7816-4 5.1): data and status word."""
        answer = self._answer(apdu)
        name = _name(apdu)
        self._trace.record("apdu", name, apdu.hex(" ").upper(), outbound=True)
        self._trace.record("apdu", f"{name}: {answer[-2:].hex().upper()}", answer.hex(" ").upper(), outbound=False)
        return answer

    def _answer(self, apdu: bytes) -> bytes:
        if len(apdu) < 5:
            return emv_card.SW_LENGTH
        if apdu[0] not in (_SELECT[0], _GPO[0]):
            return emv_card.SW_CLASS
        if apdu[:2] not in (_SELECT[:2], _GPO[:2]):
            return emv_card.SW_INSTRUCTION
        data = _data(apdu)
        if data is None:
            return emv_card.SW_LENGTH
        return self._select(data) if apdu[1] == _SELECT[1] else self._gpo(data)

    def _select(self, name: bytes) -> bytes:
        self._selected = False
        if name == emv_card.PPSE:
            entry = emv_card.tlv("4F", emv_card.AID) + emv_card.tlv("50", emv_card.LABEL) + emv_card.tlv("87", b"\x01")
            inner = emv_card.tlv("A5", emv_card.tlv("BF0C", emv_card.tlv("61", entry)))
        elif name != emv_card.AID:
            return emv_card.SW_NOT_FOUND
        elif not self._usable():
            return emv_card.SW_CONDITIONS
        else:
            pdol = emv_card.tlv("9F38", emv_card.dol(emv_card.PDOL))
            inner = emv_card.tlv("A5", emv_card.tlv("50", emv_card.LABEL) + pdol)
            self._selected = True
        return emv_card.tlv("6F", emv_card.tlv("84", name) + inner) + emv_card.SW_OK

    def _gpo(self, data: bytes) -> bytes:
        wanted = sum(size for _, size in emv_card.PDOL)
        if len(data) != wanted + 2 or data[0] != 0x83 or data[1] != wanted:
            return emv_card.SW_LENGTH
        token = self.token
        if token is None or not self._selected or not self._usable():
            return emv_card.SW_CONDITIONS
        # The counter is spent and kept before the answer leaves: a tap that is torn off here never repeats an ATC.
        token = replace(token, atc=token.atc + 1, uses=token.uses + 1)
        self.token = token
        self._selected = False
        self._save()
        return self._cryptogram(token, emv_card.split(emv_card.PDOL, data[2:])) + emv_card.SW_OK

    def _cryptogram(self, token: Token, asked: dict[str, bytes]) -> bytes:
        verification = bytes([0x80 if self.cdcvm else 0x00, 0, 0, 0])
        own = {
            "82": bytes.fromhex("0040"),
            "9F36": token.atc.to_bytes(2, "big"),
            "9F10": b"\x01\xa1" + verification + bytes.fromhex(token.luk_id) + b"\0\0",
        }
        track2 = f"{token.pan}D{token.expiry}201"
        answer = {
            "82": own["82"],
            "9F36": own["9F36"],
            "9F26": emv_card.cryptogram(bytes.fromhex(token.luk), {**asked, **own}),
            "9F27": b"\x80",
            "9F10": own["9F10"],
            "57": bytes.fromhex(track2 + "F" * (len(track2) % 2)),
            "5F34": bytes.fromhex(token.psn),
            "9F6C": bytes([0x00, 0x80 if self.cdcvm else 0x00]),
        }
        return emv_card.tlv("77", b"".join(emv_card.tlv(tag, value) for tag, value in answer.items()))

    def _usable(self) -> bool:
        return self.token is not None and self.token.usable(datetime.now(UTC))

    def _take(self, status: int, text: str, seal_key: X25519PrivateKey) -> Provisioned:
        try:
            body = json.loads(text)
            if status != 201:
                return Provisioned(ok=False, code=str(body["code"]), detail=str(body.get("detail") or body["title"]))
            luk = body["luk"]
            token = Token(
                token_id=body["token_id"],
                pan=body["token_pan"],
                psn=body["psn"],
                expiry=body["expiry"],
                par=body["par"],
                luk_id=luk["id"],
                luk=unseal(seal_key, luk["ephemeral_key"], luk["sealed"], body["token_id"]).hex(),
                uses_max=int(luk["uses_max"]),
                valid_until=luk["valid_until"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, InvalidTag) as problem:
            return Provisioned(ok=False, code="bad_answer", detail=f"{status}: {type(problem).__name__}")
        self.token = token
        self._save()
        return Provisioned(ok=True)

    def _load(self) -> None:
        if self._file is None or not self._file.exists():
            return
        kept = json.loads(self._file.read_text("utf-8"))
        self._device_key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept["device_key"]))
        self.token = Token(**kept["token"]) if kept["token"] is not None else None

    def _save(self) -> None:
        if self._file is None:
            return
        token = asdict(self.token) if self.token is not None else None
        kept = {"device_key": self._device_key.private_bytes_raw().hex(), "token": token}
        files.write_private(self._file, json.dumps(kept))


def unseal(key: X25519PrivateKey, ephemeral_key: str, sealed: str, token_id: str) -> bytes:
    """The limited-use key (16 bytes) out of its seal: X25519, HKDF-SHA-256, AES-256-GCM bound to the token's id.

    Raises:
        InvalidTag: Another key, another token, or changed bytes.
        ValueError: Not base64, or not a key of 32 bytes.
    """
    shared = key.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(ephemeral_key, validate=True)))
    wrap = HKDF(SHA256(), 32, salt=b"", info=b"tapdial luk").derive(shared)
    raw = base64.b64decode(sealed, validate=True)
    luk = AESGCM(wrap).decrypt(raw[:12], raw[12:], token_id.encode())
    if len(luk) != 16:
        raise ValueError(f"a key of {len(luk)} bytes")
    return luk


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _data(apdu: bytes) -> bytes | None:
    """The data of a short command APDU with an optional Le, or None when Lc lies."""
    size = apdu[4]
    return apdu[5 : 5 + size] if len(apdu) in (5 + size, 6 + size) else None


def _name(apdu: bytes) -> str:
    match apdu[:2]:
        case b"\x00\xa4":
            return "SELECT PPSE" if apdu[5:19] == emv_card.PPSE else "SELECT AID"
        case b"\x80\xa8":
            return "GET PROCESSING OPTIONS"
        case _:
            return f"command {apdu[:2].hex().upper()}"


def _shown(text: str) -> str:
    """The answer for the trace, without the sealed key that nobody can read anyway."""
    try:
        body = json.loads(text)
    except ValueError:
        return text[:500]
    if isinstance(body, dict) and isinstance(body.get("luk"), dict):
        body["luk"] = {**body["luk"], "sealed": "…"}
    return json.dumps(body, indent=1, ensure_ascii=False)
