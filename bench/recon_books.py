"""An order of payments, drawn by lot, and its rows in each book; `recon_noise` says what happens to them."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from bench.recon_rates import Rates
from bench.recon_tell import DAMAGES, Name, swapped
from wallet.reconciliation.rows import Row, Side

ASSET, FIRST_DAY, ORDERS_A_DAY = "IRR", date(2026, 1, 5), 120
BENEFITS = (12_000_000, 18_000_000, 24_000_000, 30_000_000, 36_000_000, 45_000_000, 52_000_000, 60_000_000)
NAMES = ("ALI", "MARYAM", "REZA", "ZAHRA", "HOSSEIN", "FATEMEH", "MEHDI", "NARGES", "SAEED", "LEILA", "HAMID", "SARA")
FAMILIES = ("AHMADI", "REZAEI", "KARIMI", "MORADI", "JAFARI", "HASHEMI", "SADEGHI", "RAHIMI", "NAZARI", "EBRAHIMI")


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an order; minor units, negative where it pays out."""

    place: int
    minor: int
    own: str
    end_to_end_id: str
    account: str
    party: str


def scrambled(number: int) -> int:
    """Another number of 48 bits for each: ids do not sort as their rows were made."""
    return number * 0x9E3779B97F4B & 0xFFFFFFFFFFFF


class Order:
    """An order: its payments, and their rows.

    Attributes:
        collects: It pays in: the ledger and the bank have it, and no rail.
        knows: Its ledger rows have the EndToEndId and the order's name.
    """

    def __init__(self, rng: random.Random, rates: Rates, number: int, most: int) -> None:
        self.rng, self.rates = rng, rates
        self._number, self._lines, self._entries = number, 0, 0
        self._day = FIRST_DAY + timedelta(days=number // ORDERS_A_DAY)
        self.collects = rng.random() < 0.1
        self.knows = self.collects or number % 2 == 0
        self.name = f"C{number:06d}S{number % 97:05d}" if self.collects else f"B{number:06d}O00001"
        self.payments = [self._payment(place, minor) for place, minor in enumerate(self._amounts()[:most], 1)]

    def _amounts(self) -> list[int]:
        rng, kind = self.rng, self.rng.random()
        if self.collects:
            return [rng.randrange(500_000, 90_000_000) for _ in range(rng.randint(2, 30))]
        if kind < 0.6:
            full = rng.choice(BENEFITS)
            return rng.choices((full, full * 3 // 4, full // 2), (8, 1, 1), k=rng.randint(5, 120))
        if kind < 0.9:
            return [rng.randrange(30_000_000, 120_000_000) for _ in range(rng.randint(3, 40))]
        return [rng.randrange(1_000_000, 900_000_000) for _ in range(rng.randint(2, 20))]

    def _payment(self, place: int, minor: int) -> Payment:
        rng, body = self.rng, f"P{self._number:06d}N{place:07d}"
        letters = "".join(str(int(letter, 36)) for letter in body)
        return Payment(
            place,
            minor if self.collects else -minor,
            "" if self.collects else f"itm_01K8{scrambled(self._number):016d}{place:06d}",
            f"{body}{98 - int(f'{letters}00') % 97:02d}",
            f"IR{scrambled(self._number << 8 | place):024d}",
            f"{rng.choice(NAMES)} {rng.choice(FAMILIES)}",
        )

    def entry(self, minor: int, on: date) -> Row:
        """A row of the ledger that knows nothing yet."""
        self._entries += 1
        id_ = f"{scrambled(self._number << 12 | self._entries):032x}"
        return Row(Side.LEDGER, id_, minor, ASSET, on, on)

    def ours(self, one: Payment, *, back: bool = False, later: int = 0) -> tuple[Row, ...]:
        """The ledger's row and, unless it collects, the rail's; `back`: of its return."""
        minor, on = (-one.minor if back else one.minor), self._day + timedelta(days=later)
        ledger = self.entry(minor, on)._replace(own=one.own, back=back, railed=not self.collects)
        if self.knows:
            ledger = ledger._replace(end_to_end_id=one.end_to_end_id, batch=self.name)
        if self.collects:
            return (ledger._replace(account=one.account, party=one.party),)
        rail = ledger._replace(
            side=Side.RAIL,
            id=f"{one.own}/back" if back else one.own,
            undoes=one.own if back else "",
            end_to_end_id=one.end_to_end_id,
            batch=self.name,
            account=one.account,
            party=one.party,
            railed=False,
        )
        return ledger, rail

    def line(self, minor: int, later: int | None = None) -> Row:
        """A line of the bank that knows its own reference alone; `later` than our books, by lot if it is None."""
        rng = self.rng
        self._lines += 1
        if later is None:
            later = rng.choice((-1, 1, 1, 1, 2, 3)) if rng.random() < self.rates.late else 0
        on, number = self._day + timedelta(days=later), scrambled(self._number << 12 | self._lines)
        return Row(Side.BANK, f"stm_01K8{on.toordinal()}:{number}", minor, ASSET, on, on, reference=f"{number:015d}")

    def line_of(self, one: Payment, minor: int = 0, later: int | None = None) -> tuple[Row, Name]:
        """A line of a payment, damaged or not, and what is left of its name; of another amount if `minor` is given."""
        line = self.line(minor or one.minor, later)
        line = line._replace(end_to_end_id=one.end_to_end_id, party=one.party, text="BENEFIT")
        if self.rng.random() >= self.rates.no_account:
            line = line._replace(account=one.account)
        if self.rng.random() >= self.rates.damaged:
            return line, Name.CLEAR
        name, damage = self.rng.choice(DAMAGES)
        return damage(self.rng, line), name

    def again(self, line: Row) -> Row:
        """The same line once more, on its day or a later one."""
        more = self.line(line.minor)
        on = max(line.on, more.on)
        return line._replace(id=more.id, reference=more.reference, on=on, value_on=on)

    def booking(self, payments: list[Payment]) -> tuple[Row, Name]:
        """A line for many payments, and how well it names the order."""
        rng, name = self.rng, Name.CLEAR
        line = self.line(sum(one.minor for one in payments))
        line = line._replace(count=0 if rng.random() < self.rates.uncounted else len(payments))
        form = rng.randrange(4) if rng.random() < self.rates.unnamed else None
        if form == 0:
            line = line._replace(end_to_end_id=self.name)
        elif form == 1:
            line = line._replace(text=f"BULK {self.name} SETTLED")
        elif form == 2:
            line, name = line._replace(batch=swapped(rng, self.name)), Name.SLIP
        elif form == 3:
            line, name = line._replace(text="BULK"), Name.LOST
        else:
            line = line._replace(batch=self.name)
        return line, name
