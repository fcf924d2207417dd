"""The software KeyStore: keys live in the process's memory and, between runs, in one sealed file (keys.file).

Other processes rotate too. What needs a version that is not here, and every ten seconds what seals, looks whether the
file was replaced. A file that cannot be read then, or that lacks a key that is here, changes nothing and is logged:
what is in memory keeps working.
"""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeyFault
from gateway.keys.base import Card
from gateway.keys.file import KeyFile, Keys, fresh, fresh_missing, name_of, versions_in
from gateway.keys.refs import VERSION_MAX, KeyUse, RotateRefusal, kind_of, serves
from gateway.observe import log
from gateway.wire.emv import CardKeys, house
from gateway.wire.emv import keys as emv_keys

LOOK_S = 10.0
"""How old a version may be before sealing looks for a newer one."""
_NONCE_BYTES = 12


class SoftwareKeyStore:
    """KeyStore over keys in memory. Use `SoftwareKeyStore.open(path, secret)`; the repr shows no key."""

    def __init__(self, keys: Keys, file: KeyFile | None = None) -> None:
        self._file = file
        self._looked_at = 0.0
        self._take(keys)

    @classmethod
    def open(cls, path: Path, secret: str) -> "SoftwareKeyStore":
        """Read the key file, or make it (mode 0600) with a random key for every ref; blocks for about 0.2 s.

        Raises:
            KeyFault: A wrong secret, a damaged file, or one that cannot be read or written.
        """
        file = KeyFile(path, secret)
        return cls(file.open(), file)

    @classmethod
    def for_tests(cls) -> "SoftwareKeyStore":
        """Fresh random keys in memory only."""
        return cls(fresh_missing({}))

    async def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes."""
        self._newest(ref, KeyUse.MAC)
        made = self._macs[ref].copy()
        made.update(data)
        return made.digest()

    async def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: 12 bytes nonce, ciphertext, 16 bytes tag; with the newest version."""
        now = asyncio.get_running_loop().time()
        if self._file is not None and now - self._looked_at > LOOK_S:
            self._looked_at = now
            await self._look()
        self._newest(ref, KeyUse.SEAL)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + next(iter(self._sealers[ref].values())).encrypt(nonce, plain, aad)

    async def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed with any version.

        Raises:
            KeyFault: Other key, other aad, or changed bytes.
        """
        self._newest(ref, KeyUse.SEAL)
        plain = self._opened(ref, sealed, aad)
        if plain is None and await self._look():
            plain = self._opened(ref, sealed, aad)
        if plain is None:
            raise KeyFault(f"sealed bytes under {ref} do not open")
        return plain

    async def kcv(self, ref: str, version: int | None = None) -> str:
        """First 3 bytes of what the key makes of zeros, as hex."""
        key = self._newest(ref) if version is None else await self._version(ref, version)
        public = await self.public_key(ref) if kind_of(ref).use is KeyUse.SIGN else b""
        return _check_bytes(kind_of(ref).use, key, public)[:3].hex().upper()

    async def versions(self, ref: str) -> Sequence[int]:
        """The versions there are, oldest first."""
        await self._look()
        self._newest(ref)
        return list(self._by_ref[ref])

    async def rotate(self, ref: str) -> int | RotateRefusal:
        """Make a new version and answer its number.

        Raises:
            KeyFault: The file cannot be written, or is not the one that was opened.
        """
        self._newest(ref)
        if (fixed := kind_of(ref).fixed) is not None:
            return fixed
        made: list[int] = []

        def next_version(keys: Keys) -> Keys:
            self._must_have_ours(keys)
            newest = max(versions_in(keys)[ref])
            if newest == VERSION_MAX:
                return {}
            made.append(newest + 1)
            return {name_of(ref, newest + 1): fresh(ref)}

        if self._file is None:
            self._take({**self._keys, **next_version(self._keys)})
        else:
            self._take(await asyncio.to_thread(self._file.add, next_version))
        return made[0] if made else RotateRefusal.FULL

    async def derive_luk(self, ref: str, dki: int, pan: str, psn: str, luk_id: bytes) -> bytes:
        """The token's limited-use key, 16 bytes."""
        kind_of(ref, KeyUse.HOUSE_MASTER)
        return house.limited_use_key(await self._version(ref, dki), pan, psn, luk_id)

    async def verify_ac(self, ref: str, card: Card, data: bytes, ac: bytes) -> bool:
        """Whether `ac` is the cryptogram over `data`; constant time."""
        key = await self._issuer_key(ref, card)
        return key is not None and _tap_keys(key, card).verify(data, ac)

    async def arpc(self, ref: str, card: Card, ac: bytes, arc: bytes) -> bytes:
        """The issuer's answer by the profile's method."""
        key = await self._issuer_key(ref, card)
        if key is None:
            raise KeyFault(f"{ref} has no version {card.dki} for {card.cvn.value}")
        return _tap_keys(key, card).answer(ac, arc)

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        """DE64: first 8 bytes of AES-CMAC under the terminal's key."""
        return house.cmac(await self.terminal_key(ref, terminal), data)[:8]

    async def terminal_key(self, ref: str, terminal: str) -> bytes:
        """The terminal's MAC key, 16 bytes, for the one-time hand-over at its registration."""
        return house.terminal_key(self._newest(ref, KeyUse.TERMINALS), terminal)

    async def sign(self, ref: str, data: bytes) -> bytes:
        """Ed25519 signature of `data`, 64 bytes."""
        return self._signer(ref).sign(data)

    async def public_key(self, ref: str) -> bytes:
        """The public key of `ref`, 32 raw bytes."""
        return self._signer(ref).public_key().public_bytes_raw()

    def _signer(self, ref: str) -> Ed25519PrivateKey:
        key = self._newest(ref, KeyUse.SIGN)
        return Ed25519PrivateKey.from_private_bytes(hmac.digest(key, b"tapdial sign", "sha256"))

    def _newest(self, ref: str, use: KeyUse | None = None) -> bytes:
        kind_of(ref, use)
        if ref not in self._by_ref:
            raise KeyFault(f"no key {ref}")
        return list(self._by_ref[ref].values())[-1]

    async def _version(self, ref: str, version: int) -> bytes:
        self._newest(ref)
        key = self._by_ref[ref].get(version)
        if key is None and await self._look():
            key = self._by_ref[ref].get(version)
        if key is None:
            raise KeyFault(f"no version {version} of {ref}")
        return key

    async def _issuer_key(self, ref: str, card: Card) -> bytes | None:
        if not serves(ref, card.cvn):
            return None
        key = self._by_ref.get(ref, {}).get(card.dki)
        if key is None and await self._look():
            key = self._by_ref[ref].get(card.dki)
        return key

    def _opened(self, ref: str, sealed: bytes, aad: bytes) -> bytes | None:
        for sealer in self._sealers[ref].values():
            try:
                return sealer.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
            except (InvalidTag, ValueError):
                continue
        return None

    async def _look(self) -> bool:
        """Take the file's keys if it was replaced since; whether there are new ones."""
        if self._file is None:
            return False
        try:
            keys = await asyncio.to_thread(self._file.changed)
            if keys is None:
                return False
            self._must_have_ours(keys)
            self._take(keys)
        except KeyFault as problem:
            log().error("key_file_unusable", detail=str(problem))
            return False
        return True

    def _must_have_ours(self, keys: Keys) -> None:
        if any(keys.get(name) != key for name, key in self._keys.items()):
            raise KeyFault("the key file is not the one that was opened: keys that are in use are not in it")

    def _take(self, names: Keys) -> None:
        self._keys = dict(names)
        self._by_ref = versions_in(names)
        # Copies of a context that has its key hash short data without letting go of the interpreter, which hmac.digest
        # does each time, and in a busy process gets back late.
        self._macs = {
            ref: hmac.new(self._newest(ref), digestmod="sha256")
            for ref in self._by_ref
            if kind_of(ref).use is KeyUse.MAC
        }
        # The newest version first.
        self._sealers = {
            ref: {
                version: AESGCM(hmac.digest(key, b"tapdial seal", "sha256"))
                for version, key in reversed(versions.items())
            }
            for ref, versions in self._by_ref.items()
            if kind_of(ref).use is KeyUse.SEAL
        }


def _check_bytes(use: KeyUse, key: bytes, public: bytes) -> bytes:
    match use:
        case KeyUse.MAC:
            return hmac.digest(key, bytes(16), "sha256")
        case KeyUse.SIGN:
            return sha256(public).digest()
        case KeyUse.EMV_MASTER:
            return emv_keys.des3_ecb(key, bytes(8))
        case KeyUse.SEAL | KeyUse.HOUSE_MASTER | KeyUse.TERMINALS:
            return house.cmac(key, bytes(16))


def _tap_keys(issuer_key: bytes, card: Card) -> CardKeys:
    return CardKeys.derive(
        card.cvn, issuer_key, card.pan, card.psn, atc=card.atc.to_bytes(2), un=card.un, luk_id=card.luk_id
    )
