"""The software KeyStore: keys live in the process's memory and, between runs, in one sealed file.

A ref that a file of an older version does not have gets its random key when the file is opened.

The file: 8 bytes of magic, 16 bytes of salt, 12 bytes of nonce, then AES-256-GCM over JSON {ref: hex} under
Argon2id(passphrase, salt; 64 MiB, t=3, one lane; RFC 9106 §4), the first 36 bytes as additional data.
"""

import contextlib
import fcntl
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.errors import KeyFault
from gateway.keys.base import Card
from gateway.wire.emv import Cvn, house

KEY_LENGTHS: Mapping[str, int] = {
    "pepper": 32,
    "lookup": 32,
    "outbox": 32,
    "staff": 32,
    "token": 32,
    "imk": house.KEY_BYTES,
    "acquirer": house.KEY_BYTES,
    "ledger_head": 32,
}
"""Every ref and its key's length in bytes."""

FIRST_DKI = 1
"""The version of the issuer's master key that a new file begins with."""
_MAGIC = b"TDKEYS1\n"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_HEAD_BYTES = len(_MAGIC) + _SALT_BYTES + _NONCE_BYTES
_FILE_BYTES_MAX = 65_536


class SoftwareKeyStore:
    """KeyStore over keys in memory. Use `SoftwareKeyStore.open(path, passphrase)`; the repr shows no key."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        # One ref may seal, sign and MAC; no two of these uses share a key.
        # Copies of a context that has its key hash short data without letting go of the interpreter, which hmac.digest
        # does each time, and in a busy process gets back late.
        self._macs = {ref: hmac.new(key, digestmod="sha256") for ref, key in keys.items()}
        self._sealers = {ref: AESGCM(hmac.digest(key, b"tapdial seal", "sha256")) for ref, key in keys.items()}

    @classmethod
    def open(cls, path: Path, passphrase: str) -> "SoftwareKeyStore":
        """Read the key file, or make it (mode 0600) with a random key for every ref; blocks for about 0.2 s.

        Raises:
            KeyFault: A wrong passphrase, a damaged file, or one that cannot be read or written.
        """
        try:
            if not path.exists():
                _create(path, _with_missing({}), passphrase)
            keys = _unseal_file(_read(path), passphrase)
            if _with_missing(keys):
                keys = _complete(path, passphrase)
        except OSError as problem:
            raise KeyFault(f"key file {path}: {problem.strerror}") from problem
        return cls(keys)

    @classmethod
    def for_tests(cls) -> "SoftwareKeyStore":
        """Fresh random keys in memory only."""
        return cls({ref: secrets.token_bytes(length) for ref, length in KEY_LENGTHS.items()})

    async def mac(self, ref: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes."""
        self._key(ref)
        made = self._macs[ref].copy()
        made.update(data)
        return made.digest()

    async def seal(self, ref: str, plain: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: 12 bytes nonce, ciphertext, 16 bytes tag."""
        self._key(ref)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._sealers[ref].encrypt(nonce, plain, aad)

    async def unseal(self, ref: str, sealed: bytes, aad: bytes) -> bytes:
        """What was sealed.

        Raises:
            KeyFault: Other key, other aad, or changed bytes.
        """
        self._key(ref)
        try:
            return self._sealers[ref].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError) as problem:
            raise KeyFault(f"sealed bytes under {ref} do not open") from problem

    async def kcv(self, ref: str) -> str:
        """First 3 bytes of AES-CMAC over a zero block, as hex (ANSI X9.24-1 annex A)."""
        return house.cmac(self._key(ref), bytes(16))[:3].hex().upper()

    async def derive_luk(self, ref: str, dki: int, pan: str, psn: str, luk_id: bytes) -> bytes:
        """The token's limited-use key, 16 bytes."""
        if dki != FIRST_DKI:
            raise KeyFault(f"no version {dki} of {ref}")
        return house.limited_use_key(self._key(ref), pan, psn, luk_id)

    async def verify_ac(self, ref: str, card: Card, data: bytes, ac: bytes) -> bool:
        """Whether `ac` is the cryptogram over `data`; constant time."""
        if card.cvn is not Cvn.HOUSE or card.dki != FIRST_DKI:
            return False
        luk = house.limited_use_key(self._key(ref), card.pan, card.psn, card.luk_id)
        return hmac.compare_digest(house.cryptogram(luk, card.atc, data), ac)

    async def arpc(self, ref: str, card: Card, ac: bytes, arc: bytes) -> bytes:
        """The issuer's answer cryptogram, 8 bytes, over AC ‖ ARC."""
        luk = house.limited_use_key(self._key(ref), card.pan, card.psn, card.luk_id)
        return house.cryptogram(luk, card.atc, ac + arc)

    async def link_mac(self, ref: str, terminal: str, data: bytes) -> bytes:
        """DE64: first 8 bytes of AES-CMAC under the terminal's key."""
        return house.cmac(house.terminal_key(self._key(ref), terminal), data)[:8]

    async def terminal_key(self, ref: str, terminal: str) -> bytes:
        """The terminal's MAC key, 16 bytes, for the one-time hand-over at its registration."""
        return house.terminal_key(self._key(ref), terminal)

    async def sign(self, ref: str, data: bytes) -> bytes:
        """Ed25519 signature of `data`, 64 bytes."""
        return self._signer(ref).sign(data)

    async def public_key(self, ref: str) -> bytes:
        """The public key of `ref`, 32 raw bytes."""
        return self._signer(ref).public_key().public_bytes_raw()

    def _signer(self, ref: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hmac.digest(self._key(ref), b"tapdial sign", "sha256"))

    def _key(self, ref: str) -> bytes:
        key = self._keys.get(ref)
        if key is None:
            raise KeyFault(f"no key {ref}")
        return key


def _with_missing(keys: Mapping[str, bytes]) -> dict[str, bytes]:
    """`keys` with random ones for refs that are not there; empty when none is missing."""
    missing = {ref: secrets.token_bytes(length) for ref, length in KEY_LENGTHS.items() if ref not in keys}
    return {**keys, **missing} if missing else {}


def _file_key(passphrase: str, salt: bytes) -> bytes:
    # One lane: with more, two threads that derive at once wait for each other for ever in OpenSSL's thread pool.
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=64 * 1024)
    return kdf.derive(passphrase.encode())


