"""What the bank wants, read from a file of TOML: who we are there, which messages, and which CSV it writes."""

import tomllib
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import SettingsFault
from gateway.services.banking.model import Scheme
from gateway.wire.bankcsv import CsvProfile, problems_of, read_profile
from gateway.wire.iso20022 import Letters, Profile, Version

SHIPPED = Path(__file__).parent / "profiles"
"""Examples, the demo's among them."""


class SchemeWords(BaseModel):
    """How the bank calls one way of paying."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service_level: str = Field("", pattern=r"^[A-Z0-9]{0,4}$")
    local_instrument: str = Field("", max_length=35)
    category_purpose: str = Field("", pattern=r"^[A-Z0-9]{0,4}$")
    batch_booking: bool | None = None


class BankProfile(BaseModel):
    """One bank; `csv` is a file beside this one."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    version: Version = Version.V09
    debtor: str = Field(min_length=1, max_length=140)
    iban: str = Field(pattern=r"^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$")
    bic: str = Field("", pattern=r"^([A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?$")
    initiator: str = Field("", max_length=140)
    initiator_id: str = Field("", max_length=35)
    letters: Letters = Letters.ANY
    name_max: int = Field(140, ge=10, le=140)
    uetr: bool = False
    csv: str = ""
    group: SchemeWords = SchemeWords()
    single: SchemeWords = SchemeWords()

    def of(self, scheme: Scheme) -> Profile:
        """What an order that is paid so looks like."""
        words = self.group if scheme is Scheme.GROUP else self.single
        return Profile(
            version=self.version,
            debtor=self.debtor,
            iban=self.iban,
            bic=self.bic,
            initiator=self.initiator,
            initiator_id=self.initiator_id,
            service_level=words.service_level,
            local_instrument=words.local_instrument,
            category_purpose=words.category_purpose,
            batch_booking=words.batch_booking,
            letters=self.letters,
            name_max=self.name_max,
            uetr=self.uetr and self.version is Version.V09,
        )


def read_bank_profile(file: str) -> tuple[BankProfile, CsvProfile | None]:
    """The profile in a file, '' for the demo's; and how the bank writes CSV, if it does.

    Raises:
        SettingsFault: A file cannot be read, or something in it is wrong; every wrong key is named.
    """
    path = Path(file) if file else SHIPPED / "demo.toml"
    try:
        profile = BankProfile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsFault(f"{path}: {problem}") from problem
    except ValidationError as problem:
        raise SettingsFault(f"{path}: {problems_of(problem)}") from problem
    return profile, read_profile(path.parent / profile.csv) if profile.csv else None
