"""Writes statements without XML: MT940 (SWIFT category 9, with slash codes in field 86) and a CSV of our profile."""

import csv
import io
from collections.abc import Iterator
from datetime import date

from simulators.bank.values import Entry, Report

LINE_MAX = 65
LINES_MAX = 6
REFERENCE_MAX = 16
CSV_COLUMNS = (
    "account", "statement", "line", "booked_on", "value_on", "amount", "currency", "reference", "end_to_end_id",
    "message_id", "block_id", "count", "reversal", "reason", "counterparty_iban", "counterparty_name", "remittance",
)  # fmt: skip
"""Amount has a sign; days are ISO 8601; reversal is 1 or 0; with a batch the columns of one payment are empty."""


def mt940(report: Report) -> bytes:
    """A statement of one message: fields 20, 25, 28C, 60F, 61 with 86, 62F."""
    lines = [
        f":20:{report.id[-REFERENCE_MAX:]}",
        f":25:{report.iban}",
        f":28C:{report.number:05d}/001",
        f":60F:{_balance(report.opening, report.first_on)}",
    ]
    for entry in report.entries:
        lines += [_line(entry), *_information(entry)]
    lines += [f":62F:{_balance(report.closing, report.last_on)}", "-", ""]
    return "\r\n".join(lines).encode("ascii", "replace")


def _balance(minor: int, day: date) -> str:
    return f"{'C' if minor >= 0 else 'D'}{day:%y%m%d}IRR{abs(minor)},"


def _line(entry: Entry) -> str:
    """Field 61; money back for what was paid is a reversed debit, RD."""
    mark = ("RD" if entry.amount >= 0 else "RC") if entry.reversal else ("C" if entry.amount >= 0 else "D")
    kind = "NRTI" if entry.reversal else "NTRF"
    first = entry.details[0]
    own = first.block_id if entry.batch else first.end_to_end_id
    # Field 61 has 16 places for what may be 35 long: the whole id stands in field 86.
    own = own if own and len(own) <= REFERENCE_MAX else "NONREF"
    day = entry.booked_on
    return f":61:{day:%y%m%d}{day:%m%d}{mark}{abs(entry.amount)},{kind}{own}//{entry.ref[-REFERENCE_MAX:]}"


def _information(entry: Entry) -> Iterator[str]:
    first = entry.details[0]
    parts = (
        [("PREF", first.block_id), ("KREF", first.msg_id), ("NRTX", str(len(entry.details)))]
        if entry.batch
        else [
            ("EREF", first.end_to_end_id or "NOTPROVIDED"),
            ("KREF", first.msg_id),
            ("PREF", first.block_id),
            ("RTRN", entry.reason),
            ("IBAN", first.iban),
            ("NAME", first.name.replace("/", " ")),
            ("REMI", first.remittance.replace("/", " ")),
        ]
    )
    said = ":86:" + "".join(f"/{code}/{value}" for code, value in parts if value)
    for at in range(0, min(len(said), LINE_MAX * LINES_MAX), LINE_MAX):
        piece = said[at : at + LINE_MAX]
        # A line that began like a tag or an end would be read as one.
        yield piece if at == 0 or piece[0] not in ":-" else f" {piece}"


def csv_file(report: Report) -> bytes:
    """A line for each entry, with a head; UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for line, entry in enumerate(report.entries, 1):
        first, day = entry.details[0], entry.booked_on.isoformat()
        alone = ("", "", "", "") if entry.batch else (first.end_to_end_id, first.iban, first.name, first.remittance)
        writer.writerow(
            [
                report.iban, report.number, line, day, day, entry.amount, "IRR", entry.ref, alone[0], first.msg_id,
                first.block_id, len(entry.details), int(entry.reversal), entry.reason, *alone[1:],
            ]
        )  # fmt: skip
    return out.getvalue().encode()
