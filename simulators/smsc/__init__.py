"""The SMSC simulator: what an operator's messaging centre does to an ESME, on smpplib's codec."""

from simulators.smsc.receipts import Fate, ReceiptForm, State
from simulators.smsc.server import Smsc
from simulators.smsc.terms import IdForm, Terms
from simulators.smsc.text import Splitting
from simulators.smsc.ussd import Dialect

__all__ = ["Dialect", "Fate", "IdForm", "ReceiptForm", "Smsc", "Splitting", "State", "Terms"]
