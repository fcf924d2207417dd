"""Where a person is paid, and every answer about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.services.iban import masked_iban


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
        iban: With IBAN, without spaces; '' else. For the bank's file alone: everybody else sees `masked`.
        name: Name that the bank is given.
        since: When it was chosen, or None.
        cool_until: Until then nothing goes to it without a second look, because it, the number or the SIM has just
            changed; None when it is settled.
        frozen: The person has said that a change was not theirs; nothing changes until staff have looked.
    """

    person_id: str
    kind: AccountKind
    iban: str = field(repr=False)
    name: str = field(repr=False)
    since: datetime | None
    cool_until: datetime | None
    frozen: bool = False

    @property
    def masked(self) -> str:
        """`…0001`, or '' of a wallet."""
        return masked_iban(self.iban)


class PayeeOutcome(StrEnum):
    """Answers to a wish to change it."""

    OK = "ok"
    SAME = "same"
    """It stands like that already; nothing was done and nothing cools."""
    BAD_IBAN = "bad_iban"
    UNKNOWN_PERSON = "unknown_person"
    NOT_LINKED = "not_linked"
    """Update or unlink, and the person is paid into the wallet."""
    FROZEN = "frozen"
    TOO_MANY = "too_many"
    """Too many changes within a day."""
    NOTHING = "nothing"
    """Nothing to confirm, or nothing to take back."""


G2P_CODES = {
    PayeeOutcome.OK: "succ",
    PayeeOutcome.SAME: "succ",
    PayeeOutcome.BAD_IBAN: "rjct.fa.invalid",
    PayeeOutcome.UNKNOWN_PERSON: "rjct.id.invalid",
    PayeeOutcome.NOT_LINKED: "rjct.fa.invalid",
    PayeeOutcome.FROZEN: "rjct.other.error",
    PayeeOutcome.TOO_MANY: "rjct.unknown.retry",
    PayeeOutcome.NOTHING: "rjct.other.error",
}
"""Status reason codes of G2P Connect's mapper (specs f8dd3d5, LinkStatusReasonCode)."""


@dataclass(frozen=True, slots=True)
class PayeeResult:
    """What became of a wish; the account as it stands now, None of somebody unknown."""

    outcome: PayeeOutcome
    account: PayeeAccount | None = None
    change_id: str = ""


class ChangeKind(StrEnum):
    """What happened to where a person is paid."""

    LINKED = "linked"
    """To an IBAN."""
    UNLINKED = "unlinked"
    """Back to the wallet."""
    PHONE_CHANGED = "phone_changed"
    """Staff have learned that the number, the SIM or the phone is new: what is due waits."""
    DISOWNED = "disowned"
    """The person has said that the last change was not theirs: the earlier account stands, and is frozen."""
    THAWED = "thawed"
    """Staff have looked."""


@dataclass(frozen=True, slots=True)
class PayeeChange:
    """One line of the history, as staff see it.

    Attributes:
        id: `pch_…`.
        person_id: Whose.
        kind: See ChangeKind.
        account: What stood afterwards, `…0001` or '' for the wallet.
        before: What stood before.
        by: `phone`, `sms`, a staff id, or `api:` and the key's id.
        at: When.
        cool_until: Until when what is due waits because of it, or None.
    """

    id: str
    person_id: str
    kind: ChangeKind
    account: str
    before: str
    by: str
    at: datetime
    cool_until: datetime | None


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """An account that several people are paid to: a family, a nursing home, or fraud."""

    account: str
    people: tuple[str, ...]
