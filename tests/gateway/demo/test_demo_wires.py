"""The demo's wires: the gateway reads their file, and the simulators have a carrier for each."""

import tomllib
from pathlib import Path

import pytest

from gateway.channels.ussd import read_wires
from gateway.demo import wires
from gateway.errors import SettingsFault
from gateway.settings import Settings
from simulators import config
from wallet.clock import SystemClock


def carriers_of(settings: Settings) -> list[config.CarrierConfig]:
    return list(config.read(tomllib.loads("\n".join(wires.carrier_tables(settings)))).carriers)


def test_the_demo_serves_wires_that_its_phones_can_be_in(tmp_path: Path) -> None:
    settings = wires.served(Settings(data_dir=tmp_path))

    mounts = read_wires(Path(settings.ussd_wires_file), "*1420#", SystemClock(), demo=True)
    carriers = carriers_of(settings)
    assert [mount.wire.name for mount in mounts] == [one.name for one in carriers[:-1]]
    assert (carriers[0].wire, carriers[0].reports, carriers[-1].wire) == ("africastalking", True, "smpp")


@pytest.mark.parametrize("chosen", [{"ussd_path_secret": "s3"}, {"ussd_wires_file": "/nowhere/wires.toml"}])
def test_a_house_that_has_chosen_keeps_its_choice(tmp_path: Path, chosen: dict[str, str]) -> None:
    settings = Settings(data_dir=tmp_path, **chosen)  # type: ignore[arg-type]

    assert wires.served(settings) == settings
    assert list(tmp_path.iterdir()) == []


def test_a_wire_that_asks_for_a_credential_has_no_phone(tmp_path: Path) -> None:
    file = tmp_path / "wires.toml"
    file.write_text(
        '[[wire]]\nname = "mtn"\nprofile = "nalo"\n\n[[wire]]\nname = "b"\nprofile = "bonga"\n[wire.auth]\n'
        'bearer = { env = "X" }\n',
        "utf-8",
    )

    carriers = carriers_of(Settings(data_dir=tmp_path, ussd_wires_file=str(file)))

    assert [(one.wire, one.name) for one in carriers] == [("nalo", "mtn"), ("smpp", "")]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="cannot read"):
        list(wires.carrier_tables(Settings(data_dir=tmp_path, ussd_wires_file=str(tmp_path / "none.toml"))))
