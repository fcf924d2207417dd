"""Any order of messages, repeats, ledger faults and kills: nobody is charged twice, every approval is accounted for."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.services.taps import Refund, RefundState, Tap, TapState
from gateway.wire import iso8583
from tests.gateway.channels.nfc.phone import ARQC, TC
from tests.gateway.channels.nfc.world import FUNDS, Killed, World, running
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable

Fields = dict[int, str | bytes]
AMOUNTS = st.sampled_from([1, 1000, 90_000, 400_000, FUNDS])
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["hold", "buy", "part", "bypart", "offline", "advise"]), AMOUNTS),
    st.tuples(
        st.sampled_from(["repeat", "complete", "reverse", "lower", "void", "refund", "unrefund"]), st.integers(0, 9)
    ),
    st.tuples(st.sampled_from(["down", "lost", "kill", "stop", "heal", "rebuild", "sweep", "collect"]), st.just(0)),
    st.tuples(st.just("cut"), st.integers(1, 4)),
)
BOUGHT: Mapping[str, tuple[str, int, Fields]] = {
    "hold": ("0100", ARQC, {}),
    "buy": ("0200", ARQC, {}),
    "part": ("0100", ARQC, {24: "200"}),
    "bypart": ("0200", ARQC, {24: "200"}),
    "offline": ("0220", TC, {}),
    "advise": ("0120", TC, {}),
}
NOT_FINAL = {"", "91", "96"}
APPROVED = {"00", "10"}


@dataclass
class Sent:
    """A message with its last answer's code; '' when the process died before it answered."""

    mti: str
    fields: Fields
    code: str = ""
    body: bytes = b""

    @property
    def minor(self) -> int:
        return int(str(self.fields[4]))


