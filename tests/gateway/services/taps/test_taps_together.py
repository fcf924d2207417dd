"""Taps that are opened together are decided as if each came alone; on both databases."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from gateway.keys import SoftwareKeyStore
from gateway.services.answered import Key, Seen
from gateway.services.controls import Control, Controls, Party
from gateway.services.controls.tables import used
from gateway.services.taps import Decider, Tap, decision
from gateway.services.taps.opening import Intent, Opening
from gateway.services.taps.outcomes import Concluding, Outcome
from gateway.services.taps.ports import TokenUse
from gateway.services.taps.requests import Purchase
from gateway.services.taps.rows import Counted
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import taps
from gateway.services.tokens import Tokens
from gateway.services.tokens.tables import limited_keys, tokens, uses
from gateway.settings import Settings
from gateway.store import Store
from tests.gateway.channels.nfc.world import OnePerson
from tests.gateway.services.taps.casework import AT, POLICY, SHOP, TOKEN, ZONE, Message
from wallet.clock import ManualClock
from wallet.money import irr

NOW = AT.astimezone(UTC)
TIGHT = replace(POLICY, day_max_minor=7_000_000, day_max_count=5, no_cvm_count_max=3)
KNOWN, SMALL, STRANGE = b"LUK1", b"LUK2", b"LUK3"
"""A key for many taps, one for two, and one that nobody gave out."""
STATES = ("active", "active", "deactivated")
"""Of the tokens; the first two are of one account, and the second has a sum of its own."""
_runs = itertools.count()


@dataclass(frozen=True)
class Asked:
    """A purchase. Equal `message` is the same message again, equal `trace` names the same original."""

    token: int
    atc: int
    minor: int
    luk: bytes
    message: int
    trace: int
    unlocked: bool


ASKED = st.builds(
    Asked,
    token=st.sampled_from([0, 0, 1, 2]),
    atc=st.integers(1, 16),
    minor=st.sampled_from([1, 1_000_000, 2_500_000, 4_000_000]),
    luk=st.sampled_from([KNOWN, KNOWN, SMALL, STRANGE]),
    message=st.integers(0, 12),
    trace=st.integers(0, 12),
    unlocked=st.booleans(),
)


def in_turn(asked: Sequence[Asked]) -> list[int]:
    """The order in which they count as having come: whose references are another's, or whose message, come last."""
    messages: set[int] = set()
    traces: set[int] = set()
    first, named, again = list[int](), list[int](), list[int]()
    for place, one in enumerate(asked):
        if one.message in messages:
            again.append(place)
            continue
        (named if one.trace in traces else first).append(place)
        messages.add(one.message)
        traces.add(one.trace)
    return [*first, *named, *again]


