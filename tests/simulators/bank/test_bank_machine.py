"""Whatever is ordered, returned, closed and killed, in whatever order: the bank's money is always its entries."""

import hashlib
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.wire import statements
from simulators.bank import Account, Books, Format, Terms
from simulators.bank.books import Taken
from simulators.bank.magic import MAGIC
from simulators.faults import BankFaults
from tests.simulators.bank.opened import NOON, balance, files
from tests.simulators.bank.pain import OPEN, TRUST, Pain, Pay, magic

BALANCE = 50_000
ENDINGS = sorted({"", *MAGIC} - {"9401"})
"""All but the one whose second booking nothing has to cover."""
TERMS = Terms(formats=frozenset({Format.CAMT_053, Format.MT940}))
ROOT = Path(__file__).parents[3]


def open_books(folder: Path) -> Books:
    faults = BankFaults(reject_rate=0.1, return_rate=0.1, late_rate=0.1, wrong_amount_rate=0.1, seed=4)
    return Books(folder, (Account(TRUST, "Social Security", BALANCE),), faults, TERMS, lambda: NOON)


class Machine(RuleBasedStateMachine):
    """A bank in a folder, which is killed and opened again in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.books = open_books(Path(self.folder.name))
        self.abandoned: list[Books] = []
        self.orders: list[Pain] = []

    @rule(
        endings=st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=4),
        amount=st.integers(1, 20_000),
        single=st.booleans(),
        booking=st.sampled_from(["true", "false"]),
    )
    def order(self, endings: list[str], amount: int, single: bool, booking: str) -> None:  # noqa: FBT001 - hypothesis names them
        number = len(self.orders)
        pays = tuple(Pay(f"E{number}x{at}", amount, magic(end) if end else OPEN) for at, end in enumerate(endings))
        self.orders.append(Pain(pays, msg_id=f"BAT{number}", single=single, booking=booking))
        assert self._take(self.orders[-1]) is Taken.NEW

    @rule(data=st.data())
    def order_again(self, data: st.DataObject) -> None:
        if self.orders:
            assert self._take(data.draw(st.sampled_from(self.orders))) is Taken.SAME

    @rule()
    def cycle(self) -> None:
        self.books.cycle()

    @rule()
    def end_of_day(self) -> None:
        self.books.end_of_day()

    @rule(payment=st.integers(1, 12))
    def give_back(self, payment: int) -> None:
        self.books.give_back(payment)

    @rule()
    def stray(self) -> None:
        self.books.stray_credit(7)

    @rule()
    def kill(self) -> None:
        self.abandoned.append(self.books)
        self.books = open_books(Path(self.folder.name))

    @invariant()
    def nobody_is_paid_twice_and_nothing_is_lost(self) -> None:
        states = self.books.states()
        assert max(Counter(key for key, _, _ in states).values(), default=0) <= 1
        assert len(states) == sum(len(order.pays) for order in self.orders)
        assert balance(self.books) >= 0, "money that was not there has left"

    @invariant()
    def statements_follow_one_another(self) -> None:
        for kind in ("camt053", "mt940"):
            found = [one for octets in files(self.books, kind) for one in statements.read(octets)]
            assert [one.sequence for one in found] == list(range(1, len(found) + 1))
            closings = [BALANCE, *(one.closing for one in found)]
            assert [one.opening for one in found] == closings[: len(found)]

    def teardown(self) -> None:
        for books in (*self.abandoned, self.books):
            books.close()
        self.folder.cleanup()

    def _take(self, order: Pain) -> Taken:
        octets = order.octets()
        return self.books.take(order.msg_id, hashlib.sha256(octets).hexdigest(), octets)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)

CHILD = """
import sys
from pathlib import Path
from tests.simulators.bank.test_bank_machine import open_books
from tests.simulators.bank.opened import take
from tests.simulators.bank.pain import Pain, Pay
books = open_books(Path(sys.argv[1]))
for number in range(10_000):
    take(books, Pain((Pay(f"E{number}", 1),), msg_id=f"BAT{number}"))
    print(number, flush=True)
    books.cycle()
"""


def test_what_a_killed_bank_has_acknowledged_is_there(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 20:
                child.send_signal(signal.SIGKILL)
                break
    books = open_books(tmp_path)

    assert all(books.known(f"BAT{number}") for number in range(21))
    assert max(Counter(key for key, _, _ in books.states()).values()) == 1
    books.end_of_day()
    (statement,) = [one for octets in files(books, "camt053") for one in statements.read(octets)]
    assert (statement.opening, statement.closing) == (BALANCE, balance(books))
    books.close()
