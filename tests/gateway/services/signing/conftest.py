"""The office that signs, on both databases."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.services.signing.office import FIRST, Office, opened
from wallet.clock import ManualClock


@pytest.fixture
async def office(database_url: str, clock: ManualClock) -> AsyncIterator[Office]:
    """Sue's phone is enrolled."""
    async with opened(database_url, clock) as made:
        await made.knows("sue", FIRST, "1000")
        yield made


@pytest.fixture
async def sqlite_office(tmp_path: Path, sqlite_template: Path, clock: ManualClock) -> AsyncIterator[Office]:
    """The same on SQLite alone, for tables of what may happen."""
    shutil.copy(sqlite_template, tmp_path / "office.db")
    async with opened(f"sqlite:///{tmp_path / 'office.db'}", clock) as made:
        await made.knows("sue", FIRST, "1000")
        yield made
