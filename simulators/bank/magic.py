"""Accounts that behave by their number: those of the bank without a bank (999) whose last four digits stand here.

| ends with | what happens |
|---|---|
| 9001 | AC01, no such account, at the cycle |
| 9004 | AC04, closed |
| 9006 | AC06, blocked |
| 9014 | BE04, the creditor's address is missing |
| 9044 | RR04, the authorities object |
| 9054 | AM04, no cover for it, whatever the balance |
| 9104 | paid, and returned with AC04 in the next cycle |
| 9106 | paid, and returned with AC06 two cycles later |
| 9201 | misses one cycle |
| 9203 | misses three cycles |
| 9300 | no answer, ever, but it is paid and stands on the statement |
| 9301 | no answer, and it is never paid |
| 9400 | booked with 1 rial too little |
| 9401 | booked twice |

Any other valid IBAN is an open account somewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.bank.iban import TEST_BANK


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an account does.

    Attributes:
        reject: ISO 20022 reason at the cycle, or ''.
        back: Reason of the return, or ''.
        back_after: Cycles from payment to return.
        late: Cycles that are missed.
        silent: No pain.002 names it.
        paid: Whether it is paid at all.
        short: Minor units that its booking lacks.
        twice: It is booked twice.
    """

    reject: str = ""
    back: str = ""
    back_after: int = 1
    late: int = 0
    silent: bool = False
    paid: bool = True
    short: int = 0
    twice: bool = False


PLAIN = Behaviour()
MAGIC: Mapping[str, Behaviour] = {
    "9001": Behaviour(reject="AC01"),
    "9004": Behaviour(reject="AC04"),
    "9006": Behaviour(reject="AC06"),
    "9014": Behaviour(reject="BE04"),
    "9044": Behaviour(reject="RR04"),
    "9054": Behaviour(reject="AM04"),
    "9104": Behaviour(back="AC04"),
    "9106": Behaviour(back="AC06", back_after=2),
    "9201": Behaviour(late=1),
    "9203": Behaviour(late=3),
    "9300": Behaviour(silent=True),
    "9301": Behaviour(silent=True, paid=False),
    "9400": Behaviour(short=1),
    "9401": Behaviour(twice=True),
}
REASONS = ("AC01", "AC04", "AC06", "BE04", "RR04")
"""Of which `reject_rate` draws."""


def behaviour_of(iban: str) -> Behaviour:
    """What the account with this IBAN does."""
    return MAGIC.get(iban[-4:], PLAIN) if iban[4:7] == TEST_BANK else PLAIN
