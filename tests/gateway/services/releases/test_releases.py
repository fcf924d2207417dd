"""Menus come into force by two people, and leave it the same way; an emergency goes back first and asks afterwards."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.errors import BadInput, StoreUnavailable
from gateway.services.approvals import ApprovalOutcome, StaffRef
from gateway.services.releases import ReleaseRefusal, ReleaseState, RollbackOutcome, Scope, ScopeKind
from gateway.services.releases.book import Book
from gateway.services.releases.tables import VERSIONS
from tests.gateway.services.releases.press import (
    CHECKER,
    EVERYONE,
    FILES,
    MAKER,
    SHIPPED,
    Press,
    branch,
    files,
    opened,
    percent,
)
from ussd_menus import MenusFault
from wallet.clock import ManualClock


@pytest.fixture
async def press(database_url: str, clock: ManualClock) -> AsyncIterator[Press]:
    async with opened(database_url, clock) as made:
        yield made


@pytest.fixture
async def sqlite_press(sqlite_template: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Press]:
    """For what is refused before a table is met."""
    shutil.copy(sqlite_template, tmp_path / "press.db")
    async with opened(f"sqlite:///{tmp_path / 'press.db'}", clock) as made:
        yield made


async def test_nobody_meets_a_release_before_a_second_person_has_agreed(press: Press) -> None:
    made = await press.proposed("one")
    await press.menus.tick()
    assert press.version_for() == SHIPPED.version
    maker = StaffRef(MAKER, CHECKER.roles)
    clerk = StaffRef("stf_clerk", frozenset({"branch_clerk"}))

    assert await press.approvals.approve(made.approval_id, maker) is ApprovalOutcome.MAKER_IS_CHECKER
    assert await press.approvals.approve(made.approval_id, clerk) is ApprovalOutcome.ROLE_MISSING
    assert await press.menus.tick() == 0

    assert await press.approvals.approve(made.approval_id, CHECKER) is ApprovalOutcome.APPROVED
    assert await press.menus.tick() == 1
    assert press.version_for() == made.version != SHIPPED.version
    found = await press.releases.by_id(made.id)
    assert found is not None
    assert (found.maker, found.checker, found.state) == (MAKER, CHECKER.id, ReleaseState.LIVE)


async def test_a_refused_release_stays_out_for_good(press: Press) -> None:
    made = await press.proposed("one")

    await press.approvals.reject(made.approval_id, CHECKER, "not now")

    assert await press.states(made) == ["refused"]
    assert await press.releases.release(made.id, made.approval_id) == "refused"
    await press.menus.tick()
    assert press.version_for() == SHIPPED.version


async def test_a_release_for_everyone_ends_the_trial_beside_it(press: Press) -> None:
    first = await press.released("one")
    trial = await press.released("two", percent(50))
    wider = await press.released("two", percent(80))
    whole = await press.released("two")

    assert await press.states(first, trial, wider, whole) == ["superseded", "superseded", "superseded", "live"]
    assert whole.before == first.id


async def test_a_rollback_ends_the_trial_first_and_then_goes_back_release_by_release(press: Press) -> None:
    first, second = await press.released("one"), await press.released("two")
    trial = await press.released("three", branch("tehran-01"))
    seen = []
    for _ in range(4):
        seen.append((press.version_for(branch="tehran-01"), press.version_for()))
        if await press.releases.roll_back(MAKER) is RollbackOutcome.PROPOSED:
            await press.approvals.approve(await press.pending(), CHECKER)
        await press.menus.tick()

    shipped = SHIPPED.version
    assert seen == [
        (trial.version, second.version),
        (second.version, second.version),
        (first.version, first.version),
        (shipped, shipped),
    ]
    assert await press.releases.roll_back(MAKER) is RollbackOutcome.NOTHING
    assert await press.states(first, second, trial) == ["rolled_back"] * 3


async def test_an_emergency_goes_back_at_once_and_the_second_person_may_undo_it(press: Press) -> None:
    first, second = await press.released("one"), await press.released("two")

    assert await press.releases.roll_back(MAKER, now=True) is RollbackOutcome.DONE
    await press.menus.tick()
    assert press.version_for() == first.version

    await press.approvals.reject(await press.pending(), CHECKER, "it was sound")
    await press.menus.tick()
    assert press.version_for() == second.version
    assert await press.states(first, second) == ["superseded", "live"]

    await press.releases.roll_back(MAKER, now=True)
    await press.approvals.approve(await press.pending(), CHECKER)
    await press.menus.tick()
    assert press.version_for() == first.version


async def test_an_emergency_that_is_rejected_late_does_not_undo_what_was_released_since(press: Press) -> None:
    await press.released("one")
    second = await press.released("two")
    await press.releases.roll_back(MAKER, now=True)
    waiting = await press.pending()
    third = await press.released("three")

    await press.approvals.reject(waiting, CHECKER, "it was sound")
    await press.menus.tick()

    assert press.version_for() == third.version
    assert await press.states(second) == ["rolled_back"]


@pytest.mark.parametrize(
    ("scope", "note", "refusal"),
    [
        (percent(0), "", ReleaseRefusal.SCOPE),
        (percent(100), "", ReleaseRefusal.SCOPE),
        (branch("Tehran 1"), "", ReleaseRefusal.SCOPE),
        (branch(""), "", ReleaseRefusal.SCOPE),
        (EVERYONE, "x" * 201, ReleaseRefusal.NOTE),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_asked(
    sqlite_press: Press, scope: Scope, note: str, refusal: ReleaseRefusal
) -> None:
    assert await sqlite_press.releases.propose(files("one"), scope, note, MAKER) is refusal
    assert await sqlite_press.approvals.list_pending(limit=1) == []


async def test_what_everyone_has_is_not_released_again(press: Press) -> None:
    assert await press.releases.propose(FILES, EVERYONE, "", MAKER) is ReleaseRefusal.IN_FORCE
    await press.released("one")
    assert await press.releases.propose(files("one"), percent(5), "", MAKER) is ReleaseRefusal.IN_FORCE


HOSTILE = {
    "ten megabytes": ({**FILES, "texts/en.toml": b"#" * 10_000_000}, BadInput),
    "too many files": ({f"menus/{n}.toml": b"" for n in range(201)}, BadInput),
    "no UTF-8": ({**FILES, "menus/home.toml": b"\xff\xfe"}, BadInput),
    "no TOML": ({**FILES, "menus/home.toml": b"["}, MenusFault),
    "arrays in arrays": ({**FILES, "menus/home.toml": b"x = " + b"[" * 5_000}, MenusFault),
    "no files": ({}, MenusFault),
    "a screen that nothing leads to": (
        {**FILES, "menus/lost.toml": b'[end]\ntype = "end"\ntext = "entry.unavailable"\n'},
        MenusFault,
    ),
    "an action of another build": (
        {**FILES, "menus/actions.toml": FILES["menus/actions.toml"] + b'\n[actions."money.print"]\noutcomes.ok = []\n'},
        MenusFault,
    ),
    "a code that is kept": (
        {**FILES, "menus/actions.toml": FILES["menus/actions.toml"].replace(b"sensitive = true", b"sensitive = false")},
        MenusFault,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_folder_that_cannot_be_served_is_refused_and_nothing_is_kept(sqlite_press: Press, name: str) -> None:
    given_files, refused = HOSTILE[name]

    with pytest.raises(refused):
        await sqlite_press.releases.propose(given_files, EVERYONE, "", MAKER)

    assert await sqlite_press.approvals.list_pending(limit=1) == []
    assert await sqlite_press.store.read(select(VERSIONS.c.version)) == []


async def test_two_decisions_at_once_leave_one_release_for_everyone(press: Press, database_url: str) -> None:
    one, two = await press.proposed("one"), await press.proposed("two")
    async with opened(database_url, press.clock) as other, asyncio.TaskGroup() as group:
        group.create_task(press.approvals.approve(one.approval_id, CHECKER))
        group.create_task(other.approvals.approve(two.approval_id, CHECKER))

    assert sorted(await press.states(one, two)) == ["live", "superseded"]
    standing = await press.releases.standing()
    assert standing.base is not None
    assert (standing.base.state, standing.revision) == (ReleaseState.LIVE, 2)


MODULE = "tests.gateway.services.releases.process"


async def test_an_approval_that_is_killed_in_the_middle_is_finished_by_the_sweep(
    press: Press, clock: ManualClock, database_url: str
) -> None:
    made = await press.proposed("one")
    killed = await asyncio.create_subprocess_exec(sys.executable, "-m", MODULE, database_url, made.approval_id)
    assert await killed.wait() == -9
    assert await press.states(made) == ["proposed"]

    clock.advance(timedelta(seconds=60))
    assert await press.approvals.sweep() == 1
    assert await press.approvals.sweep() == 0
    await press.menus.tick()

    assert press.version_for() == made.version


async def test_a_store_that_fails_leaves_what_was_served(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await press.released("one")

    async def gone(_self: object) -> int:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Book, "revision", gone)
    with pytest.raises(StoreUnavailable):
        await press.menus.tick()
    assert press.version_for() == made.version


# What may happen, in any order: (verb, edition).
STEPS = st.lists(
    st.tuples(st.sampled_from(["release", "trial", "back", "now", "now_rejected", "refuse"]), st.integers(1, 3)),
    max_size=8,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_is_decided_in_any_order_one_base_and_at_most_one_trial_are_in_force(
    sqlite_template: Path, steps: list[tuple[str, int]], tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "steps.db")
    asyncio.run(_played(f"sqlite:///{tmp_path / 'steps.db'}", steps))


async def _played(url: str, steps: list[tuple[str, int]]) -> None:
    async with opened(url, ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))) as press:
        base, trial = [SHIPPED.version], ""
        for verb, edition in steps:
            base, trial = await _step(press, verb, str(edition), base, trial)
            standing = await press.releases.standing()
            assert (standing.base.version if standing.base else SHIPPED.version) == base[-1]
            assert (standing.trial.version if standing.trial else "") == trial
            live = [one for one in await press.releases.list_releases(limit=50) if one.state is ReleaseState.LIVE]
            assert {one.id for one in live} == {one.id for one in (standing.base, standing.trial) if one}


async def _step(press: Press, verb: str, edition: str, base: list[str], trial: str) -> tuple[list[str], str]:
    """Do it, and say what must be in force then: the versions for everyone, last in force, and the trial's."""
    if verb in {"release", "trial", "refuse"}:
        scope = Scope(ScopeKind.PERCENT, 10) if verb == "trial" else EVERYONE
        made = await press.releases.propose(files(edition), scope, "", MAKER)
        if isinstance(made, ReleaseRefusal):
            return base, trial
        if verb == "refuse":
            await press.approvals.reject(made.approval_id, CHECKER, "no")
            return base, trial
        await press.approvals.approve(made.approval_id, CHECKER)
        return (base, made.version) if verb == "trial" else ([*base, made.version], "")
    outcome = await press.releases.roll_back(MAKER, now=verb != "back")
    if outcome is RollbackOutcome.NOTHING:
        return base, trial
    if verb == "now_rejected":
        await press.approvals.reject(await press.pending(), CHECKER, "no")
        return base, trial
    await press.approvals.approve(await press.pending(), CHECKER)
    return (base, "") if trial else (base[:-1], "")
