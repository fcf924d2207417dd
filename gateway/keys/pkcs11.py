"""The KeyStore of a hardware module: the token does every operation, through one thread (keys.token, keys.worker).

What leaves the token: a phone's limited-use key and a terminal's key, each once and by design, and for the 3DES
profiles a card's master key, which is in this process's memory while one cryptogram is checked. Master keys, sealing
and MAC keys and the signing key never do.

Other processes rotate too: a version that is not known here is looked for in the token, at most once a second, and
sealing looks every ten seconds.
"""

import hmac
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from gateway.errors import KeyFault
from gateway.keys.base import Card
from gateway.keys.refs import VERSION_FIRST, VERSION_MAX, KeyUse, RotateRefusal, kind_of, serves
from gateway.keys.token import Token, TokenDoor
from gateway.keys.worker import TokenWorker
from gateway.observe import Metrics, log
from gateway.wire.emv import CardKeys, Cvn, odd_parity
from gateway.wire.emv import keys as emv_keys

LOOK_S = 10.0
"""How old a version may be before sealing looks for a newer one."""
UNKNOWN_S = 1.0
"""How often a version that is not known is looked for: terminals can name any."""
MAC_BYTES = 8
TERMINAL_ID_BYTES = 8
T = TypeVar("T")


class Pkcs11KeyStore:
    """KeyStore over a token. Use `async with Pkcs11KeyStore.opened(…)`; its repr shows no PIN."""

    def __init__(self, worker: TokenWorker[Token]) -> None:
        self._worker = worker
        self._looked_at = time.monotonic()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, door: TokenDoor, metrics: Metrics, *, timeout_s: float, create: bool = False
    ) -> "AsyncIterator[Pkcs11KeyStore]":
        """Log in, and out at the end.

        Args:
            door: Where the token is.
            metrics: Where operations are counted.
            timeout_s: How long one operation may take.
            create: Make the keys that are missing, instead of refusing to begin without them.

        Raises:
            KeyFault: No such module, a refused PIN, keys that are missing or could leave the token.
            KeysUnavailable: The token is not there.
        """
        worker = TokenWorker(partial(Token.connect, door, whole=not create), metrics, timeout_s=timeout_s)
        await worker.start()
        try:
            if create:
                await worker.do("create", _make_missing)
            yield cls(worker)
        finally:
            await worker.close()

    async def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes."""
        return await self._do("mac", lambda token: token.mac(ref, data))

    async def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: 12 bytes nonce, ciphertext, 16 bytes tag; with the newest version."""

        def work(token: Token) -> bytes:
            self._look(token, LOOK_S)
            return token.seal(ref, plain, aad)

        return await self._do("seal", work)

    async def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed with any version.

        Raises:
            KeyFault: Other key, other aad, or changed bytes.
        """

        def work(token: Token) -> bytes:
            plain = token.unseal(ref, sealed, aad)
            known = token.versions(ref)
            if plain is None:
                self._look(token, 0)
                if token.versions(ref) != known:
                    plain = token.unseal(ref, sealed, aad)
            if plain is None:
                raise KeyFault(f"sealed bytes under {ref} do not open")
            return plain

        return await self._do("unseal", work)

    async def kcv(self, ref: str, version: int | None = None) -> str:
        """First 3 bytes of what the key makes of zeros, as hex."""

        def work(token: Token) -> str:
            if version is not None and not self._has(token, ref, version):
                raise KeyFault(f"no version {version} of {ref}")
            return token.kcv(ref, version)[:3].hex().upper()

        return await self._do("kcv", work)

    async def versions(self, ref: str) -> Sequence[int]:
        """The versions there are, oldest first."""

        def work(token: Token) -> list[int]:
            kind_of(ref)
            self._look(token, 0)
            return token.versions(ref)

        return await self._do("versions", work)

    async def rotate(self, ref: str) -> int | RotateRefusal:
        """Make a new version inside the token and answer its number.

        Raises:
            KeyFault: Another rotation was first.
        """
        if (fixed := kind_of(ref).fixed) is not None:
            return fixed

        def work(token: Token) -> int | RotateRefusal:
            self._look(token, 0)
            version = token.versions(ref)[-1] + 1
            if version > VERSION_MAX:
                return RotateRefusal.FULL
            token.make(ref, version)
            return version

        return await self._do("rotate", work)

    async def derive_luk(self, ref: str, dki: int, pan: str, psn: str, luk_id: bytes) -> bytes:
        """The token's limited-use key, 16 bytes."""
        block = emv_keys.card_block_aes(pan, psn)

        def work(token: Token) -> bytes:
            kind_of(ref, KeyUse.HOUSE_MASTER)
            if not self._has(token, ref, dki):
                raise KeyFault(f"no version {dki} of {ref}")
            return token.luk_bytes(ref, dki, block, luk_id)

        return await self._do("derive_luk", work)

    async def verify_ac(self, ref: str, card: Card, data: bytes, ac: bytes) -> bool:
        """Whether `ac` is the cryptogram over `data`; constant time."""
        if not serves(ref, card.cvn):
            return False

        def work(token: Token) -> bytes:
            if not self._has(token, ref, card.dki):
                return b""
            if card.cvn is Cvn.HOUSE:
                return _house_mac(token, ref, card, data)
            return _tap_keys(token, ref, card).cryptogram(data)

        made = await self._do("verify_ac", work)
        return bool(made) and hmac.compare_digest(made, ac)

    async def arpc(self, ref: str, card: Card, ac: bytes, arc: bytes) -> bytes:
        """The issuer's answer by the profile's method."""
        if not serves(ref, card.cvn):
            raise KeyFault(f"{ref} has no version {card.dki} for {card.cvn.value}")

        def work(token: Token) -> bytes:
            if not self._has(token, ref, card.dki):
                raise KeyFault(f"{ref} has no version {card.dki} for {card.cvn.value}")
            if card.cvn is Cvn.HOUSE:
                return _house_mac(token, ref, card, ac + arc)
            return _tap_keys(token, ref, card).answer(ac, arc)

        return await self._do("arpc", work)

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        """DE64: first 8 bytes of AES-CMAC under the terminal's key."""
        name = _terminal_name(terminal)
        return await self._do("link_mac", lambda token: token.terminal_mac(ref, name, data)[:MAC_BYTES])

    async def terminal_key(self, ref: str, terminal: str) -> bytes:
        """The terminal's MAC key, 16 bytes, for the one-time hand-over at its registration."""
        name = _terminal_name(terminal)
        return await self._do("terminal_key", lambda token: token.terminal_bytes(ref, name))

    async def sign(self, ref: str, data: bytes) -> bytes:
        """Ed25519 signature of `data`, 64 bytes."""
        return await self._do("sign", lambda token: token.sign(ref, data))

    async def public_key(self, ref: str) -> bytes:
        """The public key of `ref`, 32 raw bytes."""
        return await self._do("public_key", lambda token: token.public_key(ref))

    async def _do(self, operation: str, work: Callable[[Token], T]) -> T:
        return await self._worker.do(operation, work)

    def _has(self, token: Token, ref: str, version: int) -> bool:
        if not token.has(ref, version):
            self._look(token, UNKNOWN_S)
        return token.has(ref, version)

    def _look(self, token: Token, older_s: float) -> None:
        # In the worker's thread alone, so nobody else is between the two.
        now = time.monotonic()
        if now - self._looked_at < older_s:
            return
        self._looked_at = now
        try:
            token.look()
        except KeyFault as problem:
            # What was seen before keeps working, and what is sealed must not count as lost.
            log().error("hsm_keys_unusable", detail=str(problem))


def _make_missing(token: Token) -> None:
    for ref in token.missing():
        token.make(ref, VERSION_FIRST)


def _house_mac(token: Token, ref: str, card: Card, data: bytes) -> bytes:
    block, tap = emv_keys.card_block_aes(card.pan, card.psn), card.atc.to_bytes(2) + bytes(14)
    return token.house_mac(ref, card.dki, block, card.luk_id, tap_block=tap, data=data)[:MAC_BYTES]


def _tap_keys(token: Token, ref: str, card: Card) -> CardKeys:
    master = odd_parity(token.emv_block(ref, card.dki, emv_keys.card_block(card.pan, card.psn)))
    return CardKeys.of_master(card.cvn, master, atc=card.atc.to_bytes(2), un=card.un)


def _terminal_name(terminal: str) -> bytes:
    name = terminal.encode("ascii")
    assert len(name) == TERMINAL_ID_BYTES, "a terminal id has eight characters"
    return name
