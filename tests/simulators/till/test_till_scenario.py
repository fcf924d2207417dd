"""Scenario files: what they may say, and a terminal of its own process that plays one, is killed and goes on."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from simulators.nfc import PhoneServer
from simulators.till import scenario
from simulators.till.scenario import ScenarioError
from tests.simulators.acquirer import KEY, Acquirer
from tests.simulators.tokens import phone_with_token

TERMINAL = '[terminal]\nid = "TERM0001"\nmerchant_id = "PHARMACY000001"\nmerchant_name = "Pharmacy"\n'
PHONE = '[phones.anna]\ntcp = "127.0.0.1:9"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "terminal and phones are tables"),
        ("hosts = 1\n", "unknown key hosts"),
        (TERMINAL + "[[step]]\ndo = 'dance'\n", "'dance' is none of tap"),
        (TERMINAL + "[[step]]\ndo = 'tap'\namount = 5\n", "a tap has an amount and a phone"),
        (TERMINAL + PHONE + "[[step]]\ndo = 'tap'\n", "a tap has an amount and a phone"),
        (TERMINAL + PHONE + "[[step]]\ndo = 'tap'\namont = 5\n", "unknown key amont; the nearest is amount"),
        (TERMINAL + PHONE + "[[step]]\ndo = 'tap'\namount = '5'\n", "amount is of another type"),
        (TERMINAL + PHONE + "[[step]]\ndo = 'tap'\namount = 5\nfault = 'rain'\n", "'rain' is none of drop"),
        (TERMINAL + "[[step]]\namount = 5\n", "something is missing"),
        ("port = 'x'\n" + TERMINAL, "port and answer_timeout_s are numbers"),
        ("=", "cannot read"),
    ],
)
def test_a_scenario_that_cannot_be_played_says_why(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said):
        scenario.load(file)


async def played(file: Path, folder: Path) -> tuple[int, dict[str, object]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.till", str(file), "--folder", str(folder),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "TERMINAL_KEY": KEY.hex()},
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else {}


async def test_a_terminal_that_is_killed_in_a_scenario_takes_its_sale_back_in_the_next(
    acquirer: Acquirer, tmp_path: Path
) -> None:
    server = PhoneServer(phone_with_token())
    await server.start("127.0.0.1", 0)
    head = f'port = {acquirer.port}\n{TERMINAL}[phones.anna]\ntcp = "127.0.0.1:{server.port}"\n'
    sale = "[[step]]\ndo = 'tap'\namount = 25000\nexpect = 'approved'\n"
    dying, going_on = tmp_path / "dying.toml", tmp_path / "going_on.toml"
    dying.write_text(head + sale + sale + "fault = 'crash_after'\nonly = '0100'\n")
    going_on.write_text(head + "[[step]]\ndo = 'drain'\n" + sale + "times = 2\n[[step]]\ndo = 'void'\n")
    try:
        assert (await played(dying, tmp_path / "till"))[0] == -signal.SIGKILL
        status, told = await played(going_on, tmp_path / "till")
    finally:
        await server.stop()

    assert (status, told["outcomes"], told["unexpected"]) == (0, {"approved": 2, "voided": 1}, [])
    assert told["batch"] == {"number": 1, "sales": 2, "sold": 50_000, "refunds": 0, "refunded": 0}
    assert len(acquirer.of("0420")) == 1


async def test_what_was_not_expected_is_told(acquirer: Acquirer, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(f"port = {acquirer.port}\n{TERMINAL}[[step]]\ndo = 'void'\nexpect = 'voided'\n")
    status, told = await played(file, tmp_path / "till")
    assert (status, told["unexpected"]) == (1, ["step 1 (void): no_such_item"])
