"""How the settings become a service: what is read, what is missing, and what may not be read by others."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.errors import SettingsFault
from gateway.peers.mssp import mssp_profile
from gateway.settings import Settings, load
from gateway.wire.mss import JsonForm, Mode, SoapForm
from tests.gateway.wire.pki import ec_key, issue

ROOT = issue("Root", ec_key(), ca=True)
PERSON = issue("Leila", ec_key(), ROOT)


def _settings(folder: Path, **changes: object) -> Settings:
    roots = folder / "roots.pem"
    roots.write_bytes(ROOT.pem)
    given = {"mssp_url": "http://mssp.example/", "mssp_ap_id": "mid://sso", "mssp_roots_file": str(roots)}
    return Settings(**(given | changes))  # type: ignore[arg-type]


def test_without_an_address_there_is_no_service(tmp_path: Path) -> None:
    assert mssp_profile(_settings(tmp_path, mssp_url="")) is None


@pytest.mark.parametrize(("form", "kind"), [("json", JsonForm), ("soap", SoapForm)])
@pytest.mark.parametrize(("mode", "spoken"), [("synch", Mode.SYNCH), ("polled", Mode.POLLED), ("pushed", Mode.PUSHED)])
def test_a_service_is_as_the_settings_say(
    tmp_path: Path, form: str, kind: type[object], mode: str, spoken: Mode
) -> None:
    settings = _settings(tmp_path, mssp_form=form, mssp_mode=mode, mssp_ap_password=SecretStr("secret"))

    profile = mssp_profile(settings)

    assert profile is not None
    assert (type(profile.form), profile.mode) == (kind, spoken)
    assert (profile.url, profile.password, profile.tls) == ("http://mssp.example", "secret", None)
    assert "secret" not in repr(profile)


@pytest.mark.parametrize(
    "changes",
    [
        {"mssp_ap_id": ""},
        {"mssp_roots_file": ""},
        {"mssp_roots_file": "/nowhere/roots.pem"},
        {"mssp_url": "https://mssp.example", "mssp_ca_file": "/nowhere/ca.pem"},
        {"mssp_url": "https://mssp.example", "mssp_client_cert_file": "/nowhere/c", "mssp_client_key_file": "/no/k"},
    ],
)
def test_what_is_missing_is_told_before_anything_starts(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(SettingsFault, match="mssp"):
        mssp_profile(_settings(tmp_path, **changes))


def test_a_person_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(PERSON.pem)

    with pytest.raises(SettingsFault, match="mssp_roots_file"):
        mssp_profile(_settings(tmp_path, mssp_roots_file=str(tmp_path / "other.pem")))


def test_outside_the_demo_the_password_goes_over_tls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        "TAPDIAL_ENVIRONMENT": "production",
        "TAPDIAL_KEY_SECRET": "k",
        "TAPDIAL_SMSC_PASSWORD": "p",
        "TAPDIAL_USSD_PATH_SECRET": "u",
        "TAPDIAL_MSSP_URL": "http://mssp.example",
    }

    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsFault, match="MSSP_URL"):
        load()
    monkeypatch.setenv("TAPDIAL_MSSP_URL", "https://mssp.example")
    assert load().mssp_url == "https://mssp.example"
