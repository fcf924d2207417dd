"""A phone and a terminal of the tests' own, written from the house profile with raw cryptography calls."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.services.tokens import ProvisionedToken

SIGNED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
DE55 = ("82", "84", "95", "9A", "9C", "5F2A", "5F34", "9F02", "9F03", "9F10", "9F1A", "9F26", "9F27", "9F36", "9F37")
ARQC, TC = 0x80, 0x40
LL, LLL = {2, 32}, {48, 54, 55, 60}


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


@dataclass
class Phone:
    device: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seal: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    pan: str = ""
    expiry: str = ""
    luk: bytes = b""
    luk_id: bytes = b""
    dki: int = 1
    atc: int = 0

    def take(self, token: ProvisionedToken) -> None:
        shared = self.seal.exchange(X25519PublicKey.from_public_bytes(token.luk.ephemeral_key))
        key = HKDF(algorithm=SHA256(), length=32, salt=b"", info=b"tapdial luk").derive(shared)
        self.luk = AESGCM(key).decrypt(token.luk.sealed[:12], token.luk.sealed[12:], token.id.encode())
        self.pan, self.expiry, self.luk_id, self.dki = token.pan, token.expiry, token.luk.id, token.luk.dki

    def tap(self, amount_minor: int, atc: int | None = None, cid: int = ARQC) -> dict[str, bytes]:
        """The data objects of DE55."""
        self.atc = self.atc + 1 if atc is None else atc
        values = {
            "82": bytes.fromhex("0040"),
            "84": bytes.fromhex("F05441504449414C01"),
            "95": bytes(5),
            "9A": bytes.fromhex("261122"),
            "9C": b"\0",
            "5F2A": bytes.fromhex("0364"),
            "5F34": b"\0",
            "9F02": bytes.fromhex(f"{amount_minor:012d}"),
            "9F03": bytes(6),
            "9F10": bytes([self.dki, 0xA1, 0x80, cid, 0, 0]) + self.luk_id + b"\0\0",
            "9F1A": bytes.fromhex("0364"),
            "9F27": bytes([cid]),
            "9F36": self.atc.to_bytes(2),
            "9F37": bytes.fromhex("A1B2C3D4"),
        }
        values["9F26"] = cmac(self.session_key(self.atc), b"".join(values[tag] for tag in SIGNED))[:8]
        return values

    def session_key(self, atc: int) -> bytes:
        encryptor = Cipher(AES(self.luk), ECB()).encryptor()  # noqa: S305
        return encryptor.update(atc.to_bytes(2) + bytes(14)) + encryptor.finalize()


def tlv(values: Mapping[str, bytes]) -> bytes:
    return b"".join(bytes.fromhex(tag) + bytes([len(values[tag])]) + values[tag] for tag in DE55)


def span(mti: str, fields: Mapping[int, str | bytes]) -> bytes:
    bits = 1 | sum(1 << 64 - number for number in fields if number < 64)
    second = sum(1 << 128 - number for number in fields if number > 64)
    head = f"{bits | (1 << 63 if second else 0):016X}" + (f"{second:016X}" if second else "")
    body = mti.encode() + head.encode()
    for number, value in sorted(fields.items()):
        data = value.encode() if isinstance(value, str) else value
        width = 2 if number in LL else 3 if number in LLL else 0
        body += (f"{len(data):0{width}d}".encode() if width else b"") + data
    return body


@dataclass
class Till:
    """A terminal: its messages and its line."""

    terminal_id: str
    merchant_number: str
    key: bytes = field(repr=False)
    port: int = 0
    stan: int = 0
    batch: str = "000001"
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    def common(self, amount_minor: int, rrn: str) -> dict[int, str | bytes]:
        self.stan += 1
        return {
            3: "000000",
            4: f"{amount_minor:012d}",
            7: "1122080000",
            11: f"{self.stan:06d}",
            12: "113000",
            13: "1122",
            32: "581420",
            37: rrn or f"632611{self.stan:06d}",
            41: self.terminal_id,
            42: f"{self.merchant_number:<15}",
            49: "364",
            60: self.batch,
        }

    def purchase(
        self, phone: Phone, amount_minor: int, atc: int | None = None, cid: int = ARQC
    ) -> dict[int, str | bytes]:
        chip = tlv(phone.tap(amount_minor, atc, cid))
        more: dict[int, str | bytes] = {2: phone.pan, 14: phone.expiry, 22: "071", 25: "00", 55: chip}
        return self.common(amount_minor, "") | more

    def later(
        self,
        original: Mapping[int, str | bytes],
        amount_minor: int | None = None,
        approval: str = "",
        mti: str = "0100",
    ) -> dict[int, str | bytes]:
        amount = int(str(original[4])) if amount_minor is None else amount_minor
        fields = self.common(amount, str(original[37]))
        fields[90] = f"{mti}{original[11]!s}{original[7]!s}{'581420':0>11}{'0' * 11}"
        return fields | ({38: approval} if approval else {})

    def body(self, mti: str, fields: Mapping[int, str | bytes]) -> bytes:
        covered = span(mti, fields)
        return covered + cmac(self.key, covered)[:8]

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def sign_on(self) -> bytes:
        await self.connect()
        self.stan += 1
        fields = {7: "1122080000", 11: f"{self.stan:06d}", 41: self.terminal_id, 70: "001"}
        return await self.ask_bytes(self.body("0800", fields))

    async def ask(self, mti: str, fields: Mapping[int, str | bytes]) -> bytes:
        return await self.ask_bytes(self.body(mti, fields))

    async def ask_bytes(self, body: bytes) -> bytes:
        """The answer's body; empty when the line was dropped instead."""
        self.send(body)
        return await self.receive()

    def send(self, body: bytes) -> None:
        assert self.writer is not None
        self.writer.write(len(body).to_bytes(2) + body)

    async def receive(self) -> bytes:
        assert self.reader is not None
        try:
            async with asyncio.timeout(20):
                answer = await self.reader.readexactly(int.from_bytes(await self.reader.readexactly(2)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        assert cmac(self.key, answer[:-8])[:8] == answer[-8:], "the answer's MAC is wrong"
        return answer

    async def hang_up(self) -> None:
        if self.writer is not None:
            self.writer.close()
            try:
                await self.writer.wait_closed()
            except ConnectionError:
                return
