"""The simulators' configuration: one TOML file, whose every key is known."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from simulators.terminal import TerminalConfig


class ConfigError(ValueError):
    """A configuration that cannot be used; says which key."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where everything listens and whom it calls. `data_dir` keeps tokens and journals; None keeps nothing."""

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
    kinds = {one.name: type(one.default) for one in fields(Config) if one.name not in ("data_dir", "terminals")}
    kinds["data_dir"] = str
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key == "terminal":
            values["terminals"] = tuple(_terminal(table) for table in _tables(value))
        elif key not in kinds:
            near = difflib.get_close_matches(key, [*kinds, "terminal"], n=1, cutoff=0.0)[0]
            raise ConfigError(f"unknown key {key}; the nearest is {near}")
        elif type(value) is not kinds[key]:
            raise ConfigError(f"{key} is not of type {kinds[key].__name__}")
        else:
            values[key] = Path(str(value)) if key == "data_dir" else value
    return Config(**values)


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
