"""What follows from what the bank says: pure rules over its reports and statements."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from gateway.services.banking.model import Finding, News, PaymentNews
from gateway.wire.iso20022 import Said, Status, StatusReport
from wallet.money import Asset, Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

MEANINGS: Mapping[Status, PaymentNews] = {
    **dict.fromkeys(
        (Status.ACTC, Status.ACCP, Status.ACSP, Status.ACWC, Status.ACWP, Status.ACFC, Status.PATC, Status.PDNG),
        PaymentNews.ACCEPTED,
    ),
    **dict.fromkeys((Status.ACSC, Status.ACCC), PaymentNews.SETTLED),
    **dict.fromkeys((Status.RJCT, Status.CANC), PaymentNews.REJECTED),
}
"""What is not here says nothing yet: it came (RCVD), somebody looks at it (BLCK), a part of it was accepted (PART)."""


def overall(report: StatusReport) -> Said:
    """What is said of every payment that the report does not name: a refusal of the whole before anything else."""
    if report.group.status is Status.RJCT:
        return report.group
    informations = [said for said in report.informations.values() if said.status is not None]
    return informations[0] if len(informations) == 1 else report.group


def speaks_of_all(report: StatusReport) -> bool:
    """Whether what follows concerns payments that the report does not name."""
    return overall(report).status in MEANINGS


def news_of_report(report: StatusReport, ordered: Sequence[tuple[str, int]], asset: Asset) -> list[News]:
    """What a report says of each payment of its order; `ordered` may be empty where nothing concerns all of them."""
    amounts = {end_to_end_id: Money(minor, asset) for end_to_end_id, minor in ordered}
    named = {one.end_to_end_id: one for one in report.payments if one.said.status is not None}
    told = [
        (key, one.said, one.amount or amounts.get(key)) for key, one in named.items() if not amounts or key in amounts
    ]
    told += [(key, overall(report), amount) for key, amount in amounts.items() if key not in named]
    source = f"pain.002 {report.message_id}"
    return [
        News(key, MEANINGS[said.status], amount, next(iter(said.reasons), ""), source, report.made_at)
        for key, said, amount in told
        if said.status is not None and said.status in MEANINGS and key
    ]


def news_of_line(line: StatementLine, *, ours: bool) -> PaymentNews | None:
    """What a line says of the payment whose end-to-end id it has; `ours`: whether the bank has spoken of it before.

    Money that comes in with the id of a payment of ours is that payment come back, also where nothing else says so.
    """
    if line.kind is LineKind.DEBIT:
        return None if line.reversal or line.return_reason else PaymentNews.SETTLED
    return PaymentNews.RETURNED if line.reversal or line.return_reason or ours else None


def order_of(line: StatementLine, orders: Mapping[str, object]) -> str:
    """Which of our orders a line books as a whole, or ''."""
    if line.kind is LineKind.CREDIT or line.reversal:
        return ""
    named = (line.payment_information_id, line.message_id, line.end_to_end_id)
    found = next((name for name in named if name and name in orders), "")
    # Old forms have one field for a reference: there it is the order's name and no payment's.
    return found if line.end_to_end_id in {"", found} else ""


def settled_by(
    total: int, ordered: Sequence[tuple[str, int]], rejected: frozenset[str]
) -> list[tuple[str, int]] | None:
    """Which payments a booking of an order settles: those not rejected, or all, as the sum says; else None."""
    rest = [(key, minor) for key, minor in ordered if key not in rejected]
    for among in (rest, list(ordered)):
        if among and sum(minor for _, minor in among) == total:
            return among
    return None


Settled = Sequence[tuple[str, int]]
"""End-to-end id and minor units of payments."""


def news_of_statement(
    statement: BankStatement, settled: Mapping[int, Settled], ours: frozenset[str], zone: ZoneInfo
) -> list[tuple[int, News]]:
    """What the lines say of payments, each with its line's number; `settled`: what lines that book orders settle."""
    news: list[tuple[int, News]] = []
    for line in statement.lines:
        number, source = line.number, f"{statement.root} {statement.statement_id} line {line.number}"
        at, asset = moment_of(line.booked_on, zone), line.amount.asset
        if number in settled:
            for key, minor in settled[number]:
                news.append((number, News(key, PaymentNews.SETTLED, Money(minor, asset), "", source, at)))
        elif line.end_to_end_id and (what := news_of_line(line, ours=line.end_to_end_id in ours)):
            news.append((number, News(line.end_to_end_id, what, line.amount, line.return_reason, source, at)))
    return news


def moment_of(day: date, zone: ZoneInfo) -> datetime:
    """When a business day begins."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


CLOSING = frozenset({"camt.053", "mt940", "csv"})
"""Forms that close days and so must follow one another; reports and notifications of the day overlap as they like."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a statement shows its neighbours in the series of its account."""

    sequence: int
    opening: int | None
    closing: int | None
    on: date


def continuity(before: Link | None, this: Link) -> tuple[Finding, ...]:
    """What does not fit between a statement and the one before it; a series begins anew with 1 in a new year."""
    if before is None:
        return ()
    findings: list[Finding] = []
    anew = this.sequence == 1 and new_year(before, this)
    if this.sequence and before.sequence and this.sequence != before.sequence + 1 and not anew:
        findings.append(Finding.GAP)
    if this.opening is not None and before.closing is not None and this.opening != before.closing:
        findings.append(Finding.OPENING)
    return tuple(findings)


def new_year(before: Link, this: Link) -> bool:
    """Whether a year began between them, of the Gregorian or of the Jalali calendar: banks number by either."""
    return this.on.year > before.on.year or _jalali(this.on) > _jalali(before.on)


def missing(before: Link, this: Link) -> tuple[int, int] | None:
    """First and last number between two statements, or None where none is, or nobody can know."""
    if this.sequence > before.sequence + 1:
        return before.sequence + 1, this.sequence - 1
    if 1 < this.sequence <= before.sequence and new_year(before, this):
        return 1, this.sequence - 1
    return None


def _jalali(day: date) -> int:
    year: int = JalaliDate(day).year  # type: ignore[no-untyped-call]
    return year


def digest_of(statement: BankStatement) -> str:
    """What two copies of a statement have alike, whatever file they came in."""
    digest = hashlib.sha256()
    fields = (statement.statement_id, statement.asset, statement.opening, statement.closing, statement.to_on)
    digest.update("\x1f".join(map(str, fields)).encode())
    for line in statement.lines:
        moved = f"\x1e{line.signed}\x1f{line.booked_on}\x1f{line.value_on}\x1f{line.bank_reference}"
        digest.update(f"{moved}\x1f{line.end_to_end_id}\x1f{line.message_id}\x1f{line.remittance}".encode())
    return digest.hexdigest()
