"""Every wire against the fifteen cases, through the real door, dialogues and a store."""

import asyncio
import shutil
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from gateway.channels.ussd import Clerk, Mount, UssdDoor
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.guards import Addresses, PathSecret
from gateway.channels.ussd.later import Account
from gateway.channels.ussd.wires import profile_names, wire_of
from gateway.channels.web import new_application
from gateway.observe import Metrics
from tests.gateway.channels.ussd.conformance import CASES, SECRET, Provider, Recorder, Rig
from tests.gateway.channels.ussd.samples import SAMPLES
from tests.gateway.channels.ussd.sampling import Case
from tests.gateway.services.dialogues.switchboard import PIN, switchboard
from wallet.clock import ManualClock

PROVIDERS = "pr0vider's"
LOCAL, AFAR = ip_network("127.0.0.0/8"), ip_network("203.0.113.0/24")


def test_every_wire_has_a_sample() -> None:
    assert sorted(SAMPLES) == list(profile_names())
    assert set(CASES) == set(Case)


def test_a_wire_without_a_case_says_why() -> None:
    for name, sample in SAMPLES.items():
        for case, reason in sample.lacks.items():
            assert len(reason.split()) > 5, f"{name}: {case}"
        without_end = {Case.ABORT, Case.TIMEOUT} <= sample.lacks.keys()
        assert without_end == (sample.ended is None), name


@pytest.mark.parametrize("name", sorted(SAMPLES))
async def test_a_wire_conforms(
    name: str, sqlite_template: Path, tmp_path: Path, clock: ManualClock, aiohttp_client: AiohttpClient
) -> None:
    metrics, sample = Metrics(), SAMPLES[name]
    shutil.copy(sqlite_template, tmp_path / "test.db")
    async with switchboard(f"sqlite:///{tmp_path / 'test.db'}", clock) as board:
        asked = Recorder(board.dialogues)
        codes = Codes(["*1420#"])
        account = Account("http://provider.example/ussd", "tapdial", PROVIDERS) if sample.later else None
        mounts = [
            Mount(wire_of(mount, name, codes), (PathSecret(SECRET), Addresses((network,))), True, account)
            for mount, network in ((name, LOCAL), (f"{name}_afar", AFAR))
        ]
        app, provider = new_application(clock, metrics), Provider()
        failed = []
        async with asyncio.TaskGroup() as tasks:
            clerk = Clerk(provider, tasks, clock, metrics)
            app.add_routes(UssdDoor(asked, mounts, metrics, clerk).routes())
            client = await aiohttp_client(app, cookie_jar=DummyCookieJar())
            rig = Rig(name, sample, client, asked, board.bank, metrics, provider)
            with capture_logs() as lines:
                for case, play in CASES.items():
                    if case in sample.lacks:
                        continue
                    try:
                        await play(rig)
                    except (AssertionError, KeyError) as problem:
                        failed.append(f"{case.value}: {problem}")
    assert not failed, "\n".join(failed)
    logged = repr(lines)
    for secret in (SECRET, PROVIDERS, SECRET[:-1], PIN, "98912", "09120000009"):
        assert secret not in logged, f"a log line holds {secret}"
