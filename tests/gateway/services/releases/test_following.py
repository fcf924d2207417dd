"""Every process follows what is in force; a session stays on the version that it began on, wherever its hops go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.observe import Metrics
from gateway.services.dialogues import Dialogues, DialogueSettings, Hops
from gateway.services.dialogues.counts import SessionCounts
from gateway.services.releases import Scope, ScopeKind, follower
from gateway.services.releases.files import packed
from gateway.services.releases.rules import meets, point_of
from tests.gateway.services.dialogues.switchboard import PIN, Bank, Phone
from tests.gateway.services.releases.press import (
    CHECKER,
    KEYS,
    MAKER,
    SHIPPED,
    Press,
    branch,
    opened,
    percent,
    press_of,
)
from ussd_menus import Profile
from wallet.clock import ManualClock

NUMBERS = [f"+98912{n:07d}" for n in range(2_000)]


@pytest.fixture
async def press(database_url: str, clock: ManualClock) -> AsyncIterator[Press]:
    async with opened(database_url, clock) as made:
        yield made


@asynccontextmanager
async def answering(press: Press, bank: Bank) -> AsyncIterator[Dialogues]:
    """A process that answers with the menus that it follows."""
    settings = DialogueSettings(ZoneInfo("Asia/Tehran"), language="en")
    async with asyncio.TaskGroup() as tasks:
        hops = Hops(bank.actions(), lambda _adapter, _operator: Profile(), tasks, None, 100)
        yield Dialogues(press.store, KEYS, press.clock, press.menus, hops, bank, settings, Metrics())


@settings(max_examples=30)
@given(
    number=st.from_regex(r"\+989[0-9]{9}", fullmatch=True),
    version=st.text("0123456789abcdef", min_size=16, max_size=16),
    shares=st.tuples(st.integers(1, 99), st.integers(1, 99)).map(sorted),
)
def test_raising_the_percentage_takes_nobody_off(number: str, version: str, shares: list[int]) -> None:
    salt = b"s" * 32
    less, more = (meets(percent(share), salt, version, number, "") for share in shares)

    assert more or not less
    assert meets(percent(shares[0]), salt, version, number, "") == less


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_a_percentage_is_about_that_share_of_the_numbers_and_others_for_another_version(share: int) -> None:
    salt = b"s" * 32
    one = [meets(percent(share), salt, "one", number, "") for number in NUMBERS]
    two = [meets(percent(share), salt, "two", number, "") for number in NUMBERS]

    # Four standard deviations of a binomial share.
    assert abs(sum(one) / len(NUMBERS) - share / 100) < 4 * (share / 100 * (1 - share / 100) / len(NUMBERS)) ** 0.5
    assert one != two
    assert [point_of(b"t" * 32, "one", number) < share for number in NUMBERS] != one


@pytest.mark.parametrize(
    ("scope", "branch_code", "met"),
    [
        (Scope(), "", True),
        (branch("tehran-01"), "tehran-01", True),
        (branch("tehran-01"), "tehran-1", False),
        (branch("tehran-01"), "", False),
    ],
)
def test_a_branch_meets_its_own_releases_alone(scope: Scope, branch_code: str, *, met: bool) -> None:
    assert meets(scope, b"", "v", NUMBERS[0], branch_code) is met


async def test_a_trial_reaches_its_share_in_every_process_alike(press: Press, database_url: str) -> None:
    trial = await press.released("one", percent(30))
    async with opened(database_url, press.clock) as other:
        await other.menus.tick()
        first, second = ([p.version_for(number) for number in NUMBERS] for p in (press, other))

    assert first == second
    assert set(first) == {trial.version, SHIPPED.version}
    wider = await press.released("one", percent(60))
    assert all(press.version_for(n) == wider.version for n, v in zip(NUMBERS, first, strict=True) if v == trial.version)


async def test_a_session_stays_on_its_version_through_release_and_rollback_in_any_process(
    press: Press, database_url: str, clock: ManualClock
) -> None:
    first, bank = await press.released("one"), Bank()
    async with opened(database_url, clock) as other, answering(press, bank) as here, answering(other, bank) as there:
        await other.menus.tick()
        phone = Phone(here, "+989120000001")
        await phone.at_pin()
        second = await press.released("two")
        await press.releases.roll_back(MAKER, now=True)
        await press.approvals.approve(await press.pending(), CHECKER)
        # A process that began after all that has never seen the first version.
        late = press_of(other.store, clock)
        await late.menus.tick()
        await press.released("three")
        assert await SessionCounts(press.store).live_by_version() == {first.version: 1}
        async with answering(late, bank) as anywhere:
            await phone.other(there).again()
            reply = await phone.other(anywhere).type(PIN)

    assert (reply.more, len(bank.paid)) == (False, 1)
    assert second.version != first.version
    assert await SessionCounts(press.store).live_by_version() == {}


async def test_a_version_that_this_process_does_not_hold_is_loaded_once_for_all_who_wait(press: Press) -> None:
    made = await press.released("one")
    fresh = press_of(press.store, press.clock)
    assert fresh.menus.version(made.version) is None

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fresh.menus.fetch(made.version)) for _ in range(20)]

    assert {menus.version for task in tasks if (menus := task.result())} == {made.version}
    assert fresh.proof.proved == 1
    assert await fresh.menus.fetch("0000000000000000") is None


async def test_versions_that_nobody_needs_are_forgotten_and_those_in_force_never(press: Press) -> None:
    made = [await press.released(str(n)) for n in range(follower.HELD_MAX + 2)]
    held = [one.version for one in made if press.menus.version(one.version)]
    assert held == [one.version for one in made[2:]]

    assert isinstance(press.clock, ManualClock)
    press.clock.advance(follower.UNUSED_KEPT + timedelta(seconds=1))
    await press.menus.tick()

    assert [one.version for one in made if press.menus.version(one.version)] == [made[-1].version]


async def test_a_version_that_this_build_cannot_read_has_no_map_and_breaks_no_page(press: Press) -> None:
    await press.releases.keep("0" * 16, packed({"menus/home.toml": b"["}), press.clock.now())

    assert await press.releases.menus_of("0" * 16) is None


async def test_a_release_that_this_build_cannot_serve_raises_an_alarm_and_the_old_one_stays(press: Press) -> None:
    first = await press.released("one")
    older_build = press_of(press.store, press.clock, actions=frozenset(SHIPPED.actions) - {"wallet.see"})
    await older_build.menus.tick()
    assert older_build.version_for() == SHIPPED.version
    assert _broken(older_build.metrics) == 1
    assert await older_build.releases.findings(first.version) != []

    await press.released("two")
    press.proof._actions = frozenset()
    trial = await press.from_newer_build("three", percent(50))
    before = press.version_for()
    await press.menus.tick()
    assert {press.version_for(number) for number in NUMBERS} == {before}
    assert _broken(press.metrics) == 1

    await press.releases.roll_back(MAKER, now=True)
    await press.menus.tick()
    assert (await press.states(trial), _broken(press.metrics)) == (["rolled_back"], 0)


def _broken(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("tapdial_menus_broken")


async def test_a_scope_is_said_in_a_word() -> None:
    told = [str(Scope(kind, 5, "tehran-01")) for kind in ScopeKind]

    assert told == ["everyone", "5 %", "tehran-01"]
