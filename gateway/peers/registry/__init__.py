"""The national registry of subscribers: does this number belong to this person?"""

from gateway.peers.registry.client import HttpRegistry, RegistryAnswer

__all__ = ["HttpRegistry", "RegistryAnswer"]
