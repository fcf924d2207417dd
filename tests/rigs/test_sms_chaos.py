"""Chaos between outbox and SMSC: both are killed again and again, answers are lost, doubled and refused.

At the end the SMSC's own log says what it took; every notice's state must agree with it and with its class's policy.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bench.ussd_house import free_port
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.notices import (
    Channel,
    Notice,
    NoticeClass,
    Notices,
    NoticeState,
    NoticeValue,
    Outbox,
    Prepared,
    Words,
)
from gateway.services.notices.rules import POLICIES
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from tests.rigs.chaos_gateway import PASSPHRASE
from wallet.clock import SystemClock
from wallet.money import irr

ROOT = Path(__file__).parents[2]
MESSAGES = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 10_000
KILLS = 20
"""Of each side."""
KILLED_WITHIN = 0.6
"""The share of the messages by which the last kill has come."""
SMSC_AWAY_S = 0.03
STALLED_S = 60
CLASSES = (NoticeClass.TAP_PAID, NoticeClass.BENEFIT_PAID, NoticeClass.ONE_TIME_CODE)
"""Once, once more, and up to twice more."""

pytestmark = [pytest.mark.rig, pytest.mark.timeout(3600 if MESSAGES > 10_000 else 600)]


@dataclass
class Town:
    """The processes of both sides."""

    url: str
    folder: Path
    port: int = field(default_factory=free_port)
    smsc: "subprocess.Popen[bytes] | None" = None
    nursery: "subprocess.Popen[str] | None" = None
    gateways: list[int] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "smsc.log"

    def start_smsc(self) -> None:
        words = [sys.executable, "-m", "tests.rigs.chaos_smsc", str(self.port), str(self.log)]
        self.smsc = subprocess.Popen(words, cwd=ROOT)

    def kill_smsc(self) -> None:
        assert self.smsc is not None
        self.smsc.kill()
        self.smsc.wait()

    def start_nursery(self) -> None:
        words = [sys.executable, "-m", "tests.rigs.chaos_gateway", self.url, str(self.port), str(self.folder / "keys")]
        self.nursery = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def start_gateway(self) -> None:
        assert self.nursery is not None
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write("\n")
        self.nursery.stdin.flush()
        self.gateways.append(int(self.nursery.stdout.readline()))

    def end_gateway(self, number: signal.Signals) -> None:
        """The one that runs longest."""
        os.kill(self.gateways.pop(0), number)

    def events(self) -> list[tuple[str, str]]:
        """Kind and destination of everything that the SMSC has written."""
        lines = self.log.read_text("ascii").splitlines() if self.log.exists() else []
        return [(kind, dest) for kind, dest, _ in (line.split(" ") for line in lines)]

    def taken(self) -> int:
        return self.log.read_bytes().count(b"T") if self.log.exists() else 0


@contextmanager
def town_of(url: str, folder: Path) -> Iterator[Town]:
    town = Town(url, folder)
    town.start_smsc()
    town.start_nursery()
    try:
        yield town
    finally:
        for pid in town.gateways:
            os.kill(pid, signal.SIGKILL)
        town.kill_smsc()
        assert town.nursery is not None
        town.nursery.kill()
        town.nursery.communicate()


async def fill(store: Store, notices: Notices) -> None:
    """A backlog of every class, mixed."""
    values: Mapping[str, NoticeValue] = {"amount": irr(5000), "at": SystemClock().now()}
    for start in range(0, MESSAGES, 500):
        prepared = [
            await notices.prepare(
                Notice(
                    f"clm_{number}", CLASSES[number % 3], f"+98912{number:07d}", f"per_{number}", "en", values,
                    {"code": "739215"},
                )
            )
            for number in range(start, start + 500)
        ]  # fmt: skip

        def put(tx: Connection, prepared: Sequence[Prepared] = prepared) -> int:
            return sum(notices.put(tx, one) for one in prepared)

        assert await store.write(put) == 500


async def wreak(town: Town) -> None:
    """Kill one side after the other as the messages go through, the gateway sometimes while the SMSC is away."""
    step = int(MESSAGES * KILLED_WITHIN / KILLS)
    for kill in range(KILLS):
        await reached(town, (kill + 1) * step - step // 2)
        town.end_gateway(signal.SIGKILL)
        town.start_gateway()
        await reached(town, (kill + 1) * step)
        town.kill_smsc()
        await asyncio.sleep(SMSC_AWAY_S * (kill % 4))
        town.start_smsc()


async def reached(town: Town, taken: int) -> None:
    async with asyncio.timeout(STALLED_S):
        while town.taken() < taken:  # noqa: ASYNC110 - another process writes a file
            await asyncio.sleep(0.05)


async def settled(outbox: Outbox) -> None:
    """Wait until nothing is left to send and no sent message waits for its receipt."""
    waiting = (NoticeState.READY, NoticeState.LEASED, NoticeState.SENT)
    left, quiet_s = MESSAGES, 0.0
    while left:
        counts = await outbox.counts()
        now = sum(counts[state] for state in waiting)
        quiet_s = quiet_s + 0.25 if now == left else 0.0
        assert quiet_s < STALLED_S, f"nothing moves any more: {counts}"
        left = now
        await asyncio.sleep(0.25)


async def test_no_notice_is_lost_and_none_goes_more_often_than_its_class_allows(
    database_url: str, tmp_path: Path
) -> None:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    clock, keys = SystemClock(), SoftwareKeyStore.open(tmp_path / "keys", PASSPHRASE)
    outbox = Outbox(store, keys, clock, Metrics())
    await fill(store, Notices(store, keys, clock, Words(zone="Asia/Tehran", service_code="*1420#")))
    with town_of(database_url, tmp_path) as town:
        # Processes share an outbox where the database is a server's.
        for _ in range(2 if database_url.startswith("postgresql") else 1):
            town.start_gateway()
        await wreak(town)
        await settled(outbox)
        while town.gateways:
            town.end_gateway(signal.SIGTERM)
        events = town.events()
    rows = await store.read(select(OUTBOX).where(OUTBOX.c.channel == Channel.SMS.value))
    await store.close()

    kinds = Counter(kind for kind, _ in events)
    assert min(kinds[kind] for kind in "TRLDX") > MESSAGES // 100
    taken = Counter(f"+{dest}" for kind, dest in events if kind == "T")
    assert len(rows) == MESSAGES
    states = Counter(row.state for row in rows)
    assert set(states) <= {NoticeState.DELIVERED, NoticeState.UNCERTAIN}
    assert states[NoticeState.DELIVERED] > MESSAGES // 3
    for row in rows:
        policy = POLICIES[NoticeClass(row.class_)]
        assert taken[row.address] <= 1 + row.resends <= 1 + policy.resends_max, row.id
        if row.state == NoticeState.DELIVERED:
            assert taken[row.address] >= 1, row.id
        else:
            assert row.resends == policy.resends_max, row.id
        assert row.sealed is None, row.id
