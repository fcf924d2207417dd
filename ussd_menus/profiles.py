"""Operators' profiles from a TOML table: `[profiles.name]` with the fields of Profile, others as by default."""

from collections.abc import Mapping
from dataclasses import fields, replace

from ussd_menus.model import Profile

BOUNDS = {"septets_max": (20, 182), "ucs2_max": (20, 80), "session_s": (10, 3600), "hop_s": (1, 120)}
"""Least and most of each number: 3GPP TS 23.038 for the lengths, seconds for the times."""
NEWLINES = ("\n", "\r", "\r\n", "<br>", "<br/>")


def read_profiles(data: Mapping[str, object]) -> list[Profile]:
    """The profiles of a table as tomllib gives it, at least one.

    Raises:
        ValueError: It is no such table; the message names the key.
    """
    tables = data.get("profiles")
    if set(data) - {"profiles"} or not isinstance(tables, dict) or not tables:
        raise ValueError("holds [profiles.<name>] tables and nothing else")
    return [_profile(name, table) for name, table in tables.items()]


def _profile(name: str, table: object) -> Profile:
    if not isinstance(table, dict):
        raise ValueError(f"profiles.{name} must be a table")  # noqa: TRY004 - a fault of the file, not of the caller
    known = {field.name for field in fields(Profile)} - {"name"}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"profiles.{name}.{key} is none of {', '.join(sorted(known))}")
        least, most = BOUNDS.get(key, (0, 0))
        if key in BOUNDS and not (type(value) is int and least <= value <= most):
            raise ValueError(f"profiles.{name}.{key} must be a whole number from {least} to {most}")
        if key == "ucs2_allowed" and not isinstance(value, bool):
            raise ValueError(f"profiles.{name}.{key} must be true or false")
        if key == "newline" and value not in NEWLINES:
            raise ValueError(f"profiles.{name}.{key} is none of {', '.join(map(repr, NEWLINES))}")
    return replace(Profile(name=name), **table)