@dataclass
class Sale:
    """What the terminal knows of one purchase."""

    purchase: Sent
    completion: Sent | None = None
    backs: list[Sent] = field(default_factory=list)
    lowered: list[Sent] = field(default_factory=list)
    refunds: list[Sent] = field(default_factory=list)
    unrefunds: dict[int, Sent] = field(default_factory=dict)

    @property
    def sent(self) -> list[Sent]:
        some = (self.purchase, self.completion, *self.backs, *self.lowered, *self.refunds, *self.unrefunds.values())
        return [one for one in some if one is not None]

    @property
    def captured(self) -> int:
        """What the terminal believes that it sold."""
        if self.purchase.mti in {"0200", "0220"}:
            return int(iso8583.decode(self.purchase.body).text(4))
        return self.completion.minor if self.completion and self.completion.code == "00" else 0


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
        world, sale = self.world, self.sales[number % len(self.sales)] if self.sales else None
        if name in BOUGHT:
            mti, cid, more = BOUGHT[name]
            made = Sale(Sent(mti, world.till.purchase(world.phone, number, cid=cid) | more))
            self.sales.append(made)
            await self.send(made.purchase)
        elif name in {"down", "lost", "kill", "stop"}:
            world.ledger.fault = name
        elif name == "cut":
            world.store.commits_left = number
        elif name in {"heal", "rebuild"}:
            self.heal()
            world.build()
        elif name in {"sweep", "collect"}:
            await self.staff(name)
        elif sale is not None:
            await self.again(name, sale, number)

    def heal(self) -> None:
        self.world.ledger.fault, self.world.store.commits_left = "", -1

    async def again(self, name: str, sale: Sale, number: int) -> None:
        till, purchase = self.world.till, sale.purchase
        made: Sent | None = None
        if name == "repeat":
            await self.send(sale.sent[number % len(sale.sent)])
        elif name == "reverse":
            sale.backs.append(made := Sent("0420", till.later(purchase.fields, mti=purchase.mti)))
        elif name == "void":
            fields = till.later(purchase.fields, mti=purchase.mti) | {3: "220000"}
            sale.backs.append(made := Sent("0200", fields))
        elif name == "lower":
            stays = f"{max(1, purchase.minor // (2 + len(sale.lowered))):012d}{0:030d}"
            sale.lowered.append(made := Sent("0420", till.later(purchase.fields, mti=purchase.mti) | {95: stays}))
        elif name == "refund":
            fields = till.later(purchase.fields, max(1, purchase.minor // 3), mti=purchase.mti)
            sale.refunds.append(made := Sent("0200", fields | {3: "200000", 2: self.world.phone.pan}))
        elif name == "unrefund" and sale.refunds:
            at = number % len(sale.refunds)
            fields = till.later(sale.refunds[at].fields, mti="0200") | {3: "200000"}
            made = sale.unrefunds.setdefault(at, Sent("0420", fields))
        elif name == "complete" and purchase.code in APPROVED and purchase.mti in {"0100", "0120"}:
            answer = iso8583.decode(purchase.body)
            fields = till.later(purchase.fields, max(1, int(answer.text(4)) // 2), answer.text(38), purchase.mti)
            made = sale.completion = sale.completion or Sent("0220", fields)
        if made is not None:
            await self.send(made)

    async def staff(self, name: str) -> None:
        self.clock.advance(timedelta(seconds=10))
        # The ledger may be down, or the process killed, in here too.
        with suppress(Killed, LedgerUnavailable):
            if name == "sweep":
                await self.world.taps.sweep()
            for tap in await self.world.taps.unpaid(1) if name == "collect" else ():
                await self.world.taps.collect(tap.id, "stf_1")
            for refund in await self.world.taps.owed(1) if name == "collect" else ():
                await self.world.taps.collect(refund.id, "stf_1")

    async def settle(self) -> None:
        """What every terminal does in the end: ask again whatever it has no final answer to."""
        self.heal()
        for sale in self.sales:
            for sent in sale.sent:
                if sent.code in NOT_FINAL:
                    await self.send(sent)
        for _ in range(3):
            await self.staff("sweep")
        self.clock.advance(timedelta(seconds=10))
        assert await self.world.taps.sweep() == 0

    async def check(self) -> None:
        """Every tap stands as the answers say, and the money is where the taps say."""
        taps = {tap.stan: tap for tap in await self.world.taps.recent(1000)}
        for sale in self.sales:
            tap = taps.get(str(sale.purchase.fields[11]))
            assert sale.purchase.code not in APPROVED or tap is not None
            if tap is not None:
                check_sale(sale, tap, await self.world.taps.refunds_of(tap.id))
        owns = FUNDS - sum(paid(tap) for tap in taps.values())
        assert await self.world.wallet() == (owns, owns - sum(held(tap) for tap in taps.values()))
        await self.world.assert_money_is_whole()


def paid(tap: Tap) -> int:
    return tap.net_minor if tap.state in {TapState.CAPTURED, TapState.REFUNDED} else 0


def held(tap: Tap) -> int:
    return tap.hold_minor if tap.state is TapState.HELD else 0


def check_sale(sale: Sale, tap: Tap, refunds: list[Refund]) -> None:
    assert tap.state is not TapState.PENDING
    assert tap.undone_minor + tap.refunded_minor <= tap.capture_minor or not refunds
    gone = (RefundState.PAID, RefundState.OWED)
    assert sum(one.amount.minor for one in refunds if one.state in gone) == tap.undone_minor + tap.refunded_minor
    back = any(one.code == "00" for one in sale.backs)
    if sale.purchase.code not in APPROVED or back:
        assert (paid(tap), held(tap)) == (0, 0)
        return
    assert tap.state in {TapState.HELD, TapState.CAPTURED, TapState.REFUNDED, TapState.UNPAID}
    if tap.state is TapState.UNPAID:
        assert tap.offline
        return
    stays = min((int(str(one.fields[95])[:12]) for one in sale.lowered if one.code == "00"), default=FUNDS)
    approved = int(iso8583.decode(sale.purchase.body).text(4))
    if tap.state is TapState.HELD:
        assert (held(tap), sale.captured) == (min(approved, stays), 0)
        return
    assert paid(tap) <= min(sale.captured, stays)
    of_refunds = {one.stan: one.state for one in refunds}
    given = sum(one.minor for one in sale.refunds if one.code == "00" and of_refunds[str(one.fields[11])] in gone)
    assert tap.refunded_minor == given
    if not sale.lowered:
        assert paid(tap) == sale.captured - given


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(operations=st.lists(OPERATIONS, min_size=5, max_size=30))
async def test_in_any_order_and_with_any_fault_every_rial_is_where_the_answers_say(
    sqlite_template: Path, sqlite_wallet: Path, operations: list[tuple[str, int]]
) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "test.db")
        shutil.copy(sqlite_wallet, Path(folder) / "wallet.db")
        async with running(f"sqlite:///{Path(folder) / 'test.db'}", clock) as world:
            counter = Counter(world, clock)
            for name, number in operations:
                await counter.step(name, number)
            await counter.settle()
            await counter.check()
