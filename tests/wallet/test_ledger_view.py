"""What a writer goes on with between its groups: whatever goes wrong, it never believes more than the book has."""

from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.wallet.books import CHART, fund, opened, send
from wallet.clock import ManualClock
from wallet.ledger import Ledger, engines, store, view
from wallet.transfers import Outcome

MAX = 3


async def test_a_group_that_a_bug_ends_half_way_leaves_no_figures_behind(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.post(fund(clock, 100))
    with monkeypatch.context() as patch:
        patch.setattr(store, "booked_leaf", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await ledger.post(send(clock, 70))

    (result,) = await ledger.post(send(clock, 80))

    assert result.outcome is Outcome.POSTED


async def test_a_server_that_a_failover_left_behind_is_not_read_ahead(postgres_url: str, clock: ManualClock) -> None:
    """Its connection may live on in a writer whose groups go to the new primary already."""
    behind = make_url(postgres_url).set(database=f"{make_url(postgres_url).database}_behind")
    async with opened(postgres_url, clock) as ledger:
        await ledger.post(fund(clock, 100))
    admin = await asyncpg.connect(host=str(behind.query["host"]), user="tapdial", database="postgres")
    try:
        await admin.execute(f"CREATE DATABASE {behind.database} TEMPLATE {make_url(postgres_url).database}")
        old = engines.connect(behind.render_as_string(hide_password=False))
        async with opened(postgres_url, clock) as ledger:
            await ledger.post(fund(clock, 50))
        async with opened(postgres_url, clock) as ledger:
            own = ledger._writer._engines
            ledger._writer._engines = replace(own, ahead=old.ahead)

            (result,) = await ledger.post(send(clock, 120))

            verified = await ledger.verify()
        await old.close()
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {behind.database} WITH (FORCE)")
        await admin.close()
    assert (result.outcome, verified.finding) == (Outcome.POSTED, None)


async def test_asking_again_for_many_accounts_is_not_remembered_for_ever(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "ACCOUNTS_MAX", MAX)
    people = [CHART.account("wallet", f"per_{number}") for number in range(4 * MAX)]
    await ledger.open_accounts(*people)
    asked = [replace(fund(clock, 1), credit=person.id) for person in people]
    await ledger.post(*asked)

    for transfer in asked * 2:
        (again,) = await ledger.post(transfer)
        assert again.outcome is Outcome.DUPLICATE

    known = ledger._writer._view
    assert known is not None
    assert len(known.accounts) <= MAX + 2
