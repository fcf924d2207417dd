"""Each carrier in front of the gateway's own door: two implementations of one wire, written apart, must agree."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer, unused_port

from gateway.channels.ussd import Clerk, UssdDoor, read_wires
from gateway.channels.ussd.wires import profile_names
from gateway.channels.web import new_application
from gateway.observe import Metrics
from gateway.peers.ussd import HttpPoster
from simulators.carriers import FORMS, Carrier, Contract, Screen, carrier_to
from simulators.faults import CarrierFaults, Faults, Mishap
from simulators.trace import Trace
from tests.gateway.services.dialogues.switchboard import PIN, Switchboard, switchboard
from wallet.clock import ManualClock, SystemClock

PHONE, OTHER = "+989120000001", "+989120000002"
WIRES = sorted(FORMS)
WITH_THEIR_OWN_CODE = {"africastalking", "infobip", "hubtel", "restcomm", "sixdee", "parlayx", "oneapi"}
OF_THE_WIRE = (Mishap.DUPLICATE, Mishap.REPEAT, Mishap.REORDER, Mishap.REPEATED_BEGIN, Mishap.CHARSET)
"""What a table of fields can get wrong; the other mishaps are the same for all tables."""
PASSWORD = "s3cret"
MORE = {
    "flares": '[wire.auth]\nquery = { user = "tapdial", password = { env = "PASSWORD" } }\n',
    "parlayx": """
        [wire.auth]
        sp_password = { sp_id = "tapdial", password = { env = "PASSWORD" } }
        [wire.send]
        url = "http://127.0.0.1:PORT/ussd/v1"
        user = "tapdial"
        password = { env = "PASSWORD" }
        service = "35000001000001"
        """,
    "oneapi": """
        [wire.auth]
        bearer = { env = "PASSWORD" }
        [wire.send]
        url = "http://127.0.0.1:PORT/ussd/v1"
        password = { env = "PASSWORD" }
        service = "http://127.0.0.1/ussd/oneapi"
        """,
}
"""What a wire needs in its table."""
TO_THE_PIN = ("4", "09120000009", "500")


@dataclass
class Line:
    """A carrier in front of a gateway."""

    carrier: Carrier
    faults: Faults
    board: Switchboard
    metrics: Metrics

    async def walked(self, phone: str, *typed: str) -> Screen:
        """Dial and type; the last screen."""
        screen = await self.carrier.dial(phone, "*1420#")
        for each in typed:
            assert (screen.open, screen.failed) == (True, None), screen
            screen = await self.carrier.answer(phone, each)
        return screen

    @property
    def refused(self) -> float:
        """Deliveries that the door could not read."""
        return sum(
            sample.value
            for family in self.metrics.registry.collect()
            for sample in family.samples
            if sample.name == "tapdial_bad_requests_total"
        )


@pytest.fixture
async def line(wire: str, tmp_path: Path, clock: ManualClock, sqlite_template: Path) -> AsyncIterator[Line]:
    folder = tmp_path
    metrics, faults, port = Metrics(), Faults(), unused_port()
    more = MORE.get(wire, "").replace("PORT", str(port))
    file = folder / "wires.toml"
    file.write_text(f'[[wire]]\nname = "{wire}"\nprofile = "{wire}"\n{more}', "utf-8")
    shutil.copy(sqlite_template, folder / "gateway.db")
    async with (
        switchboard(f"sqlite:///{folder}/gateway.db", clock) as board,
        HttpPoster() as poster,
        asyncio.TaskGroup() as tasks,
    ):
        app = new_application(clock, metrics)
        # The carrier's time stamps are of today; the house's other clock stands still.
        mounts = read_wires(file, "*1420#", SystemClock(), demo=True, environ={"PASSWORD": PASSWORD})
        clerk = Clerk(poster, tasks, SystemClock(), metrics)
        app.add_routes(UssdDoor(board.dialogues, mounts, metrics, clerk).routes())
        async with TestServer(app) as server:
            contract = Contract(password=PASSWORD, port=port)
            carrier = carrier_to(str(server.make_url("/")), "", "*1420#", Trace(), faults, wire=wire, contract=contract)
            yield Line(carrier, faults, board, metrics)
            await carrier.close()


def test_every_ready_profile_has_a_carrier() -> None:
    assert set(FORMS) == set(profile_names())


@pytest.mark.parametrize("wire", WIRES)
async def test_a_payment_by_menu_is_made_once_and_told(line: Line) -> None:
    screen = await line.walked(PHONE, *TO_THE_PIN, PIN)
    persian = await line.walked(OTHER, "۴", "*9*", "۰۹۱۲۰۰۰۰۰۰۹", "۵۰۰")

    assert (screen.open, screen.failed) == (False, None)
    assert "R00000000001" in screen.text
    assert (persian.open, persian.failed) == (True, None)
    assert "500" in persian.text
    assert list(line.board.bank.paid.values()) == [(PHONE, 500)]
    assert line.refused == 0


@pytest.mark.parametrize("wire", WIRES)
async def test_whatever_goes_wrong_with_the_hop_that_pays_it_pays_once(line: Line) -> None:
    wire = line.carrier.line.name
    mishaps = Mishap if wire in WITH_THEIR_OWN_CODE else OF_THE_WIRE
    paying = {f"+9891200001{number:02d}": mishap for number, mishap in enumerate(mishaps)}
    for phone, mishap in paying.items():
        assert (await line.walked(phone, *TO_THE_PIN)).open
        line.faults.carrier = CarrierFaults(delay_ms=10, slow_ms=20)
        setattr(line.faults.carrier, f"{mishap}_rate", 1.0)
        await line.carrier.answer(phone, PIN)
        line.faults.carrier = CarrierFaults()
        line.carrier.cancel(phone)

    unpaid = {phone for phone, mishap in paying.items() if mishap in (Mishap.ABORT, Mishap.CHARSET)}
    assert sorted(line.board.bank.paid.values()) == [(phone, 500) for phone in sorted(paying) if phone not in unpaid]
    assert line.carrier.differing == []
