"""`tapdial menus release | rollback | releases` to the console, with the statuses that a script relies on."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ussd_menus
from gateway.app import House, built
from gateway.cli import app
from gateway.errors import BadInput, NotFound
from gateway.services.approvals import ApprovalOutcome, StaffRef
from gateway.services.staff import NewStaff, Role
from gateway.settings import load
from ussd_menus.loader import FOLDER
from wallet.clock import SystemClock

runner = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tapdial.toml"
    path.write_text(f"data_dir = {json.dumps(str(tmp_path / 'data'))}\n")
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped menus as another version."""
    for part in ("menus", "texts"):
        shutil.copytree(FOLDER / part, tmp_path / "new" / part)
    with (tmp_path / "new" / "texts" / "en.toml").open("a") as file:
        file.write("\n# another edition\n")
    return tmp_path / "new"


def run(config: str, *words: str) -> tuple[int, str]:
    result = runner.invoke(app, ["menus", *words, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def decide(config: str) -> ApprovalOutcome:
    """What another administrator agrees to in the console."""

    async def approve(house: House) -> ApprovalOutcome:
        [waiting] = await house.approvals.list_pending(limit=2)
        return await house.approvals.approve(waiting.id, StaffRef("stf_other", frozenset({"administrator"})))

    return asyncio.run(inside(config, approve))


async def inside(config: str, work: object) -> ApprovalOutcome:
    async with built(load(Path(config)), SystemClock()) as house:
        assert callable(work)
        outcome = await work(house)
        assert isinstance(outcome, ApprovalOutcome)
        return outcome


def with_staff(config: str) -> None:
    async def make() -> None:
        async with built(load(Path(config)), SystemClock()) as house:
            for name, role in (("amir", Role.ADMINISTRATOR), ("fatemeh", Role.FINANCE)):
                made = await house.staff.create(name, name.title(), [role], "correct horse battery")
                assert isinstance(made, NewStaff)

    asyncio.run(make())


def test_a_folder_goes_to_a_share_and_back(config: str, folder: Path) -> None:
    with_staff(config)
    version = ussd_menus.load(folder).version
    assert run(config, "rollback", "--staff", "amir") == (1, "nothing\n")

    status, said = run(config, "release", str(folder), "--staff", "amir", "--percent", "5", "--note", "[b]new")
    assert status == 0
    assert re.fullmatch(rf"proposed rel_[0-9A-Z]{{26}}, version {version}, for 5 %\n", said)
    assert decide(config) is ApprovalOutcome.APPROVED
    status, listed = run(config, "releases")
    assert (status, version in listed, "live" in listed) == (0, True, True)

    status, said = run(config, "rollback", "--staff", "amir", "--now")
    assert (status, said.endswith("done\n")) == (0, True)


def test_what_is_refused_is_told_in_lines_or_a_word(config: str, folder: Path) -> None:
    with_staff(config)
    with pytest.raises(NotFound, match="no administrator is called fatemeh"):
        run(config, "rollback", "--now", "--staff", "fatemeh")
    assert run(config, "release", str(FOLDER), "--staff", "amir") == (1, "refused: in_force\n")
    assert run(config, "release", str(folder), "--staff", "amir", "--percent", "5", "--branch", "x")[0] == 2
    assert run(config, "release", str(folder), "--staff", "amir", "--percent", "100")[0] == 2
    (folder / "texts" / "large.toml").write_bytes(b"#" * 10_000_000)
    with pytest.raises(BadInput, match="at most"):
        run(config, "release", str(folder), "--staff", "amir")
    (folder / "texts" / "large.toml").unlink()
    (folder / "menus" / "home.toml").write_text("[")
    status, said = run(config, "release", str(folder), "--staff", "amir")
    assert status == 1
    assert said.startswith("menus/home.toml:1 ")
