"""The walkthroughs of docs/ are true: the command that each of them names replays it against a fresh town."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journeys.town import Town, opened

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]
ROOT = Path(__file__).parents[2]
SOURCES = {file: file.read_text("utf-8") for file in sorted((ROOT / "docs/walkthroughs").glob("*.txt"))}
COMMAND = re.compile(r"tapdial dial '(\S+)' --msisdn \+98912000000(\d)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One town for the walkthroughs of a worker, in the order of their names, as the demo is one for all readers."""
    async with opened(tmp_path_factory.mktemp("walkthroughs"), "sqlite://") as town:
        yield town


async def replayed(town: Town, source: str, file: Path) -> tuple[int, str]:
    """Replay a file by the command that its head names; the exit status and what was printed."""
    named = COMMAND.search(source)
    assert named is not None, "a walkthrough begins with the command that replays it"
    code, number = named[1], named[2]
    pin = town.facts.people[int(number) - 1].pin or ""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "dial", code, "--msisdn", f"+98912000000{number}", "--script", str(file),
        env=town.environment() | {"DIAL_PIN": pin, "COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert not pin or pin not in re.split(r"\D+", out.decode()), "the PIN was shown"
    return process.returncode, out.decode()


@pytest.mark.parametrize("line", [4, 15])
async def test_a_walkthrough_with_another_line_fails(town: Town, tmp_path: Path, line: int) -> None:
    lines = SOURCES[ROOT / "docs/walkthroughs/balance-fa.txt"].splitlines()
    assert not lines[line].startswith(("#", ">"))
    lines[line] += "."
    changed = tmp_path / "changed.txt"
    changed.write_text("\n".join(lines), "utf-8")

    status, out = await replayed(town, "\n".join(lines), changed)

    assert status == 1
    assert "another screen" in out
    assert f"-{lines[line]}" in out


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
async def test_a_walkthrough_is_what_the_phone_shows(town: Town, file: Path) -> None:
    status, out = await replayed(town, SOURCES[file], file)

    assert status == 0, out
    assert f"--script {file.relative_to(ROOT)}\n" in SOURCES[file]
