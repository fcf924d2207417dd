"""Settings come from the environment and a file, and a wrong one stops the start with a sentence that helps."""

from pathlib import Path

import pytest

from gateway.errors import SettingsFault
from gateway.settings import load


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TAPDIAL_HTP_PORT", "TAPDIAL_HTTP_PORT"),
        ("TAPDIAL_LABPORT", "TAPDIAL_LAB_PORT"),
        ("TAPDIAL_SMSC_PASWORD", "TAPDIAL_SMSC_PASSWORD"),
    ],
)
def test_a_misspelt_variable_is_refused_with_its_nearest_neighbour(name: str, nearest: str) -> None:
    with pytest.raises(SettingsFault, match=f"unknown setting {name}; the nearest is {nearest}$"):
        load(environ={name: "1"})


def test_a_misspelt_key_of_the_file_is_refused_too(tmp_path: Path) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text("http_prot = 1\n")

    with pytest.raises(SettingsFault, match=r"unknown setting http_prot; the nearest is http_port$"):
        load(config, environ={})


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text("http_port = 9000\nlab_port = 9001\n")
    monkeypatch.setenv("TAPDIAL_HTTP_PORT", "9100")

    settings = load(config)

    assert (settings.http_port, settings.lab_port) == (9100, 9001)


@pytest.mark.parametrize(("key", "value"), [("http_port", "0"), ("zone", "7"), ("pin_tries_max", "99")])
def test_a_value_out_of_range_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text(f"{key} = {value}\n")

    with pytest.raises(SettingsFault, match=key):
        load(config, environ={})


@pytest.mark.parametrize(
    "text",
    ["", "= 1", "a = \x00", "http_port = 1\nhttp_port = 2\n", "http_port = " + "9" * 5000, "http_port = " + "[" * 5000],
    ids=["empty", "no key", "NUL", "twice", "long number", "deep arrays"],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text(text)

    if text == "":
        assert load(config, environ={}).http_port == 8080
        return
    with pytest.raises(SettingsFault, match="cannot read"):
        load(config, environ={})


@pytest.mark.parametrize("kept", ["key_secret", "smsc_password"])
def test_demo_secrets_are_refused_outside_the_demo(tmp_path: Path, kept: str) -> None:
    config = tmp_path / "tapdial.toml"
    other = {"key_secret": "smsc_password", "smsc_password": "key_secret"}[kept]
    config.write_text(f'environment = "production"\n{other} = "another"\nussd_path_secret = "long-enough-path"\n')

    with pytest.raises(SettingsFault, match=f"{kept} is the demo's"):
        load(config, environ={})


def test_outside_the_demo_the_carriers_path_needs_a_secret(tmp_path: Path) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text('environment = "production"\nkey_secret = "another"\nsmsc_password = "another"\n')

    with pytest.raises(SettingsFault, match="USSD_PATH_SECRET"):
        load(config, environ={})


def test_secrets_are_hidden_where_settings_are_shown(tmp_path: Path) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text('key_secret = "s3cr3t-value"\ndatabase_url = "postgresql://me:pass-word@db/tapdial"\n')

    shown = str(load(config, environ={}).shown())

    assert "s3cr3t-value" not in shown
    assert "pass-word" not in shown


MODULE = {"TAPDIAL_PKCS11_MODULE": "/usr/lib/m.so", "TAPDIAL_PKCS11_TOKEN": "house", "TAPDIAL_PKCS11_PIN": "4815"}


@pytest.mark.parametrize("missing", MODULE)
def test_keys_in_a_hardware_module_need_all_that_leads_to_it(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv("TAPDIAL_KEYSTORE", "pkcs11")
    for name in MODULE.keys() - {missing}:
        monkeypatch.setenv(name, MODULE[name])

    with pytest.raises(SettingsFault, match=f"need {missing.removeprefix('TAPDIAL_').lower()}") as caught:
        load()
    assert "4815" not in str(caught.value)


@pytest.mark.parametrize("given", MODULE)
def test_a_hardware_module_that_nobody_uses_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(given, MODULE[given])

    with pytest.raises(SettingsFault, match="TAPDIAL_KEYSTORE=pkcs11") as caught:
        load()
    assert "4815" not in str(caught.value)


def test_keys_in_a_hardware_module_need_no_secret_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"KEYSTORE": "pkcs11", "ENVIRONMENT": "production", "SMSC_PASSWORD": "another", "BANK_TOKEN": "another"}
    for name, value in {**MODULE, **{f"TAPDIAL_{name}": value for name, value in more.items()}}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TAPDIAL_USSD_PATH_SECRET", "long-enough-path")

    settings = load()

    assert settings.keystore == "pkcs11"
    assert "4815" not in str(settings.shown()) + repr(settings)


@pytest.mark.parametrize("secret", ["", "  "])
def test_outside_the_demo_an_empty_key_secret_is_refused(tmp_path: Path, secret: str) -> None:
    config = tmp_path / "tapdial.toml"
    config.write_text(f'environment = "production"\nkey_secret = "{secret}"\nsmsc_password = "a"\nbank_token = "a"\n')

    with pytest.raises(SettingsFault, match="key_secret is empty"):
        load(config, environ={})
