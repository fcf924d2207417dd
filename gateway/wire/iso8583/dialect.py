"""Dialects: which elements a peer's messages have, how each is written, where the MAC lies. Data, out of TOML files."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.errors import SettingsFault
from gateway.wire.iso8583.fields import Field, parse_field
from gateway.wire.iso8583.message import MAC_BYTES

_FOLDER = Path(__file__).parent
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "mti": ("text", "bcd"),
    "bitmap": ("hex", "binary"),
    "numbers": ("text", "bcd"),
    "lengths": ("text", "bcd", "binary"),
    "binary": ("raw", "hex"),
    "pad": ("left", "right"),
    "mac_place": ("standard", "last"),
}
_TEXTS = ("ascii", "cp500", "cp037", "latin-1")
_EXTENDS_MAX = 4


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """How one kind of peer writes messages.

    Attributes:
        name: As in `DIALECTS`.
        versions: First digits of its message types: `0` is 1987, `1` is 1993.
        text: Character set of text; also of digits that are text.
        mti: `text` or `bcd`.
        bitmap: `hex` digits or `binary`.
        numbers: How `n`, `x+n` and `z` are written: `text`, or `bcd`, two digits a byte.
        lengths: How length prefixes are written: `text`, `bcd` or `binary`.
        binary: `raw` bytes, or `hex` digits (a length then counts digits).
        pad: Where an odd number of BCD digits of variable length gets its zero; a fixed length gets it left.
        empty: Whether a field may be empty, and a second bitmap.
        mac_fields: Elements that are MACs, the lowest first.
        mac_place: `standard`: the MAC is the last element by number; `last`: behind all others whatever its number.
        mac_required: Whether a message without a MAC is refused.
        fields: The elements that it names; others are refused unless `opaque` says how they are written.
        house: How its messages are translated; empty where only the encoding differs.
    """

    name: str
    versions: str
    text: str
    mti: str
    bitmap: str
    numbers: str
    lengths: str
    binary: str
    pad: str
    empty: bool
    mac_fields: tuple[int, ...]
    mac_place: str
    mac_required: bool
    fields: Mapping[int, Field]
    opaque: Field | None = None
    house: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def field_of(self, number: int) -> Field | None:
        """How this element is written; None where the dialect has none of this number."""
        return self.fields.get(number, self.opaque)

    @property
    def mti_bytes(self) -> int:
        """How long a message type is on the wire."""
        return 4 if self.mti == "text" else 2

    @property
    def bitmap_bytes(self) -> int:
        """How long one bitmap is on the wire."""
        return 16 if self.bitmap == "hex" else 8

    @property
    def mac_bytes(self) -> int:
        """How long a MAC is on the wire."""
        return MAC_BYTES * 2 if self.binary == "hex" else MAC_BYTES

    @property
    def body_bytes_min(self) -> int:
        """The shortest body that can be a message."""
        return self.mti_bytes + self.bitmap_bytes + (self.mac_bytes if self.mac_required else 0)


def read_dialect(file: Path) -> Dialect:
    """A dialect out of a TOML file; what it `extends` is looked for beside it, then among the house's own.

    Raises:
        SettingsFault: It cannot be read, or something in it is wrong.
    """
    tables = _tables(file, _EXTENDS_MAX)
    wire, fields, house = tables.pop("wire", {}), tables.pop("fields", {}), tables.pop("house", {})
    opaque = tables.pop("opaque", "")
    if tables:
        raise SettingsFault(f"{file}: {min(tables)} is not known")
    try:
        return _dialect(file.stem, wire, {int(number): text for number, text in fields.items()}, opaque, house)
    except (KeyError, TypeError, ValueError) as problem:
        raise SettingsFault(f"{file}: {type(problem).__name__} {problem}") from problem
    except SettingsFault as problem:
        raise SettingsFault(f"{file}: {problem}") from problem


def _tables(file: Path, deep: int) -> dict[str, Any]:
    """The tables of a file, laid over those that it extends."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise SettingsFault(f"cannot read {file}: {problem}") from problem
    base = tables.pop("extends", None)
    if base is None:
        return tables
    beside = file.parent / f"{base}.toml"
    found = beside if beside.exists() and beside != file else _FOLDER / f"{base}.toml"
    if not deep:
        raise SettingsFault(f"{file}: too many dialects extend one another")
    under = _tables(found, deep - 1)
    merged = {**under, **tables}
    for name in ("wire", "fields"):
        merged[name] = {**under.get(name, {}), **tables.get(name, {})}
    if "house" not in tables:
        merged.pop("house", None)
    return merged


def _dialect(
    name: str, wire: Mapping[str, Any], notations: Mapping[int, str], opaque: str, house: Mapping[str, Any]
) -> Dialect:
    for key, choices in _CHOICES.items():
        if wire[key] not in choices:
            raise SettingsFault(f"{key} is one of {', '.join(choices)}")
    if wire["text"] not in _TEXTS:
        raise SettingsFault(f"text is one of {', '.join(_TEXTS)}")
    # An element that is taken away from what a file extends is written as an empty text.
    fields = {number: parse_field(text) for number, text in sorted(notations.items()) if text}
    if not all(2 <= number <= 128 for number in fields):
        raise SettingsFault("elements have numbers from 2 to 128")
    macs = tuple(sorted(wire["mac_fields"]))
    if any(fields[number].kind != "b" or fields[number].size != MAC_BYTES for number in macs):
        raise SettingsFault("a MAC is b8")
    if wire["mac_place"] == "last" and (len(macs) != 1 or macs[0] > 64 or not wire["mac_required"]):
        raise SettingsFault("a MAC that is always last is one element of the first bitmap, and required")
    known = {*_CHOICES, "versions", "text", "empty", "mac_fields", "mac_required"}
    if unknown := sorted(wire.keys() - known):
        raise SettingsFault(f"{unknown[0]} is not known")
    values = {key: wire[key] for key in known - {"mac_fields"}}
    values["opaque"] = parse_field(opaque) if opaque else None
    values["fields"], values["house"] = MappingProxyType(fields), MappingProxyType(house)
    return Dialect(name=name, mac_fields=macs, **values)


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {file.stem: read_dialect(file) for file in sorted(_FOLDER.glob("*.toml"))}
)
"""The house's own and those that it ships, by name."""
HOUSE = DIALECTS["house87"]
"""The dialect of the house's own terminals, in which every service reads and writes."""
