"""A small, strict reader of beancount: what it does not know it refuses. Written from beancount's documentation."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

_DATE = r"(\d{4}-\d{2}-\d{2})"
_ACCOUNT = r"((?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+)"
_CURRENCY = r"([A-Z][A-Z0-9'._-]{0,22}[A-Z0-9])"
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_STRING = r'"(?:[^"\\]|\\["\\])*"'
_OPTION = re.compile(rf"option {_STRING} {_STRING}")
_COMMODITY = re.compile(rf"{_DATE} commodity {_CURRENCY}")
_OPEN = re.compile(rf"{_DATE} open {_ACCOUNT} {_CURRENCY}")
_BALANCE = re.compile(rf"{_DATE} balance {_ACCOUNT}  {_NUMBER} ~ 0 {_CURRENCY}")
_HEAD = re.compile(rf"{_DATE} \* {_STRING} {_STRING}")
_FACT = re.compile(rf"  [a-z][a-zA-Z0-9_-]*: (?:\d+|{_DATE}|{_STRING})")
_POSTING = re.compile(rf"  {_ACCOUNT}  {_NUMBER} {_CURRENCY}")


@dataclass
class Book:
    """What a journal says, numbers without their decimal point."""

    commodities: set[str] = field(default_factory=set)
    opened: dict[str, tuple[str, str]] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    asserted: dict[str, int] = field(default_factory=dict)
    transactions: int = 0
    last_day: str = ""


def read(text: str) -> Book:
    """The book of a journal; an AssertionError is the first thing wrong with it."""
    book = Book()
    for block in re.split(r"\n(?=\S|\n)|\n$", text):
        lines = [line for line in block.strip("\n").split("\n") if line and not line.startswith(";")]
        if len(lines) > 1:
            _transaction(book, lines)
        elif lines:
            _directive(book, lines[0])
    return book


def _directive(book: Book, line: str) -> None:
    if found := _COMMODITY.fullmatch(line):
        book.commodities.add(found[2])
    elif found := _OPEN.fullmatch(line):
        assert found[2] not in book.opened, f"opened twice: {line}"
        assert found[3] in book.commodities, f"unknown commodity: {line}"
        book.opened[found[2]] = found[1], found[3]
        book.balances[found[2]] = 0
    elif found := _BALANCE.fullmatch(line):
        # It holds for the beginning of its day, so all transactions must lie before that.
        assert book.last_day < found[1], f"asserted too early: {line}"
        assert book.balances[found[2]] == _minor(found[3]), f"wrong balance: {line}"
        assert book.opened[found[2]][1] == found[4], f"wrong currency: {line}"
        book.asserted[found[2]] = _minor(found[3])
    else:
        assert _OPTION.fullmatch(line), f"unknown line: {line}"


def _transaction(book: Book, lines: list[str]) -> None:
    head = _HEAD.fullmatch(lines[0])
    assert head, f"no transaction: {lines[0]}"
    sums: dict[str, int] = defaultdict(int)
    for line in lines[1:]:
        posting = _POSTING.fullmatch(line)
        if posting is None:
            assert _FACT.fullmatch(line), f"neither posting nor metadata: {line}"
            continue
        opened_on, currency = book.opened[posting[1]]
        assert opened_on <= head[1], f"not open yet: {line}"
        assert posting[3] == currency, f"wrong currency: {line}"
        sums[currency] += _minor(posting[2])
        book.balances[posting[1]] += _minor(posting[2])
    assert list(sums.values()) == [0], f"not balanced: {lines}"
    book.transactions += 1
    book.last_day = max(book.last_day, head[1])


def _minor(number: str) -> int:
    return int(number.replace(".", ""))
