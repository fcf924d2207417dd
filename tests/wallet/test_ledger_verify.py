"""The check knows every rule by itself: a forger who seals the whole chain anew is still named, however it is cut."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallet.books import ALICE, BOB, end, fund, hold, opened, send
from tests.wallet.reseal import reseal
from tests.wallet.sql import execute, unguard
from wallet.accounts import AccountChange, AccountState, Limits
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt, LedgerUnavailable
from wallet.ids import TransferId
from wallet.ledger import Ledger, Verified, chain, rows
from wallet.ledger.book import Booked
from wallet.ledger.check import leaves
from wallet.ledger.check.track import Opening, Standing, Terms, Touched
from wallet.ledger.verify import Plan, verify
from wallet.money import irr
from wallet.periods import PeriodClose, PeriodState
from wallet.transfers import Balances, BalancesAfter, Balancing, Transfer, TransferCode, TransferKind

SUNDAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def threads(count: int) -> Executor:
    return ThreadPoolExecutor(count)


def cut(portion: int) -> Plan:
    """Runs of so many transfers or blocks, folded apart from each other."""
    return Plan(portion=portion, processes=2, pool=threads)


async def rich_history(ledger: Ledger, clock: ManualClock) -> None:
    """Every kind of row: sixteen transfers, a refusal, changes of accounts, a day that was closed."""
    expires = clock.now() + timedelta(minutes=1)
    held, sent = hold(clock, 10, expires), send(clock, 30)
    await ledger.post(fund(clock, 100), sent)  # 1, 2 in block 2
    await ledger.post(held)  # 3
    await ledger.post(end(clock, held, TransferKind.CAPTURE, 7), send(clock, 5000))  # 4 and a refusal in block 4
    await ledger.post(hold(clock, 3, expires))  # 5
    await ledger.post(send(clock, 1, linked=True), send(clock, 2))  # 6, 7 in block 6
    back = replace(send(clock, 5), debit=BOB.id, credit=ALICE.id, kind=TransferKind.REVERSE, cites=sent.id)
    await ledger.post(back)  # 8
    await ledger.post(replace(send(clock, 4), cites=sent.id))  # 9
    await ledger.post(replace(send(clock, 900), balancing=Balancing.DEBIT))  # 10
    await ledger.change(AccountChange(BOB.id, "stf_1", state=AccountState.FROZEN))  # block 10
    await ledger.change(AccountChange(BOB.id, "stf_1", state=AccountState.OPEN, limits=Limits(0, 1000)))  # block 11
    clock.advance(DAY)
    await ledger.expire_holds()  # 11 in block 12, the EXPIRE of 5
    await ledger.post(fund(clock, 50))  # 12
    await ledger.close_period(PeriodClose(SUNDAY, PeriodState.SOFT, "stf_1"))  # block 14
    await ledger.post(replace(send(clock, 6), effective_on=SUNDAY, cites=sent.id))  # 13
    await ledger.close_period(PeriodClose(SUNDAY, PeriodState.CLOSED, "stf_1"))  # block 16
    await ledger.post(replace(send(clock, 2), effective_on=SUNDAY + DAY))  # 14
    later = hold(clock, 4, clock.now() + timedelta(hours=1))
    await ledger.post(later)  # 15
    await ledger.post(end(clock, later, TransferKind.VOID))  # 16


async def test_a_sound_book_is_sound_however_it_is_cut(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        await rich_history(ledger, clock)

        whole = await ledger.verify()

        assert whole.finding is None, str(whole.finding)
        assert _counts(whole) == (16, 1, 6, 2, 19, 4)
        for portion in (1, 2, 3, 5):
            assert await verify(database_url, None, cut(portion)) == whole


def _counts(found: Verified) -> tuple[int, ...]:
    return found.transfers, found.refusals, found.changes, found.periods, found.blocks, found.accounts


ALICE_ROW, BOB_ROW = f"account_change {ALICE.code}", f"account_change {BOB.code}"
_ID_AT = "(SELECT id FROM transfer WHERE position = {})"
FORGERIES = [
    ("UPDATE transfer SET leg = 2 WHERE position = 7", "transfer 7", "entry"),
    ("UPDATE transfer SET linked = 1 WHERE position = 7", "transfer 7", "no end"),
    ("UPDATE transfer SET linked = 0 WHERE position = 6", "transfer 7", "entry"),
    ("UPDATE transfer SET booked_at = booked_at - 1 WHERE position = 12", "transfer 12", "block"),
    ("UPDATE transfer SET credit_version = credit_version + 1 WHERE position = 1", "transfer 1", "follow"),
    ("UPDATE transfer SET debit_debits_held = 0 WHERE position = 5", "transfer 5", "follow"),
    ("UPDATE transfer SET code = 999 WHERE position = 2", "transfer 2", "reason"),
    ("UPDATE transfer SET kind = 'reverse' WHERE position = 2", "transfer 2", "takes back"),
    ("UPDATE transfer SET kind = 'hold' WHERE position = 2", "transfer 2", "expiry"),
    ("UPDATE transfer SET expires_at = booked_at WHERE position = 3", "transfer 3", "ahead"),
    ("UPDATE transfer SET expires_at = booked_at + 1 WHERE position = 2", "transfer 2", "expiry"),
    ("UPDATE transfer SET expires_at = expires_at + 86400000000 WHERE position = 5", "transfer 11", "early"),
    ("UPDATE transfer SET kind = 'capture' WHERE position = 11", "transfer 11", "late"),
    ("UPDATE transfer SET kind = 'void' WHERE position = 4", "transfer 4", "differs from its hold"),
    ("UPDATE transfer SET hold_id = @2 WHERE position = 4", "transfer 4", "no open hold"),
    (
        "DROP INDEX transfer_hold; UPDATE transfer SET hold_id = @5 WHERE position = 4",
        "transfer 4",
        "no open hold",
    ),
    (
        "DROP INDEX transfer_hold; UPDATE transfer SET hold_id = @3 WHERE position = 16",
        "transfer 16",
        "no open hold",
    ),
    ("DROP INDEX transfer_hold; UPDATE transfer SET hold_id = @15 WHERE position = 2", "transfer 2", "hold"),
    ("UPDATE transfer SET cites = @6 WHERE position = 8", "transfer 8", "than was moved"),
    ("UPDATE transfer SET cites = @1 WHERE position = 8", "transfer 8", "differs from what"),
    ("UPDATE transfer SET cites = @3 WHERE position = 8", "transfer 8", "differs from what"),
    ("UPDATE transfer SET cites = @12 WHERE position = 8", "transfer 8", "earlier"),
    ("UPDATE transfer SET cites = @9 WHERE position = 9", "transfer 9", "earlier"),
    ("UPDATE transfer SET cites = entry_id WHERE position = 3", "transfer 3", "cites nothing"),
    ("UPDATE transfer SET cites = NULL WHERE position = 13", "transfer 13", "soft-closed"),
    ("UPDATE transfer SET effective_on = '2026-11-22' WHERE position = 14", "transfer 14", "a closed period"),
    ("UPDATE transfer SET asked = amount - 1 WHERE position = 10", "transfer 10", "asked"),
    ("UPDATE transfer SET asked = NULL WHERE position = 10", "transfer 10", "asked"),
    ("UPDATE transfer SET balancing = NULL WHERE position = 10", "transfer 10", "asked"),
    ("UPDATE transfer SET balancing = 'credit', asked = 10 WHERE position = 4", "transfer 4", "balance"),
    ("UPDATE account_change SET state = 'frozen' WHERE block = 1 AND place = 2", ALICE_ROW, "allow"),
    ("UPDATE account_change SET state = 'ajar' WHERE block = 1 AND place = 2", ALICE_ROW, "read"),
    ("UPDATE account SET opened_at = opened_at - 1 WHERE owner = 'per_alice'", ALICE_ROW, "allow"),
    ("UPDATE account_change SET credit_excess_max = 5 WHERE block = 1 AND place = 3", "transfer 2", "limits"),
    ("UPDATE account_change SET credit_excess_max = 5 WHERE block = 11", BOB_ROW, "allow"),
    ("UPDATE account_change SET credit_excess_max = 105 WHERE block = 11", "transfer 15", "limits"),
    ("UPDATE account_change SET state = 'closed' WHERE block = 10", BOB_ROW, "allow"),
    ("UPDATE account_change SET state = 'frozen' WHERE block = 11", "transfer 13", "not open"),
    ("UPDATE account_change SET changed_at = changed_at + 1 WHERE block = 10", BOB_ROW, "block"),
    ("UPDATE account_change SET place = 1 WHERE block = 10", BOB_ROW, "place"),
    ("UPDATE refusal SET outcome = 0", "refusal", "no refusal"),
    ("UPDATE refusal SET refused_at = refused_at + 1", "refusal", "block"),
    ("UPDATE refusal SET place = 1", "refusal", "place"),
    ("UPDATE refusal SET id = @16", "refusal", "in the book too"),
    ("UPDATE block SET booked_at = 1 WHERE number = 4", "block 4", "older"),
    ("UPDATE block SET lag_us = -1 WHERE number = 4", "block 4", "older"),
    ("UPDATE block SET first_position = first_position + 1 WHERE number = 4", "block 4", "start"),
    ("UPDATE block SET refusals = 0 WHERE number = 4", "block 4", "refusals"),
    ("UPDATE block SET changes = 1 WHERE number = 4", "block 4", "changes"),
    ("UPDATE period SET through = '2026-11-21' WHERE state = 'soft'", "period closed", "follow"),
    ("UPDATE period SET through = '2026-11-23' WHERE state = 'closed'", "period closed", "follow"),
    ("UPDATE period SET position = 99 WHERE state = 'closed'", "period closed", "follow"),
    ("UPDATE period SET closed_at = closed_at + 1 WHERE state = 'soft'", "period soft", "block"),
    ("UPDATE period SET seal = leaf WHERE state = 'closed'", "period closed 2026-11-22", "trial balance"),
    ("UPDATE period SET place = 1 WHERE state = 'soft'", "period soft", "place"),
    ("UPDATE head SET closed_through = NULL", "head 1", "periods"),
    ("UPDATE open_hold SET expires_at = 1", "open_hold", "log has it"),
]
"""Statements, in which @7 is the id of the transfer at position 7, the row that is found, and the rule."""


@pytest.fixture
async def forged_url(
    request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """A copy of a rich history, which is made once for each engine, without its guards."""
    make = {"sqlite": _sqlite_copy, "postgresql": _postgresql_copy}[request.param]
    async with make(request, clock, tmp_path, tmp_path_factory) as url:
        await execute(url, *unguard(url))
        yield url


_MADE: dict[str, Path | str] = {}


async def _make(url: str, clock: ManualClock) -> None:
    async with opened(url, clock) as ledger:
        await rich_history(ledger, clock)
        await ledger.post(hold(clock, 1, clock.now() + DAY))  # 17


@asynccontextmanager
async def _sqlite_copy(
    _request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    if "sqlite" not in _MADE:
        _MADE["sqlite"] = tmp_path_factory.mktemp("rich") / "wallet.db"
        await _make(f"sqlite:///{_MADE['sqlite']}", clock)
    shutil.copy(_MADE["sqlite"], tmp_path / "wallet.db")
    yield f"sqlite:///{tmp_path / 'wallet.db'}"


@asynccontextmanager
async def _postgresql_copy(
    request: pytest.FixtureRequest, clock: ManualClock, _tmp_path: Path, _factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    socket = str(request.getfixturevalue("postgres_socket"))
    admin = await asyncpg.connect(host=socket, user="tapdial", database="postgres")
    try:
        if "postgresql" not in _MADE:
            _MADE["postgresql"] = f"rich_{os.getpid()}"
            await admin.execute(f"CREATE DATABASE {_MADE['postgresql']}")
            await _make(f"postgresql://tapdial@/{_MADE['postgresql']}?host={socket}", clock)
        name = f"forged_{os.getpid()}"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_MADE['postgresql']}")
        yield f"postgresql://tapdial@/{name}?host={socket}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.mark.parametrize(("forgery", "row", "what"), FORGERIES, ids=[forgery for forgery, _, _ in FORGERIES])
@pytest.mark.parametrize("forged_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_forger_who_seals_anew_is_named_by_the_rule(forged_url: str, forgery: str, row: str, what: str) -> None:
    await execute(forged_url, *re.sub(r"@(\d+)", lambda at: _ID_AT.format(at[1]), forgery).split("; "))
    await reseal(forged_url)

    found = (await Ledger.verify_at(forged_url)).finding

    assert str(found).startswith(row), str(found)
    assert found is not None
    assert what in found.what
    assert (await verify(forged_url, None, cut(6))).finding == found


async def test_processes_that_fold_apart_find_what_one_finds(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock) as ledger:
        await rich_history(ledger, clock)
        seen: list[tuple[int, int]] = []
        plan = Plan(portion=6, processes=2)

        found = await verify(database_url, lambda done, total: seen.append((done, total)), plan)
        await execute(database_url, *unguard(database_url), "UPDATE transfer SET cause = 'x' WHERE position = 13")
        forged = await verify(database_url, None, plan)

        assert _counts(found) == (16, 1, 6, 2, 19, 4)
        assert seen == sorted(seen)
        assert seen[-1] == (16, 16)
        assert str(forged.finding) == "transfer 13: its content is not what was sealed"


async def test_a_copy_is_read_without_being_written(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "copy.db"
    with pytest.raises(LedgerUnavailable):
        await Ledger.verify_at(f"sqlite:///{path}")
    assert not path.exists()
    async with opened(f"sqlite:///{path}", clock) as ledger:
        await rich_history(ledger, clock)
    before = path.read_bytes()
    path.chmod(0o400)

    found = await Ledger.verify_at(f"sqlite:///{path}")

    assert (found.finding, found.transfers) == (None, 16)
    assert path.read_bytes() == before


async def test_a_book_of_another_version_is_not_read(database_url: str, clock: ManualClock) -> None:
    async with opened(database_url, clock):
        pass
    await execute(database_url, "UPDATE schema_version SET version = 99")

    with pytest.raises(LedgerCorrupt):
        await Ledger.verify_at(database_url)


_ids = st.uuids()
_figures = st.builds(Balances, *[st.integers(0, 2**62)] * 5)
_transfers = st.builds(
    Transfer,
    id=_ids.map(TransferId), debit=_ids, credit=_ids, amount=st.integers(1, 2**62).map(irr),
    code=st.sampled_from(TransferCode), cause=st.text(min_size=1, max_size=9), kind=st.sampled_from(TransferKind),
    hold_id=st.none() | _ids, expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    effective_on=st.none() | st.dates(), linked=st.booleans(), cites=st.none() | _ids,
    balancing=st.sampled_from(Balancing), asked_minor=st.none() | st.integers(0, 2**62),
)  # fmt: skip


@given(_transfers, _figures, _figures, st.integers(1, 2**62), st.integers(0, 2**31))
def test_both_encodings_of_a_transfer_give_one_leaf(
    transfer: Transfer, debit: Balances, credit: Balances, position: int, leg: int
) -> None:
    booked = Booked(position, transfer, datetime(2026, 11, 22, tzinfo=UTC), BalancesAfter(debit, credit), _NIL, leg)

    assert leaves.transfer(_as_read(rows.booked_raw(booked, b""))) == chain.booked_leaf(booked)


_NIL = TransferId(UUID(int=0))


def _as_read(raw: rows.Raw) -> tuple[object, ...]:
    """Columns of the table in the order in which the check asks for them, ids and texts as bytes."""
    plain = [one.bytes if isinstance(one, UUID) else one.encode() if isinstance(one, str) else one for one in raw]
    (
        position, id_, entry_id, leg, kind, debit, credit, asset, amount, code, cause, hold_id, expires_at, day,
        linked, booked_at, *figures, leaf, cites, balancing, asked,
    ) = plain  # fmt: skip
    return (
        position, id_, entry_id, leg, linked, debit, credit, amount, code, booked_at, *figures,
        kind, asset, cause, leaf, hold_id, expires_at, day, cites, balancing, asked,
    )  # fmt: skip


OLD = Terms(b"open", 4, None, old=True)


@pytest.mark.parametrize(
    ("peaks", "terms", "moved", "sound"),
    [
        ((5, 0), OLD, True, False),
        ((4, 0), OLD, True, True),
        ((4, 0), OLD._replace(state=b"frozen"), True, True),
        ((4, 0), OLD._replace(old=False), True, False),
        ((0, 0), OLD._replace(old=False), False, True),
        ((0, 0), Terms(b"frozen", None, None), False, False),
    ],
)
def test_an_account_of_an_old_book_may_have_moved_within_its_limits_before_its_opening(
    peaks: tuple[int, int], terms: Terms, *, moved: bool, sound: bool
) -> None:
    before = Standing(b"IRR", (5, 5, 0, 0, 2) if moved else (0, 0, 0, 0, 0), None, peaks)
    opening = Opening(terms, in_time=True, moved=False)
    run = Touched(b"IRR", None, None, (0, 0), False, opening, (terms,), terms)

    assert run.follows(before) is sound
