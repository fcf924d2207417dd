"""What the bank says of orders: one pain.002 at a time, in the version of the order's generation."""

from simulators.bank import pain002
from simulators.bank.entries import Now
from simulators.bank.outbox import Outbox
from simulators.bank.values import Said, Terms, Word
from simulators.faults import BankMishap

_GENERATION = {"03": "03", "09": "10"}
"""Version of pain.002 that came with a version of pain.001 (ISO 20022 message sets of 2009 and 2019)."""


class Voice:
    """Writes within the transaction of whoever calls."""

    def __init__(self, outbox: Outbox, terms: Terms) -> None:
        self._outbox = outbox
        self._terms = terms

    def say(self, msg_id: str, order_version: str, status: str, said: tuple[Said, ...], now: Now) -> None:
        """What became of an order's payments."""
        self._write(msg_id, order_version, status, "", "", said, now)

    def refuse(self, msg_id: str, reason: str, text: str, now: Now) -> None:
        """The order as a whole is not taken."""
        self._write(msg_id, "09", "RJCT", reason, text, (), now)

    def _write(
        self, msg_id: str, order_version: str, status: str, reason: str, text: str, said: tuple[Said, ...], now: Now
    ) -> None:
        version = self._terms.pain_002 or _GENERATION[order_version]

        def write(own: str) -> bytes:
            return pain002.write(Word(own, version, msg_id, order_version, status, reason, text, said, now.at))

        self._outbox.add("pain002", "xml", write, now.at, BankMishap.DOUBLE_STATUS)
