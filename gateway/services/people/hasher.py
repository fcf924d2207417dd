"""Hashes PINs: Argon2id (RFC 9106) with 4 MiB, t=1, p=1 over HMAC-SHA-256(pepper, person id ‖ PIN).

Ten thousand PINs are searched in seconds whatever the hash costs: the pepper, which never leaves the KeyStore, and the
counter of tries protect them. The hash takes about 3 ms of a core, so that even a stolen pepper costs its thief work.
"""

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.keys import KeyStore
from gateway.services.hashpool import HashPool

MEMORY_KIB = 4096
HASH_BYTES = 32
SALT_BYTES = 16
WAITING_MAX = 1000
HASH_S = 10


class PinHasher(HashPool):
    """Hashes PINs in a bounded pool of threads."""

    def __init__(self, keys: KeyStore, threads: int = 2) -> None:
        super().__init__("pin-hash", threads, waiting_max=WAITING_MAX, work_s=HASH_S, overload="too many PINs at once")
        self._keys = keys

    async def hash(self, person_id: str, pin: str, salt: bytes) -> bytes:
        """32 bytes. The caller holds a slot.

        Raises:
            Overloaded: It took longer than HASH_S.
        """
        peppered = await self._keys.mac("pepper", f"{person_id}\0{pin}".encode())
        return await self.run(lambda: _argon2id(peppered, salt))


def _argon2id(peppered: bytes, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=HASH_BYTES, iterations=1, lanes=1, memory_cost=MEMORY_KIB).derive(peppered)
