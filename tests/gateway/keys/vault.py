"""Both kinds of KeyStore over the same known keys, so that one suite can say what each must answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.keys import REFS, KeyStore, KeyUse, SoftwareKeyStore
from gateway.keys.file import KeyFile, fresh
from gateway.keys.pkcs11 import Pkcs11KeyStore
from gateway.keys.token import Token, TokenDoor
from gateway.observe import Metrics
from tests import softhsm

SECRET = "5b" * 32
"""64 hex digits: a file under it opens at once."""


def known_keys() -> dict[str, bytes]:
    return {ref: fresh(ref) for ref in REFS}


@dataclass
class FileVault:
    path: Path
    known: dict[str, bytes] = field(repr=False)

    @classmethod
    def make(cls, path: Path) -> "FileVault":
        known = known_keys()
        KeyFile(path, SECRET)._create(known)
        return cls(path, known)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[KeyStore]:
        yield SoftwareKeyStore.open(self.path, SECRET)


@dataclass
class TokenVault:
    label: str
    known: dict[str, bytes] = field(repr=False)

    @classmethod
    def make(cls, tokens: softhsm.Tokens) -> "TokenVault":
        known = known_keys()
        vault = cls(tokens.make(), known)
        softhsm.put(
            vault.label,
            {f"{ref}/1": key for ref, key in known.items() if REFS[ref].use is not KeyUse.SIGN},
        )
        token = Token.connect(vault.door, whole=False)
        token.make("ledger_head", 1)
        token.close()
        return vault

    @property
    def door(self) -> TokenDoor:
        return TokenDoor(softhsm.MODULE, self.label, softhsm.PIN)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[KeyStore]:
        async with Pkcs11KeyStore.opened(self.door, Metrics(), timeout_s=10) as keys:
            yield keys


Vault = FileVault | TokenVault
"""A place where keys are kept, and the keys in it."""