def _seal_file(keys: Mapping[str, bytes], passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    head = _MAGIC + salt + nonce
    plain = json.dumps({ref: key.hex() for ref, key in keys.items()}).encode()
    return head + AESGCM(_file_key(passphrase, salt)).encrypt(nonce, plain, head)


def _unseal_file(content: bytes, passphrase: str) -> dict[str, bytes]:
    head, sealed = content[:_HEAD_BYTES], content[_HEAD_BYTES:]
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        raise KeyFault("the key file is not one of ours")
    salt, nonce = head[len(_MAGIC) : -_NONCE_BYTES], head[-_NONCE_BYTES:]
    try:
        plain = AESGCM(_file_key(passphrase, salt)).decrypt(nonce, sealed, head)
    except (InvalidTag, ValueError) as problem:
        raise KeyFault("the key file does not open: wrong passphrase, or the file was changed") from problem
    return {ref: bytes.fromhex(key) for ref, key in json.loads(plain).items()}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_FILE_BYTES_MAX)


def _write_beside(path: Path, content: bytes) -> Path:
    """A finished, synced temporary file in the same folder; mkstemp gives mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _create(path: Path, keys: Mapping[str, bytes], passphrase: str) -> None:
    draft = _write_beside(path, _seal_file(keys, passphrase))
    try:
        # A link fails when another process was first; its keys then count, and ours are thrown away.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _complete(path: Path, passphrase: str) -> dict[str, bytes]:
    """Add what is missing to the file and read it; of several processes one does it and all get the same keys."""
    with _locked_folder(path.parent):
        keys = _unseal_file(_read(path), passphrase)
        if complete := _with_missing(keys):
            keys = complete
            _replace(path, keys, passphrase)
        return keys


@contextlib.contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Alone among processes that ask for this lock; the system ends it with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, keys: Mapping[str, bytes], passphrase: str) -> None:
    _write_beside(path, _seal_file(keys, passphrase)).replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
