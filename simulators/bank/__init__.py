"""The bank: takes pain.001 at its file door, pays in cycles or at once, and writes pain.002, camt, MT940 and CSV."""

from simulators.bank.books import Account, Books, View
from simulators.bank.server import Bank
from simulators.bank.values import Format, Terms

__all__ = ["Account", "Bank", "Books", "Format", "Terms", "View"]
