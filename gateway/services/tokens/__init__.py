"""Tokens: what an NFC phone pays with instead of an account number."""

from gateway.services.tokens.devices import CallOutcome, DeviceKeyKind, SignedCall, is_nonce
from gateway.services.tokens.model import (
    Account,
    ActivationCode,
    Assurance,
    Dialled,
    Holder,
    KeyView,
    LastUse,
    Method,
    ProvisionedToken,
    ProvisionRequest,
    ProvisionResult,
    Replenished,
    ReplenishOutcome,
    SealedKey,
    Token,
    TokenEvent,
)
from gateway.services.tokens.rules import ProvisionOutcome
from gateway.services.tokens.states import ActorClass, StateOutcome, TokenState
from gateway.services.tokens.thresholds import Channel, UseOutcome, Way
from gateway.services.tokens.tokens import Tokens

__all__ = [
    "Account",
    "ActivationCode",
    "ActorClass",
    "Assurance",
    "CallOutcome",
    "Channel",
    "DeviceKeyKind",
    "Dialled",
    "Holder",
    "KeyView",
    "LastUse",
    "Method",
    "ProvisionOutcome",
    "ProvisionRequest",
    "ProvisionResult",
    "ProvisionedToken",
    "ReplenishOutcome",
    "Replenished",
    "SealedKey",
    "SignedCall",
    "StateOutcome",
    "Token",
    "TokenEvent",
    "TokenState",
    "Tokens",
    "UseOutcome",
    "Way",
    "is_nonce",
]
