"""A gateway works only with the keys that its database was filled with."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.app import built
from gateway.errors import KeyFault
from gateway.keys.opening import opened_keys
from gateway.observe import Metrics
from gateway.services.staff import NewStaff, Role
from gateway.settings import Settings
from gateway.store.backup import KEY_FILE
from tests import softhsm
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


async def test_a_house_whose_keys_are_in_a_hardware_module_finds_them_again(
    tmp_path: Path, tokens: softhsm.Tokens
) -> None:
    label = tokens.make()
    softhsm.put(label, {})
    settings = Settings(
        data_dir=tmp_path,
        keystore="pkcs11",
        pkcs11_module=softhsm.MODULE,
        pkcs11_token=label,
        pkcs11_pin=SecretStr(softhsm.PIN),
    )
    with pytest.raises(KeyFault, match="tapdial keys init"):
        async with built(settings, SystemClock()):
            pytest.fail("it has begun")
    async with opened_keys(settings, tmp_path / KEY_FILE, Metrics(), create=True):
        pass

    async with built(settings, SystemClock()) as house:
        made = await house.staff.create("officer", "An Officer", [Role.FINANCE], "a-long-enough-password")
        assert isinstance(made, NewStaff)
        assert await house.keys.rotate("staff") == 2
    async with built(settings, SystemClock()) as house:
        assert await house.staff.by_username("officer") == made.staff

    assert not (tmp_path / KEY_FILE).exists()
