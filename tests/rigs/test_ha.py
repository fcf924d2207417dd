"""The cluster of deploy/ha rehearsed under load: machines lost, leadership handed over, nodes rebuilt, backups read.

Run with `-s` to see the figures. `HYPOTHESIS_PROFILE=soak` is the long form: more losses, of more kinds.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.ha import backups, cluster, database, members, processes
from deploy.ha.plan import Plan
from tests.rigs.ha_load import Load, loaded, must_hold, say

pytestmark = [pytest.mark.rig, pytest.mark.timeout(3000)]

ROOT = Path(__file__).parents[2]
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
TTL_S = 20
RESUME_S = TTL_S + 5
LOSSES = range(10) if SOAK else range(1)
NOTICED_S = 5
ENOUGH = 400


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    """A cluster of this module; nothing runs any more when it is over."""
    # Below /tmp whatever TMPDIR says, since the nodes' user must be able to enter it.
    home = Path(tempfile.mkdtemp(prefix="tdha", dir="/tmp"))
    plan = Plan(home, free_ports())
    try:
        ha(plan, "up", "--detach", "--port", str(plan.port))
        yield plan
        ha(plan, "down")
        assert cluster.running(plan) == []
    finally:
        cluster.down(plan)
        shutil.rmtree(home)


def free_ports() -> int:
    for first in range(21_000, 31_000, 100):
        try:
            for port in Plan(Path(), first).ports:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def ha(plan: Plan, *words: str) -> str:
    """A command of the cluster, as a person would type it."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.ha", *words, "--home", plan.home],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    logs = {path.name: path.read_text("utf-8", "replace")[-1500:] for path in (plan.home / "log").glob("*.log")}
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}{logs if done.returncode else ''}"
    return done.stdout


async def commanded(plan: Plan, *words: str) -> str:
    return await asyncio.to_thread(ha, plan, *words)


def door(plan: Plan) -> str:
    return database.url(plan, plan.primary_port)


def leader(plan: Plan) -> str:
    found = members.leader(plan)
    assert found is not None
    return found.name


async def resumed(load: Load, since: float) -> float:
    """Waits until the load goes on after what happened at `since`; the seconds without an answer."""
    await load.until(1, 2 * RESUME_S)
    await load.until(ENOUGH, 2 * RESUME_S)
    return load.silence_s(since)


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_lost_primary_is_replaced_and_no_acknowledged_transfer_is_lost(plan: Plan, loss: int) -> None:
    old, copies = leader(plan), copies_made(plan)
    async with loaded(door(plan)) as load:
        killed_at = time.monotonic()
        await commanded(plan, "kill-primary")
        silence_s = await resumed(load, killed_at)
        new = leader(plan)
        await commanded(plan, "start", old)
        await load.until(ENOUGH, 30)
    say(f"loss {loss}: {old} -> {new}, clients resumed after {silence_s:.1f} s")

    assert new != old
    assert silence_s <= RESUME_S
    # It came back by itself, with pg_rewind where it had been ahead, and without a copy of everything.
    assert copies_made(plan) == copies
    await must_hold(door(plan), load)


@pytest.mark.skipif(not SOAK, reason="long form")
async def test_a_primary_that_hangs_and_comes_back_acknowledges_nothing_that_is_lost(plan: Plan) -> None:
    old = leader(plan)
    async with loaded(door(plan)) as load:
        hung_at = time.monotonic()
        cluster.kill(plan, old, signal.SIGSTOP)
        silence_s = await resumed(load, hung_at)
        new = leader(plan)
        cluster.kill(plan, old, signal.SIGCONT)
        await load.until(ENOUGH, 30)
    await asyncio.to_thread(members.wait_whole, plan)
    say(f"{old} hung, {new} leads, clients resumed after {silence_s:.1f} s")

    assert new != old
    assert silence_s <= RESUME_S
    await must_hold(door(plan), load)


@pytest.mark.skipif(not SOAK, reason="long form")
@pytest.mark.parametrize("program", ["patroni", "postgres"])
async def test_a_part_of_the_primary_that_dies_loses_nothing(plan: Plan, program: str) -> None:
    old = plan.node(leader(plan))
    async with loaded(door(plan)) as load:
        process = (
            processes.postmaster(old.data) if program == "postgres" else processes.find(plan, f"patroni-{old.name}")
        )
        assert process is not None
        killed_at = time.monotonic()
        process.send(signal.SIGKILL)
        # The door must notice first; until then a PostgreSQL without its Patroni goes on.
        await asyncio.sleep(NOTICED_S)
        silence_s = await resumed(load, killed_at)
        if program == "patroni":
            await commanded(plan, "start", old.name)
        await load.until(ENOUGH, 30)
    await asyncio.to_thread(members.wait_whole, plan)
    say(f"{program} of {old.name} killed, clients resumed after {silence_s:.1f} s")

    assert silence_s <= RESUME_S
    await must_hold(door(plan), load)


@pytest.mark.skipif(not SOAK, reason="long form")
async def test_without_replicas_the_primary_goes_on_alone(plan: Plan) -> None:
    others = [member.name for member in members.replicas(plan)]
    async with loaded(door(plan)) as load:
        killed_at = time.monotonic()
        for name in others:
            cluster.kill(plan, name)
        await asyncio.sleep(NOTICED_S)
        silence_s = await resumed(load, killed_at)
        for name in others:
            cluster.start_node(plan, name)
        await load.until(ENOUGH, 30)
    await asyncio.to_thread(members.wait_whole, plan)
    say(f"{others} killed, writers went on after {silence_s:.1f} s")

    assert silence_s <= RESUME_S
    await must_hold(door(plan), load)


