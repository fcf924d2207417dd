"""Merchants that take taps, and their terminals."""

from gateway.services.merchants.merchants import Merchants
from gateway.services.merchants.model import Merchant, Terminal, TerminalKey, TerminalState

__all__ = ["Merchant", "Merchants", "Terminal", "TerminalKey", "TerminalState"]
