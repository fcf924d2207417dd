"""Tokens: what an NFC phone pays with instead of an account number."""

from gateway.services.tokens.model import (
    ActivationCode,
    ProvisionedToken,
    ProvisionRequest,
    ProvisionResult,
    SealedKey,
    Token,
    TokenEvent,
)
from gateway.services.tokens.rules import ProvisionOutcome, StateOutcome, TokenState, UseOutcome
from gateway.services.tokens.tokens import Tokens

__all__ = [
    "ActivationCode",
    "ProvisionOutcome",
    "ProvisionRequest",
    "ProvisionResult",
    "ProvisionedToken",
    "SealedKey",
    "StateOutcome",
    "Token",
    "TokenEvent",
    "TokenState",
    "Tokens",
    "UseOutcome",
]
