"""MT940 (SWIFT Standards, Category 9: Customer Statement Message), as banks send it.

With or without SWIFT's blocks, several statements in a file, the pages of one joined. Field 86 is free text, or the
structure of the German banks (`166?20EREF+…?32Name`), or words between slashes as the Dutch ones write
(`/EREF/…/NAME/…/REMI/…`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.errors import BadInput
from gateway.wire.iso20022.camt import NOT_PROVIDED, agrees
from gateway.wire.iso20022.values import UNSEEN, money
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

OCTETS_MAX = 64 * 1024 * 1024
FIELD_MAX = 4096
"""Characters of one field, several times what the standard allows."""
_FIELD = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>RC|RD|EC|ED|C|D)(?P<funds>[A-Z])?(?P<amount>[0-9][0-9,]{0,18})"
    r"(?P<code>[A-Z][A-Z0-9]{3})(?P<reference>.{0,35}?)(?://(?P<bank>.{0,35}))?"
)
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<on>[0-9]{6})(?P<currency>[A-Z]{3})(?P<amount>[0-9][0-9,]{0,18})")
_NUMBER = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5}))?")
_STRUCTURED = re.compile(r"[0-9]{3}\?[0-9]{2}")
_SUBFIELD = re.compile(r"\?([0-9]{2})")
_PLUS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|RREF)\+")
_SLASH = re.compile(
    r"/(EREF|PREF|KREF|MARF|CSID|TRTP|NAME|IBAN|BIC|REMI|RTRN|BENM|ORDP|PURP|ISDT|ADDR|ULTC|ULTD|SVCL|TRCD|RETN|NRTX)/"
)
_UNSEEN = re.compile(f"[{UNSEEN}]".replace("\x0b-\x1f", "\x0b\x0c\x0e-\x1f"))
"""All but the ends of lines."""
_REASON = re.compile(r"[A-Z]{2}[0-9A-Z]{2}")
_MARKS = {
    "C": (LineKind.CREDIT, False),
    "D": (LineKind.DEBIT, False),
    # A reversal has the side that it moves: one of a credit takes money away.
    "RC": (LineKind.DEBIT, True),
    "RD": (LineKind.CREDIT, True),
}
_EXPECTED = frozenset({"EC", "ED"})
_REMITTANCE = frozenset({*(f"{number}" for number in range(20, 30)), *(f"{number}" for number in range(60, 64))})


@dataclass(slots=True)
class _Page:
    """A message that is being read."""

    id: str = ""
    account: str = ""
    number: int = 0
    asset: str = ""
    opening: Money | None = None
    closing: Money | None = None
    continued: bool = False
    """It opens with an intermediate balance (60M)."""
    continues: bool = False
    """It closes with one (62M)."""
    from_on: date | None = None
    to_on: date | None = None
    lines: list[StatementLine] = field(default_factory=list)
    left_out: int = 0
    entries: int = 0
    told: bool = False
    """The last line is waiting for its field 86."""

    @property
    def where(self) -> str:
        return f"entry {self.entries}"


def looks_like(head: str) -> bool:
    """Whether a file that begins so is an MT940."""
    return re.search(r"^:20:", head, re.MULTILINE) is not None and re.search(r"^:25P?:", head, re.MULTILINE) is not None


def read_mt940(octets: bytes) -> list[BankStatement]:
    """The statements of a file.

    Raises:
        BadInput: No MT940, cut off, or something in it is not right; it names the entry.
    """
    if len(octets) > OCTETS_MAX:
        raise BadInput(f"longer than {OCTETS_MAX} octets")
    pages: list[_Page] = []
    for tag, text in _fields(_text(octets)):
        if tag == "20":
            pages.append(_Page(id=text.strip()[:70]))
        elif not pages:
            raise BadInput(f"field {tag} before any statement")
        elif tag.startswith("60") and pages[-1].closing is not None:
            pages.append(_Page(id=pages[-1].id, account=pages[-1].account, number=pages[-1].number))
            _take(pages[-1], tag, text)
        else:
            _take(pages[-1], tag, text)
    if not pages:
        raise BadInput("no statement")
    return _joined([_checked(page) for page in pages], pages)


def _text(octets: bytes) -> str:
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    if "\0" in text:
        raise BadInput("no text: it has characters that no text has")
    return _UNSEEN.sub("", text)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Tag and text of each field; lines of one are parted by line feeds."""
    tag, lines, size = "", list[str](), 0
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("{"):
            # Blocks 1 to 3 are the envelope; block 4 is the message, block 5 its end.
            line = line.partition("{4:")[2]  # noqa: PLW2901 - what is left of it
        if (line.startswith("-") and line.rstrip() in {"-", "-}"}) or line.startswith("-}"):
            if tag:
                yield tag, "\n".join(lines)
            tag, lines, size = "", [], 0
        elif found := _FIELD.fullmatch(line):
            if tag:
                yield tag, "\n".join(lines)
            tag, lines, size = found[1], [found[2]], len(line)
        elif tag:
            size += len(line)
            if size > FIELD_MAX:
                raise BadInput(f"field {tag} is too long")
            lines.append(line)
    if tag:
        yield tag, "\n".join(lines)


