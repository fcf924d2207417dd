"""`tapdial breaks …`: what stands open, whose it is, and a word about it, with exit statuses for scripts."""

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.app import House, built
from gateway.cli import app
from gateway.services.staff import NewStaff, Role
from gateway.settings import load
from tests.gateway.services.breaks.world import found_group, pages
from wallet.clock import SystemClock
from wallet.ids import new_id
from wallet.reconciliation import BreakType, Row, Side

runner = CliRunner()
DAY = date(2026, 11, 22)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["breaks", *words, "--config", config], env={"COLUMNS": "200"})
    return result.exit_code, result.output


async def begun(config: str) -> str:
    """One break, and a member of finance; the break's id."""

    async def work(house: House) -> str:
        made = await house.staff.create("mina", "Mina", [Role.FINANCE], "correct horse battery")
        assert isinstance(made, NewStaff)
        group = found_group([Row(Side.BANK, "line", -30, "IRR", DAY, DAY)], BreakType.MISSING_LEDGER, -30)
        await house.breaks.take(new_id("rcn", house.clock), "bank", pages([group], 1))
        return (await house.breaks.breaks(limit=1))[0].id

    async with built(load(Path(config)), SystemClock()) as house:
        return await work(house)


def test_breaks_are_listed_shown_given_and_commented_on(config: str) -> None:
    break_id = asyncio.run(begun(config))
    assert run(config, "list", "--owner", "", "--flow", "wallets")[0] == 0
    assert run(config, "assign", break_id, "mina", "--by", "mina") == (0, "ok\n")
    status, said = run(config, "list", "--owner", "mina")
    assert (status, break_id in said, "-30 IRR" in said) == (1, True, True), said
    assert run(config, "comment", break_id, "asked [bold]them", "--by", "mina") == (0, "ok\n")
    status, said = run(config, "show", break_id)
    assert status == 0
    for word in ("bank line", "opened", "assigned", "asked [bold]them"):
        assert word in said
