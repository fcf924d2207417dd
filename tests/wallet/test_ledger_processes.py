"""Several gateways on one PostgreSQL: three processes post, one of them SERIALIZABLE, while others stand in their way.

The server is made to answer 40001 (a serializable writer waited for a row that changed), 40P01 (a deadlock with a
session from outside) and 57P01 (a connection ended by an administrator), and its log says how often it did. Run as a
module this file is one of the processes: it posts a fixed number of calls and prints what it was answered.
"""

import asyncio
import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tests import postgres
from tests.wallet.books import ALICE, BANK, CHART, end, fund, hold, opened, send
from wallet.clock import SystemClock
from wallet.ids import TransferId
from wallet.ledger import Ledger
from wallet.transfers import LogRow, Outcome, Transfer, TransferKind

ROOT = Path(__file__).parents[2]
PROCESSES = ("tapdial", "tapdial", "serial")
"""The database's user of each process; whatever `serial` begins is serializable."""
CALLERS, CALLS, PEOPLE = 40, 30, 60
SETTINGS = ("log_line_prefix=%e|", "deadlock_timeout=300ms", "fsync=on")
_PEOPLE = [CHART.account("wallet", f"per_{number}") for number in range(PEOPLE)]
CROSSWISE = f"""
BEGIN; SELECT FROM wallet.account WHERE id = '{BANK.id}' FOR UPDATE;
SELECT FROM wallet.head WHERE id = 1 FOR UPDATE; COMMIT
"""  # noqa: S608 - only a name of ours
END_ONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ '^(INSERT|UPDATE|DELETE)|FOR UPDATE' LIMIT 1
"""


def calls(clock: SystemClock, caller: int) -> Iterator[list[Transfer]]:
    """Among all people, to and from one account that everybody uses, in chains, and by holds."""
    for number in itertools.count(caller):
        one, other = _PEOPLE[number % PEOPLE], _PEOPLE[(number * 7 + 3) % PEOPLE]
        if one is other:
            continue
        gift = replace(fund(clock, 9), credit=one.id)
        passed_on = replace(send(clock, 5), debit=one.id, credit=other.id)
        match number % 3:
            case 0:
                yield [gift, passed_on]
            case 1:
                # The second of the chain may lack the money: then the first did not happen.
                yield [fund(clock, 4, linked=True), replace(send(clock, 4 + number % 2 * 10**12), credit=other.id)]
            case _:
                reserved = replace(hold(clock, 6, clock.now() + timedelta(hours=1)), debit=one.id, credit=ALICE.id)
                yield [gift, reserved, end(clock, reserved, TransferKind.CAPTURE, 2)]


async def post_all(url: str) -> None:
    clock = SystemClock()
    ledger = await Ledger.open(url, clock)

    async def call(caller: int) -> None:
        for asked in itertools.islice(calls(clock, caller), CALLS):
            for result in await ledger.post(*asked):
                sys.stdout.write(f"{result.transfer.id} {result.outcome.name}\n")

    async with asyncio.TaskGroup() as tasks:
        for caller in range(CALLERS):
            tasks.create_task(call(caller))
    await ledger.close()


async def answers_of(url: str) -> dict[TransferId, str]:
    """Run one process to its end; what it was answered. A fault would end it early and unhappily."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.wallet.test_ledger_processes", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    pairs = [line.split() for line in out.decode().splitlines()]
    assert len(pairs) == len(dict(pairs)), "one id was answered twice"
    return {TransferId(UUID(name)): outcome for name, outcome in pairs}


async def follow(ledger: Ledger, after: int, is_over: asyncio.Event) -> list[LogRow]:
    """Copy the log from somewhere on until nothing more comes."""
    copy: list[LogRow] = []
    while True:
        over = is_over.is_set()
        page = await ledger.follow(after=copy[-1].position if copy else after, limit=17 + after % 100)
        copy += page
        if not page and over:
            return copy
        await asyncio.sleep(0.005)


async def stand_in_the_way(url: str, is_over: asyncio.Event) -> None:
    """Lock what everybody moves and then the head, the wrong way round; and end the connection of a writer."""
    connection = await asyncpg.connect(url)
    try:
        # The writers' deadlocks are found long before ours, so that it is a writer who is refused.
        await connection.execute("SET deadlock_timeout = '20s'")
        for _ in range(3):
            # In one go: a writer looks for a deadlock once, a moment after it began to wait.
            await connection.execute(CROSSWISE)
            while not await connection.fetchval(END_ONE):  # noqa: ASYNC110 - other processes come and go
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
        is_over.set()


@pytest.mark.rig
async def test_three_processes_post_while_the_server_refuses_and_ends_them() -> None:
    with postgres.server(*SETTINGS) as folder:
        url = f"postgresql://tapdial@/postgres?host={folder}"
        admin = await asyncpg.connect(url)
        await admin.execute("CREATE ROLE serial LOGIN SUPERUSER")
        await admin.execute("ALTER ROLE serial SET default_transaction_isolation = 'serializable'")
        await admin.close()
        async with opened(url, SystemClock()) as ledger:
            await ledger.open_accounts(*_PEOPLE)
            is_over, is_done = asyncio.Event(), asyncio.Event()
            async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(answers_of(url.replace("tapdial@", f"{user}@"))) for user in PROCESSES]
                followers = [tasks.create_task(follow(ledger, after, is_done)) for after in (0, 1, 77, 1000)]
                while (await ledger.head()).position < 500:  # noqa: ASYNC110 - other processes move it
                    await asyncio.sleep(0.02)
                tasks.create_task(stand_in_the_way(url, is_over))
                await asyncio.wait(running)
                await is_over.wait()
                is_done.set()
            answers = {name: outcome for task in running for name, outcome in task.result().items()}
            copies = [task.result() for task in followers]
            verified = await ledger.verify()
        log = (Path(folder) / "log").read_text("utf-8")

    assert verified.finding is None, str(verified.finding)
    whole = copies[0]
    assert [row.position for row in whole] == list(range(1, verified.transfers + 1))
    for after, copy in zip((1, 77, 1000), copies[1:], strict=True):
        assert copy == whole[after:]
    posted = {name for name, outcome in answers.items() if outcome == Outcome.POSTED.name}
    assert posted == {row.transfer.id for row in whole}
    assert len(answers) > len(PROCESSES) * CALLERS * CALLS * 2
    assert set(answers.values()) == {"POSTED", "LINKED_FAILED", "INSUFFICIENT_FUNDS"}
    counted = {state: len(re.findall(rf"^{state}\|(?:ERROR|FATAL):", log, re.MULTILINE)) for state in STATES}
    sys.stdout.write(f"answered {len(answers)} calls; refused by SQLSTATE: {counted}\n")
    assert all(counted.values()), counted
    assert counted["40P01"] <= 10


STATES = ("40001", "40P01", "57P01")

if __name__ == "__main__":
    asyncio.run(post_all(sys.argv[1]))
