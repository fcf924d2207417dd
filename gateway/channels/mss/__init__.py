"""The door by which a mobile signature service tells how a signature has ended."""

from gateway.channels.mss.door import ResultDoor, Taker

__all__ = ["ResultDoor", "Taker"]
