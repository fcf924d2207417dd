"""The sealed key file of the software store: every version of every key, and how it is read and replaced.

The file: 8 bytes of magic, 16 bytes of salt, 12 bytes of nonce, then AES-256-GCM over JSON {name: hex}, the first 36
bytes as additional data. A name is a ref, `imk`, for its first version, and `imk/2` and so on for later ones: a file
from before there were versions is one of today's, and neither form ever has to be turned into the other.

The key over it comes from the secret in the environment. A passphrase is stretched (magic `TDKEYS1`: Argon2id, 64 MiB,
t=3, one lane; RFC 9106 §4); 64 hex digits are a random secret that needs no stretching (magic `TDKEYS2`: HKDF-SHA-256).
A file keeps the form that it was made in.

A file is replaced whole: a synced draft beside it, then a rename. Whoever adds to it holds the folder's lock, reads it
anew, and never writes less than it has read.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import KeyFault
from gateway.keys.refs import REFS, VERSION_FIRST, KeyUse, label_of, read_label
from gateway.wire.emv import odd_parity

Keys = Mapping[str, bytes]
"""Keys by their names in the file."""

_STRETCHED, _PLAIN = b"TDKEYS1\n", b"TDKEYS2\n"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_HEAD_BYTES = len(_STRETCHED) + _SALT_BYTES + _NONCE_BYTES
_FILE_BYTES_MAX = 1 << 20
_STRETCH_KIB = 64 * 1024
_RANDOM_SECRET = re.compile(r"[0-9a-fA-F]{64}")


def name_of(ref: str, version: int) -> str:
    """How the file calls a version."""
    return ref if version == VERSION_FIRST else label_of(ref, version)


def versions_in(keys: Keys) -> dict[str, dict[int, bytes]]:
    """The keys by ref and version, oldest first; names of a younger release are left out."""
    found: dict[str, dict[int, bytes]] = {}
    for name, key in keys.items():
        known = read_label(label_of(name, VERSION_FIRST) if name in REFS else name)
        if known is None:
            continue
        ref, version = known
        found.setdefault(ref, {})[version] = key
    return {ref: dict(sorted(known.items())) for ref, known in found.items()}


def fresh(ref: str) -> bytes:
    """A random key for a ref."""
    key = secrets.token_bytes(REFS[ref].length)
    return odd_parity(key) if REFS[ref].use is KeyUse.EMV_MASTER else key


def fresh_missing(keys: Keys) -> dict[str, bytes]:
    """Random first keys for the refs that `keys` lacks."""
    return {ref: fresh(ref) for ref in REFS if ref not in keys}


class KeyFile:
    """One key file and its secret, which the repr does not show. Its methods block; opening takes about 0.2 s."""

    def __init__(self, path: Path, secret: str) -> None:
        self._path = path
        self._secret = secret
        self._seen: tuple[int, ...] = ()

    def open(self) -> dict[str, bytes]:
        """The keys; makes the file (mode 0600), or the keys of refs that it lacks, if need be.

        Raises:
            KeyFault: A wrong secret, a damaged file, or one that cannot be read or written.
        """
        with self._faults():
            if not self._path.exists():
                self._create(fresh_missing({}))
            keys = self._read()
        return self.add(fresh_missing) if fresh_missing(keys) else keys

    def add(self, more: Callable[[Keys], Keys]) -> dict[str, bytes]:
        """Add what `more` answers for the keys of this moment, alone among all processes; all keys that there are then.

        Raises:
            KeyFault: It cannot be read or written.
        """
        with self._faults(), _locked_folder(self._path.parent):
            keys = self._read()
            added = more(keys)
            assert not added.keys() & keys.keys(), "a key is never replaced"
            if added:
                keys = {**keys, **added}
                magic = self._bytes()[: len(_STRETCHED)]
                self._draft(_seal(keys, self._secret, magic)).replace(self._path)
                _sync_folder(self._path.parent)
                self._seen = self._stamp()
            return keys

    def changed(self) -> dict[str, bytes] | None:
        """The keys, if somebody has replaced the file since it was last read here; else None.

        Raises:
            KeyFault: It is gone, or cannot be read.
        """
        with self._faults():
            return None if self._stamp() == self._seen else self._read()

    def _read(self) -> dict[str, bytes]:
        seen = self._stamp()
        keys = _unseal(self._bytes(), self._secret)
        for ref, versions in versions_in(keys).items():
            if wrong := [version for version, key in versions.items() if len(key) != REFS[ref].length]:
                raise KeyFault(f"key {label_of(ref, wrong[0])} has not {REFS[ref].length} bytes")
        self._seen = seen
        return keys

    def _bytes(self) -> bytes:
        with self._path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            raise KeyFault("the key file is not one of ours: it is too large")
        return content

    def _stamp(self) -> tuple[int, ...]:
        # Each replacement is another file, so its number differs even within the clock's grain.
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _create(self, keys: Keys) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        magic = _PLAIN if _RANDOM_SECRET.fullmatch(self._secret) else _STRETCHED
        draft = self._draft(_seal(keys, self._secret, magic))
        try:
            # A link fails when another process was first; its keys then count, and ours are thrown away.
            with contextlib.suppress(FileExistsError):
                self._path.hardlink_to(draft)
        finally:
            draft.unlink()
        _sync_folder(self._path.parent)

    def _draft(self, content: bytes) -> Path:
        """A finished, synced temporary file in the same folder; mkstemp gives mode 0600."""
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            draft.unlink()
            raise
        return draft

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise KeyFault(f"key file {self._path}: {problem.strerror}") from problem


def _file_key(secret: str, magic: bytes, salt: bytes) -> bytes:
    if magic == _PLAIN:
        return HKDF(SHA256(), 32, salt, b"tapdial key file").derive(bytes.fromhex(secret))
    # One lane: with more, two threads that derive at once wait for each other for ever in OpenSSL's thread pool.
    return Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=_STRETCH_KIB).derive(secret.encode())


def _seal(keys: Keys, secret: str, magic: bytes) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    head = magic + salt + nonce
    plain = json.dumps({name: key.hex() for name, key in keys.items()}).encode()
    content = head + AESGCM(_file_key(secret, magic, salt)).encrypt(nonce, plain, head)
    assert len(content) <= _FILE_BYTES_MAX, "all versions of all keys fit into the file"
    return content


def _unseal(content: bytes, secret: str) -> dict[str, bytes]:
    head, sealed = content[:_HEAD_BYTES], content[_HEAD_BYTES:]
    magic = head[: len(_STRETCHED)]
    if len(head) < _HEAD_BYTES or magic not in {_STRETCHED, _PLAIN}:
        raise KeyFault("the key file is not one of ours")
    salt, nonce = head[len(magic) : -_NONCE_BYTES], head[-_NONCE_BYTES:]
    try:
        plain = AESGCM(_file_key(secret, magic, salt)).decrypt(nonce, sealed, head)
        return {name: bytes.fromhex(key) for name, key in json.loads(plain).items()}
    except (InvalidTag, ValueError) as problem:
        raise KeyFault("the key file does not open: wrong secret, or the file was changed") from problem


@contextlib.contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Alone among processes that ask for this lock; the system ends it with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
