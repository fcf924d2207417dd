"""Versions: shipped ones work at once, others are published by two people, and the day decides which is asked."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.errors import NotFound
from gateway.services.approvals import ApprovalOutcome, Approvals, Proposals, StaffRef
from gateway.services.decisions import (
    TABLE_KIND,
    Decisions,
    Inputs,
    Problem,
    Sort,
    Use,
    Version,
    VersionState,
)
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock

TODAY = date(2026, 11, 22)
USES = {"grant": Use({"days": Sort.DAYS}, {"once": Sort.AMOUNT}, most={"once": 1000})}
CHECKER = StaffRef("stf_zahra", frozenset({"benefits_releaser"}))


def grant(once: int, *, begins: str = "2026-01-01", until: str = "", more: str = "") -> bytes:
    return (
        f"table,grant\nhit,F\nfrom,{begins}\nuntil,{until}\ncolumn,input,output\nname,days,once\ntype,days,amount\n"
        f"row,>3,{once}\nrow,-,0\nexample,4,{once}\n{more}"
    ).encode()


@dataclass
class Bureau:
    decisions: Decisions
    approvals: Approvals
    clock: ManualClock

    async def published(self, body: bytes) -> Version:
        self.clock.advance(timedelta(seconds=1))
        made = await self.decisions.propose(body, "spring", "stf_maryam")
        assert isinstance(made, Version)
        assert await self.approvals.approve(made.approval_id, CHECKER) is ApprovalOutcome.APPROVED
        return made

    async def once(self, days: int, on: date = TODAY) -> object:
        return (await self.decisions.evaluate("grant", {"days": days}, on)).outputs["once"]


@asynccontextmanager
async def open_bureau(url: str, clock: ManualClock) -> AsyncIterator[Bureau]:
    await Store.upgrade(url)
    store = await Store.open(url)
    proposals = Proposals(store, clock)
    decisions = Decisions(store, clock, proposals, USES)
    approvals = Approvals(
        store,
        clock,
        Settings(),
        roles={TABLE_KIND: "benefits_releaser"},
        executors={TABLE_KIND: decisions.publish},
        refusers={TABLE_KIND: decisions.refused},
    )
    yield Bureau(decisions, approvals, clock)
    await store.close()


@pytest.fixture
async def bureau(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bureau]:
    """On SQLite only, for what the database does not change."""
    async with open_bureau(f"sqlite:///{tmp_path / 'quick.db'}", clock) as made:
        yield made


@pytest.fixture
async def each_bureau(database_url: str, clock: ManualClock) -> AsyncIterator[Bureau]:
    """On both kinds of database."""
    async with open_bureau(database_url, clock) as made:
        yield made


async def test_shipped_tables_are_published_once(bureau: Bureau) -> None:
    assert await bureau.decisions.ship() == 10
    assert await bureau.decisions.ship() == 0

    found = await bureau.decisions.evaluate("sickness_amount", {"days": 5}, TODAY)

    assert (found.outputs, found.rows, found.explanation) == ({"percent": 100, "once": 0}, (1,), "row 1: days is 5")
    version = await bureau.decisions.version(found.version)
    assert version is not None
    assert (version.is_shipped, version.state) == (True, VersionState.PUBLISHED)


async def test_a_version_is_asked_only_after_a_second_person(each_bureau: Bureau) -> None:
    made = await each_bureau.decisions.propose(grant(10), "spring", "stf_maryam")
    assert isinstance(made, Version)
    with pytest.raises(NotFound):
        await each_bureau.once(4)

    own = StaffRef("stf_maryam", CHECKER.roles)
    assert await each_bureau.approvals.approve(made.approval_id, own) is ApprovalOutcome.MAKER_IS_CHECKER
    assert await each_bureau.approvals.approve(made.approval_id, CHECKER) is ApprovalOutcome.APPROVED

    assert await each_bureau.once(4) == 10
    stands = await each_bureau.decisions.version(made.id)
    assert stands is not None
    assert (stands.state, stands.maker, stands.checker) == (VersionState.PUBLISHED, "stf_maryam", CHECKER.id)
    assert await each_bureau.decisions.refused(made.id, made.approval_id) == "published"


async def test_a_refused_version_is_never_asked(bureau: Bureau) -> None:
    await bureau.published(grant(10))
    made = await bureau.decisions.propose(grant(20), "", "stf_maryam")
    assert isinstance(made, Version)

    assert await bureau.approvals.reject(made.approval_id, CHECKER, "too much") is ApprovalOutcome.REJECTED

    assert await bureau.once(4) == 10
    assert await bureau.decisions.publish(made.id, made.approval_id) == "refused"


async def test_the_day_decides_between_versions(each_bureau: Bureau) -> None:
    await each_bureau.published(grant(10))
    await each_bureau.published(grant(20, begins="2026-12-01", until="2026-12-31"))
    await each_bureau.published(grant(15, begins="2026-06-01", until="2026-06-30"))

    days = [date(2026, 1, 1), date(2026, 6, 15), TODAY, date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)]

    assert [await each_bureau.once(4, day) for day in days] == [10, 15, 10, 20, 20, 10]
    assert [await each_bureau.once(3, day) for day in days] == [0] * 6
    with pytest.raises(NotFound):
        await each_bureau.once(4, date(2025, 12, 31))


async def test_another_process_asks_the_new_version_at_once(bureau: Bureau, tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'quick.db'}")
    other = Decisions(store, bureau.clock, Proposals(store, bureau.clock), USES)
    await bureau.published(grant(10))
    assert (await other.evaluate("grant", {"days": 4}, TODAY)).outputs == {"once": 10}

    await bureau.published(grant(20))

    assert (await other.evaluate("grant", {"days": 4}, TODAY)).outputs == {"once": 20}
    await store.close()


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (b"table,grant\nrow", [Problem.MISSING]),
        (grant(10).replace(b"row,-,0", b"row,<3,0"), [Problem.GAP]),
        (grant(10).replace(b"example,4,10", b"example,4,11"), [Problem.EXAMPLE]),
        (grant(10).replace(b"days,once", b"age,once"), [Problem.UNKNOWN_INPUT]),
        (grant(10).replace(b"days,once", b"days,sum"), [Problem.MISSING_OUTPUT]),
        (grant(10).replace(b"hit,F", b"hit,C").replace(b"example,4,10", b"example,4,10|0"), [Problem.BAD_HIT]),
        (grant(1001), [Problem.OUTSIDE]),
    ],
)
async def test_what_is_wrong_is_never_proposed(bureau: Bureau, body: bytes, problems: list[Problem]) -> None:
    found = await bureau.decisions.propose(body, "", "stf_maryam")

    assert isinstance(found, list)
    assert [one.problem for one in found] == problems
    assert await bureau.decisions.list_versions() == []


async def test_a_dry_run_shows_what_would_change(bureau: Bureau) -> None:
    @dataclass
    class Asked:
        async def cases(self, table: str, *, limit: int) -> Sequence[Inputs]:
            assert (table, limit > 0) == ("grant", True)
            return [{"days": 7}, {"days": 1}]

    await bureau.published(grant(10))
    made = await bureau.decisions.propose(grant(20, more="example,9,20\n"), "", "stf_maryam")
    assert isinstance(made, Version)

    found = await bureau.decisions.dry_run(made.id, Asked())

    assert found[0].inputs == {"days": 7}
    assert {one.inputs["days"] for one in found} == {4, 7, 9}
    assert all(
        one.before and one.after and (one.before.outputs["once"], one.after.outputs["once"]) == (10, 20)
        for one in found
    )


async def test_what_a_file_says_is_kept_to_the_byte(bureau: Bureau) -> None:
    body = b"\xef\xbb\xbf" + grant(10).replace(b"\n", b"\r\n")

    made = await bureau.published(body)

    assert await bureau.decisions.body(made.id) == body
    with pytest.raises(NotFound):
        await bureau.decisions.body("dtv_none")
