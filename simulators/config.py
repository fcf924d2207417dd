"""The simulators' configuration: one TOML file, whose every key is known."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from simulators.faults import SmscFaults
from simulators.smsc import IdForm, ReceiptForm
from simulators.terminal import TerminalConfig


class ConfigError(ValueError):
    """A configuration that cannot be used; says which key."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where everything listens and whom it calls. `data_dir` keeps tokens and journals; None keeps nothing.

    Attributes:
        smsc_code: The short code that the lab's phones write to.
        smsc_accounts: More system ids that may bind, and their passwords.
        smsc_ids: How message ids look, in responses and in receipts.
        smsc_receipts: What a receipt holds.
        smsc_certificate: PEM file of the SMSC's certificate and `smsc_key` of its key: it then speaks TLS.
        smsc_faults: What is wrong from the start.
        ussd_over_smpp: Phones dial over the SMSC's binds instead of the carrier's HTTP.
    """

    gateway_url: str = "http://127.0.0.1:8080"
    ussd_path_secret: str = ""
    service_code: str = "*1420#"
    iso8583_host: str = "127.0.0.1"
    iso8583_port: int = 8583
    lab_port: int = 8090
    registry_port: int = 8091
    smsc_port: int = 2775
    smsc_system_id: str = "tapdial"
    smsc_password: str = field(default="demo", repr=False)
    smsc_code: str = "1420"
    smsc_certificate: str = ""
    smsc_key: str = ""
    smsc_accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    smsc_ids: IdForm = field(default_factory=IdForm)
    smsc_receipts: ReceiptForm = ReceiptForm.FULL
    smsc_faults: SmscFaults = field(default_factory=SmscFaults)
    ussd_over_smpp: bool = False
    mail_port: int = 8026
    data_dir: Path | None = None
    terminals: tuple[TerminalConfig, ...] = ()


def load(file: Path) -> Config:
    """Read the file.

    Raises:
        ConfigError: Unreadable, an unknown key (with its nearest neighbour), or a value of another type.
    """
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"cannot read {file}: {problem}") from problem
    return read(given)


def read(given: Mapping[str, Any]) -> Config:
    """The configuration of these values; `terminal` is a list of tables with id, merchant_id, merchant_name, key (hex).

    Raises:
        ConfigError: An unknown key, or a value of another type.
    """
    kinds = {one.name: type(one.default) for one in fields(Config) if type(one.default) in (bool, int, str)}
    kinds["data_dir"] = str
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key == "terminal":
            values["terminals"] = tuple(_terminal(table) for table in _tables(value))
        elif key in _READERS:
            values[key] = _READERS[key](value)
        elif key not in kinds:
            near = difflib.get_close_matches(key, [*kinds, *_READERS, "terminal"], n=1, cutoff=0.0)[0]
            raise ConfigError(f"unknown key {key}; the nearest is {near}")
        elif type(value) is not kinds[key]:
            raise ConfigError(f"{key} is not of type {kinds[key].__name__}")
        else:
            values[key] = Path(str(value)) if key == "data_dir" else value
    return Config(**values)


def _accounts(value: object) -> dict[str, str]:
    table = _table("smsc_accounts", value)
    if not all(isinstance(password, str) for password in table.values()):
        raise ConfigError("smsc_accounts is a table of system ids and passwords")
    return table


def _ids(value: object) -> IdForm:
    table = _table("smsc_ids", value)
    if not table.keys() <= {"response", "receipt"} or not all(isinstance(form, str) for form in table.values()):
        raise ConfigError("smsc_ids has response and receipt, each a text")
    try:
        return IdForm(**table)
    except ValueError as problem:
        raise ConfigError(f"smsc_ids: {problem}") from None


def _receipts(value: object) -> ReceiptForm:
    try:
        return ReceiptForm(str(value))
    except ValueError:
        raise ConfigError(f"smsc_receipts is one of {', '.join(ReceiptForm)}") from None


def _faults(value: object) -> SmscFaults:
    faults = SmscFaults()
    for key, given in _table("smsc_faults", value).items():
        if key not in {one.name for one in fields(SmscFaults)}:
            near = difflib.get_close_matches(key, [one.name for one in fields(SmscFaults)], n=1, cutoff=0.0)[0]
            raise ConfigError(f"unknown key {key} of smsc_faults; the nearest is {near}")
        kind = type(getattr(faults, key))
        if type(given) is not kind and not (kind is float and type(given) is int):
            raise ConfigError(f"{key} of smsc_faults is not of type {kind.__name__}")
        setattr(faults, key, kind(given))
    return faults


_READERS: Mapping[str, Callable[[object], object]] = {
    "smsc_accounts": _accounts,
    "smsc_ids": _ids,
    "smsc_receipts": _receipts,
    "smsc_faults": _faults,
}


def _table(key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{key} is not a table")
    return value


def _tables(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError("terminal is not a list of tables")
    return value


def _terminal(table: Mapping[str, Any]) -> TerminalConfig:
    names = {"id", "merchant_id", "merchant_name", "key"}
    if table.keys() != names or not all(isinstance(value, str) for value in table.values()):
        raise ConfigError(f"a terminal has exactly {', '.join(sorted(names))}, each a text")
    try:
        key = bytes.fromhex(table["key"])
        return TerminalConfig(table["id"], table["merchant_id"], table["merchant_name"], key)
    except ValueError as problem:
        # The problem's text may hold what was written as the key.
        raise ConfigError(f"terminal {table['id']!r} does not fit its wire") from problem