class Side:
    """Accounts, tokens and keys of one run, all fresh."""

    def __init__(self, store: Store) -> None:
        clock = ManualClock(NOW)
        controls = Controls(store, clock)
        decider = Decider(TIGHT, controls, ZONE)
        vault = Tokens(store, OnePerson(), SoftwareKeyStore.for_tests(), clock, Settings())
        self.store, self.controls = store, controls
        counted = Counted(decider)
        self.opening, self.concluding = Opening(vault, decider, counted), Concluding(counted)
        self.decider, self.name = decider, f"{next(_runs):06d}"
        self.ids = [f"tok_{self.name}_{place}" for place in range(len(STATES))]
        self.pars = [f"TDPL{self.name}{account:019d}" for account in (0, 0, 1)]

    async def begin(self) -> None:
        await self.store.write(self._fill)
        control = Control(day_minor=4_000_000)
        await self.controls.set(self.ids[1], Party.STAFF, control, actor="stf_1", reason="a child's phone")

    def _fill(self, tx: Connection) -> None:
        for id_, par, state in zip(self.ids, self.pars, STATES, strict=True):
            row = {"id": id_, "person_id": f"per_{par}", "pan_mac": id_.encode(), "pan_sealed": b"", "psn": "00"}
            more = {"expiry": "2911", "par": par, "device_key": b"", "seal_key": b"", "assurance": "code"}
            counts = {"state": state, "atc_high": 0, "atc_seen": 0, "bad_cryptograms": 0, "made_at": NOW}
            tx.execute(insert(tokens).values(row | more | counts))
            for luk, uses_max in ((KNOWN, 30), (SMALL, 2)):
                key = {"token_id": id_, "id": luk, "uses": 0, "uses_max": uses_max}
                tx.execute(insert(limited_keys).values(key | {"valid_until": NOW + timedelta(days=1)}))

    def intent(self, place: int, asked: Asked) -> Intent:
        held = replace(TOKEN, id=self.ids[asked.token], par=self.pars[asked.token])
        case = Message(asked.minor, unlocked=asked.unlocked, token=held).case()
        decided = decision.with_cryptogram(self.decider.before_cryptogram(case), good=True)
        terminal = f"T{self.name}"
        return Intent(
            key=Key("581420", terminal, f"{asked.message:06d}", date(2026, 11, 22), "0100"),
            digest=bytes([place]),
            purchase=Purchase(
                class_="0100",
                acquirer="581420",
                terminal_id=terminal,
                merchant_number=SHOP.number,
                stan=f"{asked.trace:06d}",
                month_day="1122",
                rrn=f"{asked.trace:012d}",
                amount_minor=asked.minor,
                batch_number="000001",
                pan="5814200000000002",
                expiry="2911",
                tap=case.icc,
                entry_mode="071",
                part_ok=False,
            ),
            tap_id=f"tap_{self.name}_{place}",
            merchant_id=SHOP.id,
            person_id="per_1",
            par=held.par,
            approval="ABC234",
            part_minor=0,
            decided=decided,
            case=case,
            use=TokenUse(held.id, asked.luk, asked.atc, asked.minor, "tap", NOW, b"12345678"),
            expires_at=NOW + timedelta(days=1),
            at=NOW,
        )

    def told(self, opened: tuple[Seen, Tap | None]) -> object:
        """What came out, without the names of this side."""
        seen, tap = opened
        stored = seen.digest, seen.subject.rpartition("_")[2], seen.verdict, seen.answer
        return stored, (tap.state, tap.verdict, [(one.name, one.passed) for one in tap.checks]) if tap else None

    async def left(self) -> list[object]:
        """What is stored of tokens, keys, uses and counts, in one order on both sides."""
        store, mine = self.store, self.ids
        wanted = (
            select(tokens.c.atc_high, tokens.c.atc_seen).where(tokens.c.id.in_(mine)).order_by(tokens.c.id),
            select(limited_keys.c.uses, limited_keys.c.amount_minor, limited_keys.c.push)
            .where(limited_keys.c.token_id.in_(mine))
            .order_by(limited_keys.c.token_id, limited_keys.c.id),
            select(uses.c.atc, uses.c.luk_id).where(uses.c.token_id.in_(mine)).order_by(uses.c.token_id, uses.c.atc),
            select(*(column for column in used.c if column.name != "subject"))
            .where(used.c.subject.in_([*mine, *self.pars]))
            .order_by(used.c.subject),
        )
        return [[tuple(row) for row in await store.read(query)] for query in wanted]


@pytest.fixture
def runner_and_store(database_url: str) -> Iterator[tuple[asyncio.Runner, Store]]:
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(database_url))
        yield runner, store
        runner.run(store.close())


async def alike(store: Store, before: Sequence[Asked], asked: Sequence[Asked]) -> None:
    """Ask for the same together and one after the other, of accounts that have paid alike before."""
    together, alone = Side(store), Side(store)
    for side in (together, alone):
        await side.begin()
        for place, one in enumerate(before):
            await store.write_together(side.opening.all, side.intent(100 + place, replace(one, message=50 + place)))
    intents = tuple(together.intent(place, one) for place, one in enumerate(asked))
    opened = await store.write(lambda tx: together.opening.all(tx, intents))
    expected: dict[int, object] = {}
    for place in in_turn(asked):
        expected[place] = alone.told(await store.write_together(alone.opening.all, alone.intent(place, asked[place])))
    assert [together.told(one) for one in opened] == [expected[place] for place in range(len(asked))]
    assert await together.left() == await alone.left()


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(before=st.lists(ASKED, max_size=2), asked=st.lists(ASKED, min_size=1, max_size=8))
def test_taps_opened_together_are_decided_as_one_after_the_other(
    runner_and_store: tuple[asyncio.Runner, Store], before: list[Asked], asked: list[Asked]
) -> None:
    runner, store = runner_and_store
    # References that were used before belong to nobody of the group, or the order would be another one.
    runner.run(alike(store, [replace(one, trace=50 + place) for place, one in enumerate(before)], asked))


