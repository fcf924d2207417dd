"""Where a person is paid."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccountKind(StrEnum):
    """Kinds of accounts that a person can be paid to."""

    WALLET = "wallet"
    IBAN = "iban"


@dataclass(frozen=True, slots=True)
class PayeeAccount:
    """Where a person's money goes.

    Attributes:
        person_id: Whose.
        kind: Kind of account; WALLET when nobody has chosen.
        iban: With IBAN, without spaces; '' else.
        name: Name that the bank is given.
        since: When it was chosen, or None.
        cool_until: Until then nothing goes to it without a second look, because it, the number or the SIM has just
            changed; None when it is settled.
    """

    person_id: str
    kind: AccountKind
    iban: str
    name: str
    since: datetime | None
    cool_until: datetime | None
