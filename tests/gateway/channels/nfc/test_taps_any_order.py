"""Any order of purchases, repeats, completions, reversals, ledger faults and kills: nobody is charged twice."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.wire import iso8583
from tests.gateway.channels.nfc.world import FUNDS, Killed, World, running
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable

Fields = dict[int, str | bytes]
OPERATIONS = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from([1, 1000, 90_000, 400_000, FUNDS])),
    st.tuples(st.sampled_from(["repeat", "complete", "reverse"]), st.integers(0, 5)),
    st.tuples(st.sampled_from(["down", "lost", "kill", "heal", "rebuild", "sweep"]), st.just(0)),
)
NOT_FINAL = {"", "91", "96"}


@dataclass
class Sent:
    """A message with its last answer's code; '' when the process died before it answered."""

    mti: str
    fields: Fields
    code: str = ""
    body: bytes = b""


@dataclass
class Sale:
    """What the terminal knows of one purchase."""

    purchase: Sent
    completion: Sent | None = None
    reversals: list[Sent] = field(default_factory=list)


class Counter:
    """A terminal that sends what it is told, and remembers."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        self.world, self.clock = world, clock
        self.sales: list[Sale] = []

    async def send(self, sent: Sent) -> None:
        message = iso8583.decode(self.world.till.body(sent.mti, sent.fields))
        try:
            body = await self.world.taps.answer(message, "TERM0001")
        except Killed:
            return
        code = iso8583.decode(body).text(39)
        if sent.code not in NOT_FINAL:
            assert body == sent.body, "the same message got another answer"
        sent.code, sent.body = code, body

    async def step(self, name: str, number: int) -> None:
        till, sale = self.world.till, self.sales[number % len(self.sales)] if self.sales else None
        if name == "buy":
            made = Sale(Sent("0100", till.purchase(self.world.phone, number)))
            self.sales.append(made)
            await self.send(made.purchase)
        elif name in {"down", "lost", "kill"}:
            self.world.ledger.fault = name
        elif name == "heal":
            self.world.ledger.fault = ""
        elif name == "rebuild":
            self.world.ledger.fault = ""
            self.world.build()
        elif name == "sweep":
            await self.sweep()
        elif sale is not None:
            await self.again(name, sale)

    async def again(self, name: str, sale: Sale) -> None:
        till, purchase = self.world.till, sale.purchase
        if name == "repeat":
            await self.send(purchase)
        elif name == "reverse":
            sale.reversals.append(Sent("0420", till.later(purchase.fields)))
            await self.send(sale.reversals[-1])
        elif purchase.code == "00":
            if sale.completion is None:
                approval = iso8583.decode(purchase.body).text(38)
                amount = max(1, int(str(purchase.fields[4])) // 2)
                sale.completion = Sent("0220", till.later(purchase.fields, amount, approval))
            await self.send(sale.completion)

    async def sweep(self) -> None:
        self.clock.advance(timedelta(seconds=10))
        # The ledger may be down, or the process killed, in here too.
        with suppress(*((Killed, LedgerUnavailable) if self.world.ledger.fault else ())):
            await self.world.taps.sweep()

    async def settle(self) -> None:
        """What every terminal does in the end: ask again whatever it has no final answer to."""
        self.world.ledger.fault = ""
        for sale in self.sales:
            for sent in (sale.purchase, sale.completion, *sale.reversals):
                if sent is not None and sent.code in NOT_FINAL:
                    await self.send(sent)
        await self.sweep()
        assert await self.world.taps.sweep() == 0

    def expected(self) -> tuple[int, int]:
        """What the person must own, and be able to spend."""
        owns = spends = FUNDS
        for sale in self.sales:
            if sale.purchase.code != "00" or sale.reversals:
                continue
            completed = sale.completion is not None and sale.completion.code == "00"
            paid = int(str(sale.completion.fields[4])) if sale.completion is not None and completed else 0
            owns -= paid
            spends -= paid if completed else int(str(sale.purchase.fields[4]))
        return owns, spends


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(operations=st.lists(OPERATIONS, min_size=5, max_size=30))
async def test_in_any_order_and_with_any_fault_every_rial_is_where_the_answers_say(
    operations: list[tuple[str, int]],
) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        async with running(f"sqlite:///{Path(folder) / 'test.db'}", clock) as world:
            counter = Counter(world, clock)
            for name, number in operations:
                await counter.step(name, number)
            await counter.settle()
            assert await world.wallet() == counter.expected()
            await world.assert_money_is_whole()
