"""Hashes PINs: Argon2id (RFC 9106) with 4 MiB, t=1, p=1 over HMAC-SHA-256(pepper, person id ‖ PIN).

Ten thousand PINs are searched in seconds whatever the hash costs: the pepper, which never leaves the KeyStore, and the
counter of tries protect them. The hash takes about 3 ms of a core, so that even a stolen pepper costs its thief work.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.errors import Overloaded
from gateway.keys import KeyStore

MEMORY_KIB = 4096
HASH_BYTES = 32
SALT_BYTES = 16
WAITING_MAX = 1000
HASH_S = 10


class PinHasher:
    """A bounded pool of threads that hash PINs; OpenSSL lets go of the interpreter's lock meanwhile."""

    def __init__(self, keys: KeyStore, threads: int = 2) -> None:
        self._keys = keys
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pin-hash")
        self._waiting = 0

    def close(self) -> None:
        """Let the threads go; work in hand is finished."""
        self._pool.shutdown(wait=True)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place in the queue, taken before a try is counted.

        Raises:
            Overloaded: WAITING_MAX are taken.
        """
        if self._waiting >= WAITING_MAX:
            raise Overloaded("too many PINs at once")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def hash(self, person_id: str, pin: str, salt: bytes) -> bytes:
        """32 bytes. The caller holds a slot.

        Raises:
            Overloaded: It took longer than HASH_S.
        """
        peppered = await self._keys.mac("pepper", f"{person_id}\0{pin}".encode())
        try:
            async with asyncio.timeout(HASH_S):
                return await asyncio.get_running_loop().run_in_executor(self._pool, _argon2id, peppered, salt)
        except TimeoutError as problem:
            raise Overloaded("too many PINs at once") from problem


def _argon2id(peppered: bytes, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=HASH_BYTES, iterations=1, lanes=1, memory_cost=MEMORY_KIB).derive(peppered)
