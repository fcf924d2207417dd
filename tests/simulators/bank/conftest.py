"""Books on demand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.bank import Account, Books, Terms
from simulators.faults import BankFaults
from tests.simulators.bank.opened import ALL, BALANCE, NOON, Open
from tests.simulators.bank.pain import TRUST


@pytest.fixture
def bank() -> Iterator[Open]:
    """Books on demand, closed at the end."""
    opened: list[Books] = []

    def open_books(folder: Path | None = None, faults: BankFaults | None = None, terms: Terms = ALL) -> Books:
        account = Account(TRUST, "Social Security", BALANCE)
        opened.append(Books(folder, (account,), faults or BankFaults(), terms, lambda: NOON))
        return opened[-1]

    yield open_books
    for books in opened:
        books.close()
