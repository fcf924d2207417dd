"""Every answer about batches: closed enums, each with a text in every language where staff see it."""

from enum import StrEnum


class RowFault(StrEnum):
    """Why a line of a file, or something that a source offered, was not taken."""

    TOO_LONG = "too_long"
    """The line or one of its cells is longer than allowed."""
    ENCODING = "encoding"
    """Not UTF-8."""
    CONTROL = "control"
    """NUL or another character that no text has."""
    QUOTES = "quotes"
    """A quotation mark that is not closed on its line."""
    COLUMNS = "columns"
    """More or fewer cells than the heading has."""
    FORMULA = "formula"
    """A formula, what looks like one, or an error that a spreadsheet has left."""
    TYPE = "type"
    """A cell of a sheet is a date or a truth value where none belongs."""
    REFERENCE = "reference"
    """No reference, or one with other characters than letters, digits and -_./:#."""
    PHONE = "phone"
    """Not a mobile number."""
    NATIONAL = "national"
    """Not a national number."""
    PAYEE = "payee"
    """Nothing says who is paid: a number, a person or an IBAN."""
    NOBODY = "nobody"
    """Nobody here has that number or id."""
    IBAN = "iban"
    """Not an IBAN, or its check digits are wrong."""
    NAME = "name"
    """An IBAN without the name of whose it is, or a name that no bank takes."""
    AMOUNT = "amount"
    """Not a whole number of the smallest unit, or nothing, or more than is ever paid."""
    PURPOSE = "purpose"
    """Not a purpose code of four capitals."""
    DUPLICATE = "duplicate"
    """The reference stands in this batch already."""
    PAID_BEFORE = "paid_before"
    """Another batch pays it, or has paid it."""
    NOT_DUE = "not_due"
    """Its source has given it to another batch meanwhile."""


class HeldReason(StrEnum):
    """Why an item waits for staff, or is left out until they have looked; kept in `Item.reason`."""

    TWIN = "twin"
    """The same payee gets the same amount in this batch already."""
    PAYEE_FROZEN = "payee_frozen"
    """The payee has said that a change of their account was not theirs; left out at the release."""


class PayoutOutcome(StrEnum):
    """Answers to every verb of batches and the returns desk."""

    OK = "ok"
    UNKNOWN = "unknown"
    WRONG_STATE = "wrong_state"
    REASON_MISSING = "reason_missing"
    EMPTY = "empty"
    """Nothing is left that could be paid."""
    BAD_ROWS = "bad_rows"
    """Some lines were not taken, and nobody has said that the batch may go without them."""
    HELD_ROWS = "held_rows"
    """Staff have to look at some items first."""
    SAME_FILE = "same_file"
    """Another batch came from a file with the same content; `PayoutResult.about` names it."""
    COUNT_DIFFERS = "count_differs"
    """Not as many rows as were declared."""
    TOTAL_DIFFERS = "total_differs"
    HASH_DIFFERS = "hash_differs"
    NO_BUDGET = "no_budget"
    """The budget line does not hold that much."""
    NO_COVER = "no_cover"
    """The trust account would not cover the wallets and what is on its way any more."""
    NOT_SIGNED = "not_signed"
    """Signatures are missing."""
    SIGNATURE_DIFFERS = "signature_differs"
    """What was signed is not what would be paid."""
    BAD_ACCOUNT = "bad_account"
    """Not an IBAN."""
    NOT_RETURNED = "not_returned"
    """The item does not lie in suspense, or somebody has dealt with it."""
    UNREACHABLE = "unreachable"
    """Nobody here is behind the item, so nobody can be asked."""


class Stop(StrEnum):
    """Why a batch does not go on by itself; kept in `Batch.stopped`."""

    NO_BUDGET = "no_budget"
    NO_COVER = "no_cover"
    SIGNATURE_REFUSED = "signature_refused"
    SIGNATURE_EXPIRED = "signature_expired"
    SIGNATURE_DIFFERS = "signature_differs"
    """A row was changed after it was signed, or the signature is of something else."""
    SIGNATURE_INVALID = "signature_invalid"
    BY_STAFF = "by_staff"
    """Paused."""
    REJECTED = "rejected"
    """The checkers have refused it."""


class DeskState(StrEnum):
    """What the returns desk has done about an item."""

    OPEN = "open"
    ASKED = "asked"
    """The person was asked for a new account."""
    AGAIN = "again"
    """A follow-up batch pays it."""
    GIVEN_BACK = "given_back"
    """The money went back to the budget and the account that it came from."""


class Flag(StrEnum):
    """What the bank says that does not fit; reconciliation has it. Kept in `Item.flag`."""

    AMOUNT_DIFFERS = "amount_differs"
    NOT_SENT = "not_sent"
    """It speaks of a payment that was never handed over."""
    PAID_AFTER_REJECTED = "paid_after_rejected"
    REJECTED_AFTER_PAID = "rejected_after_paid"
    UNKNOWN_AFTER_ACCEPTED = "unknown_after_accepted"
    LEDGER_REFUSED = "ledger_refused"
    """The ledger would not book what the bank says."""
