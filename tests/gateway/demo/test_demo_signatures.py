"""The demo's signature service: the gateway and the simulators are told the same."""

import tomllib
from pathlib import Path

import pytest

from gateway.demo import signatures
from gateway.demo.seed import DemoStaff, DemoTerminal, Facts, write_world
from gateway.settings import Settings
from simulators import config
from simulators.mssp import KeyKind
from simulators.world import World

TERMINAL = DemoTerminal("TD000001", "PHARMACY0000001", "Moradi Pharmacy", "00" * 16)
STAFF = [
    DemoStaff("payouts", ["payouts_officer"], "", "", "Payouts officer", "+989120000101", "482913"),
    DemoStaff("treasurer", ["signatory"], "", "", "Treasurer", "+989120000103", "060417"),
    DemoStaff("clerk", ["branch_clerk"], "", "", "Branch clerk"),
]


def test_both_sides_have_one_address_one_name_one_password_and_one_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Facts([], STAFF, TERMINAL, None, "made-for-this-folder")
    settings = signatures.served(Settings(data_dir=tmp_path), facts.mssp_password)
    write_world(settings, facts, tmp_path / "simulators.toml")

    world = World(config.load(tmp_path / "simulators.toml"))

    assert settings.mssp_url == f"http://127.0.0.1:{world.config.mssp_port}"
    assert settings.mssp_ap_id == world.config.mssp_ap_id
    assert settings.mssp_ap_password.get_secret_value() == world.config.mssp_ap_password == "made-for-this-folder"
    assert Path(settings.mssp_roots_file).read_text("ascii").startswith("-----BEGIN CERTIFICATE-----")
    phones = list(world.sign_phones.values())[:2]
    assert [(phone.msisdn, phone.pin) for phone in phones] == [("+989120000103", "060417"), ("+989120000101", "482913")]
    assert [one.key for one in world.config.signers] == [KeyKind.EC, KeyKind.RSA]
    for name, value in signatures.environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings(data_dir=tmp_path) == settings, "what the gateway's process finds"


def test_a_house_with_its_own_service_keeps_it_and_an_older_folder_has_none(tmp_path: Path) -> None:
    own = Settings(data_dir=tmp_path, mssp_url="https://mss.example", mssp_ap_id="http://sso.example")

    assert signatures.served(own, "made") == own
    assert signatures.served(Settings(data_dir=tmp_path), "").mssp_url == ""


def test_every_member_of_the_demo_who_signs_has_a_number_of_their_own() -> None:
    file = Path(signatures.__file__).with_name("demo.toml")
    staff = tomllib.loads(file.read_text("utf-8"))["staff"]

    numbers = [one["msisdn"] for one in staff if "msisdn" in one]
    assert len(set(numbers)) == len(numbers) >= 5
    assert {one["username"] for one in staff if "msisdn" in one} >= {"treasurer", "checker", "finance", "admin"}
