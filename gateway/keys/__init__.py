"""Keys are operated, never handed out: the KeyStore Protocol and its software form."""

from gateway.keys.base import Card, KeyStore
from gateway.keys.software import SoftwareKeyStore

__all__ = ["Card", "KeyStore", "SoftwareKeyStore"]
