"""USSD over a messaging link: the same dialogues, from hops that carry only what was typed now and keys used again."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from gateway.channels.ussd import LinkedUssd
from gateway.channels.ussd.linked import WIRE
from gateway.errors import Overloaded
from gateway.observe import Metrics
from gateway.services.dialogues import Closing, Event, Reply, closing_text
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.dialogues.tables import sessions
from tests.gateway.services.dialogues.switchboard import CODE, PIN, Switchboard, switchboard
from wallet.clock import ManualClock

MENU = "1. Balance"
ONE, OTHER = "+989120000001", "+989120000002"


@dataclass
class Handset:
    """A phone on a link; `key` is what the operator calls its session, `sequences` what it numbers hops with."""

    door: LinkedUssd
    sequences: Iterator[int] | None
    msisdn: str = ONE
    key: str = "0501"
    last: LinkHop | None = None

    async def hop(self, kind: HopKind, text: str = "") -> LinkPage | None:
        sequence = str(next(self.sequences)) if self.sequences else ""
        self.last = LinkHop("east", self.key, self.msisdn, kind, text, sequence)
        return await self.door.hop(self.last)

    async def dial(self) -> LinkPage:
        return page(await self.hop(HopKind.BEGIN, CODE))

    async def type(self, text: str) -> LinkPage:
        return page(await self.hop(HopKind.CONTINUE, text))

    async def again(self) -> LinkPage | None:
        assert self.last is not None
        return await self.door.hop(self.last)


def page(shown: LinkPage | None) -> LinkPage:
    assert shown is not None
    return shown


@pytest.fixture
async def board(database_url: str, clock: ManualClock) -> AsyncIterator[Switchboard]:
    async with switchboard(database_url, clock) as made:
        yield made


@pytest.fixture(params=["numbered", "bare"])
def handset(board: Switchboard, request: pytest.FixtureRequest) -> Handset:
    """A handset on an operator that numbers its hops, and on one that does not."""
    return Handset(LinkedUssd(board.dialogues, Metrics()), count(1) if request.param == "numbered" else None)


async def test_a_payment_over_a_link_goes_as_over_any_wire(board: Switchboard, handset: Handset) -> None:
    first = await handset.dial()
    assert (MENU in first.text, first.ends) == (True, False)
    for typed in ("4", "09120000009"):
        assert not (await handset.type(typed)).ends
    # The same digits twice are two answers.
    assert not (await handset.type("500")).ends
    last = await handset.type(PIN)

    assert last.ends
    assert [amount for _, amount in board.bank.paid.values()] == [500]
    (row,) = await board.store.read(select(sessions))
    assert (row.adapter, row.session_key, row.status) == (WIRE, "east/0501", "ended")
    assert PIN not in str(row.state)


async def test_a_hop_that_comes_again_gets_the_same_page_and_moves_nothing(board: Switchboard) -> None:
    handset = Handset(LinkedUssd(board.dialogues, Metrics()), count(1))
    assert await handset.dial() == await handset.again()
    for typed in ("4", "09120000009", "500", PIN):
        assert await handset.type(typed) == await handset.again()
    assert len(board.bank.paid) == 1


async def test_a_dial_that_comes_again_without_a_number_gets_the_first_page(board: Switchboard) -> None:
    handset = Handset(LinkedUssd(board.dialogues, Metrics()), None)
    assert await handset.dial() == await handset.again()
    assert len(await board.store.read(select(sessions))) == 1


async def test_a_key_that_is_used_again_begins_a_new_session(board: Switchboard, handset: Handset) -> None:
    await handset.dial()
    await handset.type("4")
    other = replace(handset, msisdn=OTHER)

    assert MENU in (await other.dial()).text
    assert (await handset.type("4")).ends
    assert not (await other.type("4")).ends
    assert MENU in (await handset.dial()).text

    rows = await board.store.read(select(sessions))
    assert sorted((row.status, row.msisdn) for row in rows) == [("ended", ONE), ("ended", OTHER), ("live", ONE)]
    assert [row.reply for row in rows if row.status == "ended"] == [None, None]


async def test_an_abort_ends_the_session_and_is_not_answered(board: Switchboard, handset: Handset) -> None:
    await handset.dial()
    await handset.type("4")

    assert await handset.hop(HopKind.ABORT) is None
    assert await handset.hop(HopKind.ABORT) is None

    (row,) = await board.store.read(select(sessions))
    assert (row.status, row.reply) == ("ended", None)
    assert await handset.type("09120000009") == LinkPage(closing_text(Closing.LOST, "en"), ends=True)


async def test_anothers_abort_ends_nothing(board: Switchboard, handset: Handset) -> None:
    await handset.dial()
    await replace(handset, msisdn=OTHER).hop(HopKind.ABORT)
    assert not (await handset.type("4")).ends
    assert (await board.store.read(select(sessions)))[0].status == "live"


async def test_a_hop_that_is_too_late_or_of_no_session_ends_with_words(
    board: Switchboard, handset: Handset, clock: ManualClock
) -> None:
    assert await handset.type("1") == LinkPage(closing_text(Closing.LOST, "en"), ends=True)
    await handset.dial()
    clock.advance(timedelta(seconds=200))
    assert await handset.type("4") == LinkPage(closing_text(Closing.EXPIRED, "en"), ends=True)
    assert MENU in (await handset.dial()).text


async def test_whatever_is_typed_leads_to_a_page(handset: Handset) -> None:
    for typed in ("", "999", " 4 ", "*", "۴", "a" * 182):
        await handset.dial()
        assert (await handset.type(typed)).text


class Broken:
    """Dialogues of which nothing comes."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    async def answer(self, _event: Event) -> Reply:
        raise self.fault

    async def close(self, _event: Event) -> None:
        """The dialogues never raise here."""

    def closing(self, closing: Closing) -> str:
        return closing.value


GOOD = LinkHop("east", "0501", ONE, HopKind.BEGIN, CODE)


@pytest.mark.parametrize(
    ("fault", "text"), [(Overloaded("full"), "busy"), (RuntimeError("a bug"), "failed"), (TimeoutError(), "failed")]
)
async def test_a_fault_is_a_last_page_that_says_so(fault: Exception, text: str) -> None:
    assert await LinkedUssd(Broken(fault), Metrics()).hop(GOOD) == LinkPage(text, ends=True)


@pytest.mark.parametrize(
    "hop",
    [
        replace(GOOD, session_key=""),
        replace(GOOD, session_key="a\0b"),
        replace(GOOD, session_key="k" * 101),
        replace(GOOD, sequence="ü"),
        replace(GOOD, msisdn="Bank"),
        replace(GOOD, kind=HopKind.CONTINUE, text="a" * 183),
        replace(GOOD, kind=HopKind.CONTINUE, text="1\x002"),
        replace(GOOD, kind=HopKind.CONTINUE, text="\ud83d"),
    ],
)
async def test_a_hop_without_its_form_is_refused_with_words(hop: LinkHop) -> None:
    metrics = Metrics()
    door = LinkedUssd(Broken(AssertionError("not asked")), metrics)

    assert await door.hop(hop) == LinkPage("unreadable", ends=True)
    assert await door.hop(replace(hop, kind=HopKind.ABORT)) is None
    labels = {"door": "ussd_smpp", "reason": "field_form"}
    assert metrics.registry.get_sample_value("tapdial_refused_input_total", labels) == 2