def _take(page: _Page, tag: str, text: str) -> None:
    if tag in {"25", "25P"}:
        page.account = "".join(text.split("\n", maxsplit=1)[0].split())[:70]
    elif tag in {"28", "28C"}:
        number = _NUMBER.fullmatch(text.strip())
        if number is None:
            raise BadInput(f"no number of a statement: {text!a:.20}")
        page.number = int(number[1])
    elif tag in {"60F", "60M"}:
        page.continued = tag == "60M"
        page.opening, page.from_on = _balance(tag, text)
        page.asset = page.opening.asset.code
    elif tag == "61":
        _entry(page, text)
    elif tag == "86":
        if page.told:
            page.lines[-1] = _explained(page.lines[-1], text)
        page.told = False
    elif tag in {"62F", "62M"}:
        page.continues = tag == "62M"
        page.closing, page.to_on = _balance(tag, text)
        page.told = False


def _balance(tag: str, text: str) -> tuple[Money, date]:
    found = _BALANCE.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"balance {tag}: not of its form: {text!a:.40}")
    amount = _amount(found["amount"], found["currency"], f"balance {tag}")
    signed = amount if found["mark"] == "C" else Money(-amount.minor, amount.asset)
    return signed, _day(found["on"], f"balance {tag}")


def _entry(page: _Page, text: str) -> None:
    page.entries += 1
    page.told = False
    if page.opening is None:
        raise BadInput(f"{page.where}: before the opening balance")
    first, _, further = text.partition("\n")
    found = _LINE.fullmatch(first.rstrip())
    if found is None:
        raise BadInput(f"{page.where}: not of the form of field 61: {first!a:.60}")
    amount = _amount(found["amount"], page.asset, page.where)
    if found["mark"] in _EXPECTED or not amount.minor:
        page.left_out += 1
        return
    kind, reversal = _MARKS[found["mark"]]
    value_on = _day(found["value"], page.where)
    reference = found["reference"].strip()
    reference = "" if reference == "NONREF" else reference
    page.lines.append(
        StatementLine(
            number=len(page.lines) + 1,
            kind=kind,
            amount=amount,
            booked_on=_entry_day(found["entry"], value_on, page.where),
            value_on=value_on,
            bank_reference=(found["bank"] or "").strip(),
            end_to_end_id=reference,
            message_id=reference,
            reversal=reversal,
            remittance=further.replace("\n", " ").strip()[:500],
            code=found["code"],
        )
    )
    page.told = True


def _explained(line: StatementLine, text: str) -> StatementLine:
    """The line with what its field 86 says."""
    if _STRUCTURED.match(text):
        return _structured(line, text.replace("\n", ""))
    flat = text.replace("\n", "")
    if _SLASH.search(flat):
        return _told(line, _words(_SLASH, flat.removesuffix("/")))
    if _PLUS.search(flat):
        return _told(line, _words(_PLUS, flat))
    return replace(line, remittance=" ".join(text.split())[:500] or line.remittance)


def _structured(line: StatementLine, text: str) -> StatementLine:
    parts = _SUBFIELD.split(text)
    subfields = [(parts[place], parts[place + 1]) for place in range(1, len(parts) - 1, 2)]
    joined = "".join(value for number, value in subfields if number in _REMITTANCE)
    words = _words(_PLUS, joined) if _PLUS.search(joined) else {"SVWZ": joined}
    words.setdefault("NAME", " ".join(value for number, value in subfields if number in {"32", "33"}))
    words.setdefault("IBAN", next((value for number, value in subfields if number == "31"), ""))
    return _told(line, words)


