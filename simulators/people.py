"""The people of the world outside, read from people.toml: who carries which number, and whose number it is."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PEOPLE_FILE = Path(__file__).with_name("people.toml")


@dataclass(frozen=True, slots=True)
class Person:
    """One person with one phone.

    Attributes:
        msisdn: E.164 with `+`.
        national_number: Ten digits, as the person types them.
        registered_to: The national number that the SIM is registered to; differs from the person's own when a
            relative bought the SIM.
        nfc: Whether this is the person whose NFC phone the lab shows first.
    """

    msisdn: str
    national_number: str
    name: str
    name_fa: str
    who: str
    registered_to: str
    nfc: bool


def load(file: Path = PEOPLE_FILE) -> tuple[Person, ...]:
    """Everybody, in the file's order."""
    rows = tomllib.loads(file.read_text("utf-8"))["person"]
    return tuple(
        Person(
            msisdn=row["msisdn"],
            national_number=row["national_number"],
            name=row["name"],
            name_fa=row["name_fa"],
            who=row["who"],
            registered_to=row.get("registered_to", row["national_number"]),
            nfc=row.get("nfc", False),
        )
        for row in rows
    )
