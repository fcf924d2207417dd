"""What operators charge for sessions, from a file: pure but for reading it.

[default]
session = 0
hop = 20
unit_20_s = 150

[MCI]            # by the operator's word, else by the name of the wire
session = 500
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import SettingsFault

DEFAULT = "default"
BYTES_MAX = 100_000
CHARGE_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Tariff:
    """Rials a session, a hop, and a begun unit of 20 s."""

    session: int = 0
    hop: int = 0
    unit_20_s: int = 0

    def cost_minor(self, sessions: int, hops: int, units: int) -> int:
        """What so much costs, in minor units of the rial."""
        return sessions * self.session + hops * self.hop + units * self.unit_20_s


FREE = Tariff()
Tariffs = Mapping[str, Tariff]


def tariff_for(tariffs: Tariffs, operator: str, wire: str) -> Tariff:
    """The operator's, else the wire's, else the default's."""
    return tariffs.get(operator) or tariffs.get(wire) or tariffs.get(DEFAULT, FREE)


def read_tariffs(path: str) -> Tariffs:
    """The tariffs of a file; none for ''.

    Raises:
        SettingsFault: It cannot be read, is too long, or has something else than whole charges.
    """
    if not path:
        return {}
    try:
        content = Path(path).read_bytes()
        if len(content) > BYTES_MAX:
            raise SettingsFault(f"{path} is longer than {BYTES_MAX} bytes")
        tables = tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError) as problem:
        raise SettingsFault(f"cannot read {path}: {problem}") from problem
    return {name: _tariff(path, name, table) for name, table in tables.items()}


def _tariff(path: str, name: str, table: object) -> Tariff:
    if not isinstance(table, dict) or set(table) - set(Tariff.__dataclass_fields__):
        raise SettingsFault(f"{path}: [{name}] is a table of {', '.join(Tariff.__dataclass_fields__)}")
    if not all(type(charge) is int and 0 <= charge <= CHARGE_MAX for charge in table.values()):
        raise SettingsFault(f"{path}: charges of [{name}] are whole rials")
    return Tariff(**table)
