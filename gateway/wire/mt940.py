"""MT940 (SWIFT Standards, Category 9: Customer Statement Message), as banks send it.

With or without SWIFT's blocks, several statements in a file, the pages of one joined. An MT950 is an MT940 that
explains nothing. An MT942 (Interim Transaction Report) has no balances: it tells early what a statement says again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from gateway.errors import BadInput
from gateway.wire.iso20022.values import UNSEEN, money
from gateway.wire.mt940_told import explained
from gateway.wire.pages import LINES_MAX, STATEMENTS_MAX, agrees, joined
from wallet.money import Money
from wallet.reconciliation import BankStatement, LineKind, StatementLine

OCTETS_MAX = 64 * 1024 * 1024
FIELD_MAX = 4096
"""Characters of one field, several times what the standard allows."""
_FIELD = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>RC|RD|EC|ED|C|D)(?P<funds>[A-Z])?(?P<amount>[0-9][0-9,]{0,18})"
    r"(?P<code>[A-Z][A-Z0-9]{3})(?P<reference>.*?)(?://(?P<bank>.*))?"
)
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<on>[0-9]{6})(?P<currency>[A-Z]{3})(?P<amount>[0-9][0-9,]{0,18})")
_FLOOR = re.compile(r"(?P<currency>[A-Z]{3})[CD]?[0-9,]*")
_SUM = re.compile(r"(?P<count>[0-9]{1,5})(?P<currency>[A-Z]{3})(?P<amount>[0-9][0-9,]{0,18})")
_NUMBER = re.compile(r"([0-9]{1,15})(?:/([0-9]{1,5}))?")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_FRAME = re.compile(r"\{[0-9A-Z]:")
_ENDS = re.compile(r"\r+\n|\r")
_HIGH = re.compile(rb"[\x80-\xff]+")
_REFERENCE_MAX, _YEAR_HALF = 35, 184
_UNSEEN = re.compile(f"[{UNSEEN}]".replace("\x0b-\x1f", "\x0b\x0c\x0e-\x1f"))
"""All but the ends of lines."""
_MARKS = {
    "C": (LineKind.CREDIT, False),
    "D": (LineKind.DEBIT, False),
    # A reversal has the side that it moves: one of a credit takes money away.
    "RC": (LineKind.DEBIT, True),
    "RD": (LineKind.CREDIT, True),
}
_EXPECTED = frozenset({"EC", "ED"})


@dataclass(slots=True)
class _Page:
    """A message that is being read."""

    id: str = ""
    account: str = ""
    number: int = 0
    page: int = 0
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
    interim: bool = False
    """It is an MT942."""
    claims: dict[str, tuple[int, Money]] = field(default_factory=dict)
    """How many entries it says that it has, and their sum, by side."""
    told: bool = False
    """The last line is waiting for its field 86."""

    @property
    def where(self) -> str:
        return f"entry {self.entries}"


def looks_like(head: str) -> bool:
    """Whether a file that begins so is an MT940."""
    head = _ENDS.sub("\n", head).replace("{4:", "\n")
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
        if len(pages) > STATEMENTS_MAX:
            raise BadInput(f"more than {STATEMENTS_MAX} statements: bring them in several files")
        if tag == "20":
            pages.append(_Page(id=text.strip()[:70]))
        elif not pages:
            raise BadInput(f"field {tag} before any statement")
        elif tag.startswith("60") and pages[-1].closing is not None:
            before = pages[-1]
            pages.append(_Page(id=before.id, account=before.account, number=before.number, page=before.page + 1))
            _take(pages[-1], tag, text)
        else:
            _take(pages[-1], tag, text)
    if not pages:
        raise BadInput("no statement")
    return joined([_checked(page) for page in pages])


def _text(octets: bytes) -> str:
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode(_charset(octets), "replace")
    if "\0" in text:
        raise BadInput("no text: it has characters that no text has")
    return _ENDS.sub("\n", _UNSEEN.sub("", text))


def _charset(octets: bytes) -> str:
    """The standard knows no letters but the Latin ones: Persian words stand in a row, an accent stands alone."""
    runs = [len(run) for run in _HIGH.findall(octets)]
    return "cp1256" if sum(size for size in runs if size > 1) * 2 > sum(runs) else "cp1252"


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Tag and text of each field; lines of one are parted by line feeds."""
    tag, lines, size = "", list[str](), 0
    for line in text.split("\n"):
        if line.startswith("{") and (not tag or "{4:" in line or _FRAME.match(line)):
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
        page.number, page.page = int(number[1]), int(number[2] or 0)
    elif tag in {"60F", "60M"}:
        page.continued = tag == "60M"
        page.opening, page.from_on = _balance(tag, text)
        page.asset = page.opening.asset.code
    elif tag == "61":
        _entry(page, text)
    elif tag == "86":
        if page.told:
            page.lines[-1] = explained(page.lines[-1], text)
        page.told = False
    elif tag in {"62F", "62M"}:
        page.continues = tag == "62M"
        page.closing, page.to_on = _balance(tag, text)
        page.told = False
    else:
        _take_interim(page, tag, text)


