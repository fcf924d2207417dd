"""Tokens that no phone asks for, to stand behind doors that are tested for something else."""

from collections.abc import Sequence
from typing import NoReturn

from gateway.services.tokens import (
    CallOutcome,
    KeyView,
    LastUse,
    ProvisionRequest,
    ProvisionResult,
    Replenished,
    SignedCall,
    StateOutcome,
    Token,
)


def nobody() -> NoReturn:
    raise AssertionError("no phone asks here")


class NoTokens:
    async def provision(self, _request: ProvisionRequest) -> ProvisionResult:
        nobody()

    async def admit(self, _call: SignedCall) -> CallOutcome:
        nobody()

    async def token(self, _token_id: str) -> Token | None:
        nobody()

    async def keys_of(self, _token_id: str) -> Sequence[KeyView]:
        nobody()

    async def replenish(self, _token_id: str, _last: LastUse) -> Replenished:
        nobody()

    async def change_seal_key(self, _token_id: str, _seal_key: bytes) -> StateOutcome:
        nobody()

    async def suspend_own(self, _token_id: str) -> StateOutcome:
        nobody()

    async def deactivate_own(self, _token_id: str) -> StateOutcome:
        nobody()
