"""API keys: which systems of other institutions may ask what, and what each of them has asked before."""

from gateway.services.apikeys.apikeys import ApiKey, ApiKeys, Call, CallState, MadeKey, Scope

__all__ = ["ApiKey", "ApiKeys", "Call", "CallState", "MadeKey", "Scope"]
