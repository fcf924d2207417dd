"""Merchants that take taps, and their terminals."""

from gateway.services.merchants.merchants import Merchants
from gateway.services.merchants.model import IbanChange, IbanOutcome, Merchant, Terminal, TerminalKey, TerminalState

__all__ = ["IbanChange", "IbanOutcome", "Merchant", "Merchants", "Terminal", "TerminalKey", "TerminalState"]
