"""The terminals' door: ISO 8583 over TCP."""

from gateway.channels.nfc.desk import Desk
from gateway.channels.nfc.listeners import Listener, read_listeners
from gateway.channels.nfc.server import TerminalPorts, TerminalServer

__all__ = ["Desk", "Listener", "TerminalPorts", "TerminalServer", "read_listeners"]
