"""The demo's bank: the gateway and the simulator are told of one another, unless the house has a bank."""

import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.demo import bank, seed
from gateway.demo.seed import DemoTerminal, Facts
from gateway.services.banking import read_bank_profile
from gateway.settings import Settings
from simulators import config

FACTS = Facts([], [], DemoTerminal("TERM0001", "M00000000000001", "Pharmacy", "00" * 16))


def world_of(settings: Settings, folder: Path) -> config.Config:
    seed.write_world(settings, FACTS, folder / "simulators.toml")
    return config.read(tomllib.loads((folder / "simulators.toml").read_text("utf-8")))


def test_the_simulators_bank_is_where_the_gateway_looks_for_it_with_the_same_token(tmp_path: Path) -> None:
    settings = bank.joined(Settings())

    world = world_of(settings, tmp_path)

    assert settings.bank_url == f"http://127.0.0.1:{world.bank_port}"
    assert settings.bank_token.get_secret_value() == world.bank_token
    assert world.bank_balance == 50_000_000_000
    assert world.bank_iban == read_bank_profile("")[0].iban


@pytest.mark.parametrize(
    ("chosen", "port"),
    [
        ({"bank_url": "https://bank.example/files", "bank_token": SecretStr("t")}, 0),
        ({"bank_url": "http://127.0.0.1:9094", "bank_token": SecretStr("t")}, 9094),
        ({"bank_folder": "/srv/bank"}, 0),
    ],
)
def test_a_house_that_has_a_bank_keeps_it(tmp_path: Path, chosen: dict[str, object], port: int) -> None:
    settings = Settings(**chosen)  # type: ignore[arg-type]

    assert bank.joined(settings) == settings
    assert world_of(settings, tmp_path).bank_port == port


def test_a_bank_that_was_moved_to_another_port_has_the_same_token_on_both_sides(tmp_path: Path) -> None:
    settings = bank.joined(Settings(bank_url="http://127.0.0.1:9094"))

    world = world_of(settings, tmp_path)

    assert (settings.bank_url, world.bank_port) == ("http://127.0.0.1:9094", 9094)
    assert settings.bank_token.get_secret_value() == world.bank_token != ""
