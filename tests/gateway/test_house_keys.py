"""A gateway works only with the keys that its database was filled with."""

from pathlib import Path

import pytest

from gateway.app import built
from gateway.errors import KeyFault
from gateway.services.staff import NewStaff, Role
from gateway.settings import Settings
from gateway.store.backup import KEY_FILE
from wallet.clock import SystemClock


async def test_a_gateway_whose_key_file_was_lost_does_not_begin_with_a_new_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with built(settings, SystemClock()) as house:
        made = await house.staff.create("officer", "An Officer", [Role.FINANCE], "a-long-enough-password")
        assert isinstance(made, NewStaff)
    kept = (tmp_path / KEY_FILE).rename(tmp_path / "kept")

    with pytest.raises(KeyFault, match="not the keys"):
        async with built(settings, SystemClock()):
            pytest.fail("it has begun")

    kept.replace(tmp_path / KEY_FILE)
    async with built(settings, SystemClock()) as house:
        assert await house.staff.by_username("officer") == made.staff
