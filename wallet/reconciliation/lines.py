"""Lines of statements, whatever file they came in: camt, MT940 or CSV."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from wallet.money import Money


class LineKind(StrEnum):
    """What a line says of the account."""

    CREDIT = "credit"
    """Money came in."""
    DEBIT = "debit"
    """Money went out."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of an account, as its bank states it.

    Attributes:
        number: Its place in the statement, from 1.
        kind: CREDIT or DEBIT, from the account owner's side; a reversal has the side that it moves.
        amount: More than nothing.
        booked_on: Business date.
        value_on: Value date.
        bank_reference: The servicing bank's own (AcctSvcrRef; MT940 :61: subfield 8), or ''.
        end_to_end_id: The payer's EndToEndId, or ''. It may repeat in one statement.
        message_id: MsgId of the order that a booking belongs to, or ''.
        payment_information_id: PmtInfId of a batch booking, or ''.
        count: How many payments a batch booking stands for, 0 where it does not say, 1 for a single one.
        reversal: Whether the bank marks it as one that takes another back (RvslInd; MT940 RC and RD).
        return_reason: ISO 20022 external reason code of a return (`AC04`), or ''.
        counterparty: Name of the other side, or ''.
        counterparty_account: Its IBAN, or ''.
        remittance: What it is for, in free text, or ''.
        code: The bank's kind of booking (`PMNT-ICDT-ESCT`, `NTRF`), or ''.
    """

    number: int
    kind: LineKind
    amount: Money
    booked_on: date
    value_on: date
    bank_reference: str = ""
    end_to_end_id: str = ""
    message_id: str = ""
    payment_information_id: str = ""
    count: int = 1
    reversal: bool = False
    return_reason: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    remittance: str = ""
    code: str = ""

    @property
    def signed(self) -> int:
        """Minor units, negative where money went out."""
        return self.amount.minor if self.kind is LineKind.CREDIT else -self.amount.minor


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A statement or a report of one account; without lines it is a valid one of a quiet day.

    Attributes:
        root: `camt.052`, `camt.053`, `camt.054`, `mt940`, `mt942` or `csv`; 052, 054 and 942 close no day.
        statement_id: The bank's name of it.
        account: IBAN or other account number.
        sequence: Its number in the account's series (ElctrncSeqNb, LglSeqNb; MT940 :28C:), 0 where there is none.
        opening: Balance before, minor units, negative when overdrawn; None where the file has none.
        closing: Balance after, or None.
        from_on: First day, or None.
        to_on: Last day, or None.
        lines: In the file's order.
        left_out: How many entries are not booked yet, or of nothing, and so are no lines.
        pages: First and last page of these lines, (0, 0) where the file does not say.
        begins: Whether it has the first page.
        ends: Whether it has the last one; a statement that does not begin or does not end is a part of one.
    """

    root: str
    statement_id: str
    account: str
    asset: str
    sequence: int
    opening: int | None
    closing: int | None
    from_on: date | None
    to_on: date | None
    lines: tuple[StatementLine, ...]
    left_out: int = 0
    pages: tuple[int, int] = (0, 0)
    begins: bool = True
    ends: bool = True
