"""Staff passwords: Argon2id, 64 MiB, t=3, p=1 (RFC 9106 §4, second choice with one lane), in a small bounded pool."""

import os
import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.services.hashpool import HashPool

MEMORY_KIB = 64 * 1024
WAITING_MAX = 16
HASH_S = 30
DECOY_PHC = "$argon2id$v=19$m=65536,t=3,p=1$IsJfgGHTKOMHqv0pc1C92A$O8MhMLwjzgpXiLwa2xAlRdNmJOKo5HX24JdsyNW4JTs"
"""A hash that no password has: an unknown user costs the same work as a known one."""


class Passwords(HashPool):
    """Hashes and checks passwords. Two threads at most: each takes 64 MiB and about a third of a second.

    `memory_kib` is made smaller only by tests.
    """

    def __init__(self, threads: int = 2, memory_kib: int = MEMORY_KIB) -> None:
        super().__init__(
            "staff-password", threads, waiting_max=WAITING_MAX, work_s=HASH_S, overload="too many sign-ins at once"
        )
        self._memory_kib = memory_kib

    async def hash(self, password: str) -> str:
        """PHC string of a new hash. The caller holds a slot."""
        return await self.run(lambda: _hash(password, self._memory_kib))

    async def check(self, password: str, phc: str) -> bool:
        """Whether `password` has this hash. The caller holds a slot."""
        return await self.run(lambda: _check(password, phc))


def _hash(password: str, memory_kib: int) -> str:
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=3, lanes=1, memory_cost=memory_kib)
    return kdf.derive_phc_encoded(_bytes(password))


def _check(password: str, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(_bytes(password), phc)
    except InvalidKey:
        return False
    return True


def _bytes(password: str) -> bytes:
    """One byte form for what different keyboards send for the same letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