def _words(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """What stands behind each word; of a word that comes twice, the first that says something."""
    parts = pattern.split(text)
    words: dict[str, str] = {"": parts[0].strip()}
    for place in range(1, len(parts) - 1, 2):
        word = parts[place]
        words[word] = words.get(word, "") or parts[place + 1].strip(" /")
    return words


def _told(line: StatementLine, words: dict[str, str]) -> StatementLine:
    reference, order = words.get("EREF", ""), words.get("KREF", "")
    reference = "" if reference == NOT_PROVIDED else reference
    information = words.get("PREF", "")
    returned = _REASON.match(words.get("RTRN", "") or words.get("RETN", ""))
    single = bool(reference) or not (order or information)
    remittance = words.get("SVWZ") or words.get("REMI", "").removeprefix("USTD//") or words.get("", "")
    return replace(
        line,
        end_to_end_id=(reference or ("" if order or information else line.end_to_end_id))[:35],
        message_id=(order or line.message_id)[:35],
        payment_information_id=information[:35],
        count=1 if single else 0,
        return_reason=returned[0] if returned else "",
        counterparty=words.get("NAME", "").strip()[:140],
        counterparty_account=words.get("IBAN", "").strip()[:34],
        remittance=" ".join(remittance.split())[:500] or line.remittance,
    )


def _amount(digits: str, currency: str, where: str) -> Money:
    if digits.count(",") > 1:
        raise BadInput(f"{where}: no amount: {digits!a:.40}")
    return money(digits.replace(",", "."), currency, where)


def _day(digits: str, where: str) -> date:
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise BadInput(f"{where}: no day: {digits!a:.12}") from None


def _entry_day(digits: str | None, value_on: date, where: str) -> date:
    """Month and day of booking, in the year in which they are nearest to the value date."""
    if not digits:
        return value_on
    near: list[date] = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            near.append(date(year, int(digits[:2]), int(digits[2:])))
        except ValueError:
            # A 29th of February is a day in some of these years only.
            continue
    if not near:
        raise BadInput(f"{where}: no day: {digits!a:.12}")
    return min(near, key=lambda day: abs((day - value_on).days))


def _checked(page: _Page) -> BankStatement:
    if not page.account:
        raise BadInput("a statement that names no account")
    if page.opening is None or page.closing is None:
        raise BadInput("a statement without its two balances: the file is cut off")
    if page.opening.asset != page.closing.asset:
        raise BadInput("a statement whose balances are in two currencies")
    agrees(page.opening.minor, page.lines, page.closing.minor, f"statement {page.id!a:.40}")
    return BankStatement(
        root="mt940",
        statement_id=page.id,
        account=page.account,
        asset=page.asset,
        sequence=page.number,
        opening=page.opening.minor,
        closing=page.closing.minor,
        from_on=page.from_on,
        to_on=page.to_on,
        lines=tuple(page.lines),
        left_out=page.left_out,
    )


def _joined(statements: list[BankStatement], pages: list[_Page]) -> list[BankStatement]:
    """Pages of one number that follow one another as one statement."""
    joined: list[list[BankStatement]] = []
    for place, statement in enumerate(statements):
        before = statements[place - 1] if place else None
        follows = (
            before is not None
            and pages[place - 1].continues
            and pages[place].continued
            and (before.account, before.sequence, before.asset, before.closing)
            == (statement.account, statement.sequence, statement.asset, statement.opening)
        )
        if follows:
            joined[-1].append(statement)
        else:
            joined.append([statement])
    return [parts[0] if len(parts) == 1 else _one(parts) for parts in joined]


def _one(parts: list[BankStatement]) -> BankStatement:
    lines = [line for part in parts for line in part.lines]
    return replace(
        parts[0],
        closing=parts[-1].closing,
        to_on=parts[-1].to_on,
        lines=tuple(replace(line, number=number) for number, line in enumerate(lines, 1)),
        left_out=sum(part.left_out for part in parts),
    )
