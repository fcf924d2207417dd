"""The register of employers: a short code that people name, and the phone that confirms."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from gateway.errors import BadInput
from gateway.languages import LANGUAGES
from gateway.services.benefits.kinds import AttesterSort
from gateway.services.benefits.tables import attesters
from gateway.services.msisdn import normal_msisdn
from gateway.services.shortnumber import ascii_digits
from gateway.store import Store, insert_ignore
from wallet.clock import Clock

CODE = re.compile(r"[0-9]{4,8}")
NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class KnownAttester:
    """An employer, or a provider as long as no other register has it."""

    code: str
    sort: AttesterSort
    name: str
    msisdn: str
    language: str


class AttesterBook:
    """Who may confirm claims; satisfies Attesters."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(
        self, code: str, sort: AttesterSort, name: str, msisdn: str, staff_id: str, *, language: str = "fa"
    ) -> bool:
        """Put one in; False if the code is taken.

        Raises:
            BadInput: The code is not 4 to 8 digits, the name is empty or long, or the number is no mobile number.
        """
        typed, number = ascii_digits(code), normal_msisdn(msisdn)
        if not CODE.fullmatch(typed) or not 1 <= len(name.strip()) <= NAME_MAX or language not in LANGUAGES:
            raise BadInput("an attester needs a code of 4 to 8 digits, a name and a language")
        if number is None:
            raise BadInput("this is no mobile number")
        row = {
            "code": typed,
            "sort": sort,
            "name": name.strip(),
            "msisdn": number,
            "language": language,
            "added_by": staff_id,
            "added_at": self._clock.now(),
        }
        return await self._store.write(lambda tx: insert_ignore(tx, attesters, row))

    async def by_code(self, sort: AttesterSort, code: str) -> KnownAttester | None:
        """The one with this code."""
        query = select(attesters).where(attesters.c.code == code, attesters.c.sort == sort)
        rows = await self._store.read(query)
        return _attester(rows[0]) if rows else None

    async def list_attesters(self, *, after: str = "", limit: int = 100) -> list[KnownAttester]:
        """All, by code."""
        query = select(attesters).where(attesters.c.code > after).order_by(attesters.c.code).limit(limit)
        return [_attester(row) for row in await self._store.read(query)]


def _attester(row: Row[Any]) -> KnownAttester:
    return KnownAttester(row.code, AttesterSort(row.sort), row.name, row.msisdn, row.language)
