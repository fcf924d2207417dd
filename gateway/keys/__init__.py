"""Keys are operated, never handed out: the KeyStore Protocol, its software form and that of a hardware module."""

from gateway.keys.base import Card, KeyStore
from gateway.keys.refs import REFS, KeyUse, RotateRefusal, issuer_ref
from gateway.keys.software import SoftwareKeyStore

__all__ = ["REFS", "Card", "KeyStore", "KeyUse", "RotateRefusal", "SoftwareKeyStore", "issuer_ref"]
