"""Settings as they are read: what is misspelt, out of range or a demo's is refused before anything starts.

pydantic-settings ignores misspelt environment names, so `load` compares every `TAPDIAL_…` name and every key of the
file with the fields and refuses to start over one that it does not know, naming its nearest neighbour.
"""

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.errors import SettingsFault
from gateway.settings.fields import DEMO_SECRET, PREFIX, Settings


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        SettingsFault: An unknown name (with its nearest neighbour), a value out of range, a demo secret outside demo.
    """
    environ = os.environ if environ is None else environ
    names = list(Settings.model_fields)
    from_file: dict[str, Any] = {}
    if config is not None:
        from_file = read_table(config)
    given = [key for key in environ if key.startswith(PREFIX)]
    for key, name in [(key, key.removeprefix(PREFIX).lower()) for key in given] + [(key, key) for key in from_file]:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
            shown = f"{PREFIX}{near.upper()}" if key.startswith(PREFIX) else near
            raise SettingsFault(f"unknown setting {key}; the nearest is {shown}")
    try:
        settings = Settings(**from_file)
    except ValidationError as problem:
        fields = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
        raise SettingsFault(f"setting out of range: {fields}") from problem
    _refuse_demo_secrets(settings)
    if settings.campaign_from_hour >= settings.campaign_to_hour:
        raise SettingsFault("campaign_from_hour must be before campaign_to_hour")
    _refuse_half_a_module(settings)
    return settings


def _refuse_half_a_module(settings: Settings) -> None:
    door = {
        "pkcs11_module": settings.pkcs11_module,
        "pkcs11_token": settings.pkcs11_token,
        "pkcs11_pin": settings.pkcs11_pin.get_secret_value(),
    }
    if settings.keystore == "software" and (idle := [name for name, value in door.items() if value]):
        raise SettingsFault(f"{', '.join(idle)}: of no use; set {PREFIX}KEYSTORE=pkcs11, or leave them out")
    if settings.keystore == "pkcs11" and (missing := [name for name, value in door.items() if not value]):
        raise SettingsFault(f"keys in a hardware module need {', '.join(missing)}")


def _refuse_demo_secrets(settings: Settings) -> None:
    if settings.environment == "demo":
        return
    software = settings.keystore == "software"
    for name in ("key_secret", "smsc_password", "bank_token") if software else ("smsc_password", "bank_token"):
        if getattr(settings, name).get_secret_value() == DEMO_SECRET:
            raise SettingsFault(f"{name} is the demo's; set {PREFIX}{name.upper()}")
    if software and not settings.key_secret.get_secret_value().strip():
        raise SettingsFault(f"key_secret is empty; set {PREFIX}KEY_SECRET")
    if settings.bank_url and not (settings.bank_url.startswith("https://") and settings.bank_token.get_secret_value()):
        raise SettingsFault("orders to the bank must not go in clear or without a token; see bank_url and bank_token")
    if settings.mail_user and settings.mail_tls != "required":
        raise SettingsFault(f"a password must not go in clear; set {PREFIX}MAIL_TLS=required")
    if settings.mssp_url and not settings.mssp_url.startswith("https:"):
        raise SettingsFault(f"a password must not go in clear; {PREFIX}MSSP_URL must begin with https:")
    if not settings.ussd_wires_file and not settings.ussd_path_secret.get_secret_value():
        raise SettingsFault(f"outside demo the carrier's path needs a secret; set {PREFIX}USSD_PATH_SECRET")


def read_table(path: Path) -> dict[str, Any]:
    """A TOML file that a setting names.

    Raises:
        SettingsFault: It cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        # tomllib lets an int of thousands of digits and arrays in arrays without end through as Python's own.
        raise SettingsFault(f"cannot read {path}: {problem}") from problem


def must_be_closed(where: str, what: str, file: Path) -> None:
    """See that nobody but its owner may read a file with a secret.

    Raises:
        SettingsFault: Others may; `where` and `what` say whose secret it is.
        OSError: There is no such file.
    """
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsFault(f"{where}: others may read the {what} in {file}; chmod 600 it")


def read_secret(where: str, what: str, file: Path, *, demo: bool, named: str = "") -> str:
    """The secret in a file of its own, without the line's end; in the demo others may read it.

    A file that cannot be read is called `named`, or by its path.

    Raises:
        SettingsFault: It cannot be read, or others may read it; never with the secret.
    """
    try:
        if not demo:
            must_be_closed(where, what, file)
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as problem:
        raise SettingsFault(f"{where}: cannot read {named or file} ({type(problem).__name__})") from None