FRESH = Asked(0, 1, 1_000_000, KNOWN, 0, 0, True)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([replace(FRESH, atc=n, message=n, trace=n) for n in range(1, 8)], id="five of seven a day"),
        pytest.param([replace(FRESH, atc=3, message=n, trace=n) for n in range(3)], id="one counter three times"),
        pytest.param([replace(FRESH, luk=SMALL, atc=n, message=n, trace=n) for n in (4, 2, 3)], id="a key for two"),
        pytest.param([FRESH, FRESH, replace(FRESH, atc=2, trace=1)], id="one message three times"),
        pytest.param([replace(FRESH, atc=n, message=n) for n in (1, 2, 3)], id="one original three times"),
        pytest.param([replace(FRESH, token=n % 2, atc=n, message=n, trace=n) for n in range(1, 9)], id="two tokens"),
        pytest.param(
            [replace(FRESH, token=n, luk=luk, message=n, trace=n) for n, luk in ((0, KNOWN), (1, STRANGE), (2, KNOWN))],
            id="one is approved, one has no key, one is dead",
        ),
    ],
)
def test_groups_with_the_same_token_twice_are_decided_as_one_after_the_other(
    runner_and_store: tuple[asyncio.Runner, Store], asked: list[Asked]
) -> None:
    runner, store = runner_and_store
    runner.run(alike(store, [], asked))


async def test_outcomes_stored_together_each_stand_for_their_own_tap(database_url: str) -> None:
    store = await Store.open(database_url)
    side = Side(store)
    await side.begin()
    intents = [side.intent(n, replace(FRESH, atc=n, message=n, trace=n)) for n in (1, 2, 3)]
    opened = await store.write(lambda tx: side.opening.all(tx, intents))
    outcomes = []
    for intent, (_, tap) in zip(intents, opened, strict=True):
        assert tap is not None
        after = replace(tap, state=TapState.HELD, verdict=Verdict.APPROVED)
        outcomes.append(Outcome(intent.key, tap, after, b"answer of " + tap.id.encode(), NOW))
    moved = replace(outcomes[1], before=replace(outcomes[1].before, keep_minor=1))
    asked = [outcomes[0], moved, replace(outcomes[0], answer=b"another"), outcomes[2]]
    told = await store.write(lambda tx: side.concluding.all(tx, asked))
    assert told == [outcomes[0].answer, None, None, outcomes[2].answer]
    again = await store.write(lambda tx: side.concluding.all(tx, [outcomes[0], outcomes[1]]))
    assert again == [None, outcomes[1].answer]
    await store.close()


async def test_an_outcome_that_is_late_does_not_undo_a_completion(database_url: str) -> None:
    store = await Store.open(database_url)
    side = Side(store)
    await side.begin()
    intent = side.intent(1, FRESH)
    ((_, tap),) = await store.write(lambda tx: side.opening.all(tx, [intent]))
    assert tap is not None
    completed = replace(tap, captured=irr(700_000))
    await store.write(lambda tx: Counted(side.decider).write(tx, tap, completed, NOW))
    late = Outcome(intent.key, tap, replace(tap, state=TapState.HELD, verdict=Verdict.APPROVED), b"late", NOW)
    assert await store.write(lambda tx: side.concluding.all(tx, [late])) == [None]
    (row,) = await store.read(select(taps.c.state, taps.c.capture_minor).where(taps.c.id == tap.id))
    assert tuple(row) == ("pending", 700_000)
    await store.close()
