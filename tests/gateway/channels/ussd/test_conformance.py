"""Every wire against the fifteen cases, through the real door, dialogues and a store."""

import shutil
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from gateway.channels.ussd import Mount, UssdDoor
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.guards import Addresses, PathSecret
from gateway.channels.ussd.wires import profile_names, wire_of
from gateway.channels.web import new_application
from gateway.observe import Metrics
from tests.gateway.channels.ussd.conformance import CASES, SECRET, Recorder, Rig
from tests.gateway.channels.ussd.samples import SAMPLES
from tests.gateway.channels.ussd.sampling import Case
from tests.gateway.services.dialogues.switchboard import PIN, switchboard
from wallet.clock import ManualClock

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
        mounts = [
            Mount(wire_of(name, name, codes), (PathSecret(SECRET), Addresses((LOCAL,))), has_secret=True),
            Mount(wire_of(f"{name}_afar", name, codes), (PathSecret(SECRET), Addresses((AFAR,))), has_secret=True),
        ]
        app = new_application(clock, metrics)
        app.add_routes(UssdDoor(asked, mounts, metrics).routes())
        rig = Rig(name, sample, await aiohttp_client(app, cookie_jar=DummyCookieJar()), asked, board.bank, metrics)
        failed = []
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
    for secret in (SECRET, SECRET[:-1], PIN, "98912", "09120000009"):
        assert secret not in logged, f"a log line holds {secret}"
