"""Messages from people: what they write to our numbers, and what becomes of it."""

from gateway.services.messages.incoming import Incoming, Place

__all__ = ["Incoming", "Place"]
