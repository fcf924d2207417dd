"""Keys are operated, never handed out: the KeyStore Protocol and its software form."""

from gateway.keys.base import KeyStore

__all__ = ["KeyStore"]
