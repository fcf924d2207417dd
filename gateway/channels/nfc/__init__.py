"""The terminals' door: ISO 8583 over TCP."""

from gateway.channels.nfc.server import TerminalServer

__all__ = ["TerminalServer"]