def _take_interim(page: _Page, tag: str, text: str) -> None:
    """What an MT942 has in place of balances."""
    if tag == "34F" and (floor := _FLOOR.fullmatch(text.strip())) is not None:
        page.interim, page.asset = True, page.asset or floor["currency"]
    elif tag in {"13", "13D"} and (made := text.strip()[:6]).isdecimal():
        page.to_on = _day(made, f"field {tag}")
    elif tag in {"90C", "90D"} and page.interim:
        page.told = False
        claim = _SUM.fullmatch(text.strip())
        if claim is None:
            raise BadInput(f"field {tag}: not of its form: {text!a:.40}")
        page.claims[tag[-1]] = (int(claim["count"]), _amount(claim["amount"], claim["currency"], f"field {tag}"))


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
    if page.opening is None and not page.interim:
        raise BadInput(f"{page.where}: before the opening balance")
    if len(page.lines) >= LINES_MAX:
        raise BadInput(f"{page.where}: more than {LINES_MAX} movements: ask the bank for shorter periods")
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
    reference = found["reference"].strip()[:_REFERENCE_MAX]
    reference = "" if reference == "NONREF" else reference
    page.lines.append(
        StatementLine(
            number=len(page.lines) + 1,
            kind=kind,
            amount=amount,
            booked_on=_entry_day(found["entry"], value_on, page.where),
            value_on=value_on,
            bank_reference=(found["bank"] or "").strip()[:_REFERENCE_MAX],
            end_to_end_id=reference,
            message_id=reference,
            reversal=reversal,
            remittance=further.replace("\n", " ").strip()[:500],
            code=found["code"],
        )
    )
    page.told = True


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
    found = min(near, key=lambda day: abs((day - value_on).days), default=None)
    if found is None or abs((found - value_on).days) > _YEAR_HALF:
        raise BadInput(f"{where}: no day: {digits!a:.12}")
    return found


def _checked(page: _Page) -> BankStatement:
    where = f"statement {page.id!a:.40}"
    if not page.account:
        raise BadInput("a statement that names no account")
    if page.interim:
        for mark, (count, total) in page.claims.items():
            moved = [line.amount.minor for line in page.lines if (line.kind is LineKind.CREDIT) == (mark == "C")]
            if (count, total.minor) not in {(len(moved), sum(moved)), (len(moved) + page.left_out, sum(moved))}:
                raise BadInput(f"{where}: it says {count} entries of {total.minor} in 90{mark}, and has {len(moved)}")
    elif page.opening is None or page.closing is None:
        raise BadInput("a statement without its two balances: the file is cut off")
    elif page.opening.asset != page.closing.asset:
        raise BadInput("a statement whose balances are in two currencies")
    else:
        agrees(page.opening.minor, page.lines, page.closing.minor, where)
    return BankStatement(
        root="mt942" if page.interim else "mt940",
        statement_id=page.id,
        account=_account(page.account, page.asset),
        asset=page.asset,
        sequence=page.number,
        opening=None if page.opening is None else page.opening.minor,
        closing=None if page.closing is None else page.closing.minor,
        from_on=page.from_on,
        to_on=page.to_on,
        lines=tuple(page.lines),
        left_out=page.left_out,
        pages=(page.page, page.page),
        begins=not page.continued,
        ends=not page.continues,
    )


def _account(written: str, currency: str) -> str:
    """An IBAN without the currency that some banks write behind it; anything else as it is."""
    bare = written.removesuffix(currency)
    return bare if bare != written and _is_iban(bare) and not _is_iban(written) else written


def _is_iban(text: str) -> bool:
    """ISO 7064, mod 97-10."""
    if _IBAN.fullmatch(text) is None:
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1