@pytest.mark.skipif(not SOAK, reason="long form")
async def test_without_etcd_the_primary_goes_on(plan: Plan) -> None:
    members_of_etcd = [processes.find(plan, f"etcd-{node.name}") for node in plan.nodes]
    old = leader(plan)
    async with loaded(door(plan)) as load:
        stopped_at = time.monotonic()
        for process in members_of_etcd:
            assert process is not None
            process.send(signal.SIGSTOP)
        await asyncio.sleep(2 * TTL_S)
        for process in members_of_etcd:
            assert process is not None
            process.send(signal.SIGCONT)
        await load.until(ENOUGH, 30)
    await asyncio.to_thread(members.wait_whole, plan)
    silence_s = load.silence_s(stopped_at)
    say(f"etcd was away for {2 * TTL_S} s, the longest silence was {silence_s:.1f} s")

    assert leader(plan) == old
    assert silence_s <= 5
    await must_hold(door(plan), load)


def copies_made(plan: Plan) -> int:
    logs = ((plan.home / "log" / f"patroni-{node.name}.log").read_text("utf-8") for node in plan.nodes)
    return sum(log.count("replica has been created using") for log in logs)


async def test_a_planned_switchover_costs_clients_seconds(plan: Plan) -> None:
    old = leader(plan)
    async with loaded(door(plan)) as load:
        began = time.monotonic()
        await commanded(plan, "switchover")
        silence_s = await resumed(load, began)
        new = leader(plan)
    await asyncio.to_thread(members.wait_whole, plan)
    say(f"switchover {old} -> {new}, clients resumed after {silence_s:.1f} s")

    assert new != old
    assert silence_s <= 15
    await must_hold(door(plan), load)


async def test_a_synchronous_replica_that_hangs_holds_writers_up_for_a_while(plan: Plan) -> None:
    standby = members.sync_standby(plan)
    assert standby is not None
    async with loaded(door(plan)) as load:
        hung_at = time.monotonic()
        cluster.kill(plan, standby.name, signal.SIGSTOP)
        silence_s = await resumed(load, hung_at)
        cluster.kill(plan, standby.name, signal.SIGCONT)
        await load.until(ENOUGH, 30)
    await asyncio.to_thread(members.wait_whole, plan)
    say(f"{standby.name} hung: writers went on after {silence_s:.1f} s")

    assert silence_s <= RESUME_S
    await must_hold(door(plan), load)


async def test_a_replica_is_copied_anew_while_the_load_goes_on(plan: Plan) -> None:
    replica = next(member for member in members.replicas(plan) if member.role == "replica")
    async with loaded(door(plan)) as load:
        began = time.monotonic()
        await commanded(plan, "rebuild", replica.name)
        took_s = time.monotonic() - began
        await load.until(ENOUGH, 30)
    say(f"{replica.name} rebuilt in {took_s:.1f} s")

    assert load.silence_s(began) <= 10
    await must_hold(door(plan), load)


async def test_a_backup_and_the_archive_restore_any_moment(plan: Plan) -> None:
    await commanded(plan, "backup", "--keep", "2")
    async with loaded(door(plan)):
        pass
    before = await transfers(plan)
    moment = datetime.now(UTC).isoformat(sep=" ")
    await asyncio.sleep(0.5)
    async with loaded(door(plan)):
        pass
    after = await transfers(plan)

    assert counted(await commanded(plan, "restore-drill", "--to", moment)) == before
    report = await commanded(plan, "restore-drill")
    say(report.splitlines()[-1])
    assert counted(report) == after > before


async def test_the_whole_cluster_goes_back_to_a_moment(plan: Plan) -> None:
    before = await transfers(plan)
    moment = datetime.now(UTC).isoformat(sep=" ")
    await asyncio.sleep(0.5)
    async with loaded(door(plan)):
        pass
    await asyncio.to_thread(backups.flush_log, plan)
    await commanded(plan, "down")
    await commanded(plan, "restore", "--to", moment)

    assert await transfers(plan) == before
    async with loaded(door(plan)) as load:
        await load.until(ENOUGH, 30)
    await must_hold(door(plan), load)


async def test_old_backups_go_and_the_log_that_only_they_need(plan: Plan) -> None:
    await commanded(plan, "backup", "--keep", "1")

    assert len(list(plan.backups.iterdir())) == 1
    assert counted(await commanded(plan, "restore-drill")) == await transfers(plan)


async def test_the_books_are_verified_on_a_replica(plan: Plan) -> None:
    done = await asyncio.to_thread(database.tapdial, plan, database.url(plan, plan.replicas_port), "ledger", "verify")

    assert done.returncode == 0, done.stdout + done.stderr
    assert counted(done.stdout) == await transfers(plan)


def counted(report: str) -> int:
    found = re.search(r"(\d+) transfers", report)
    assert found is not None, report
    return int(found[1])


async def transfers(plan: Plan) -> int:
    script = "\\connect tapdial\nSELECT count(*) FROM wallet.transfer;"
    return int(await asyncio.to_thread(database.psql, plan, plan.primary_port, script))
