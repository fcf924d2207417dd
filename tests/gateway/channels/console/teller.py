"""A teller of notices for tests whose subject is not what people are told."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from wallet.money import Money


class StubTeller:
    """Tells nobody."""

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, str | int | Money | date | datetime],
        secrets: Mapping[str, str],
    ) -> Callable[[Connection], bool]:
        return lambda _tx: True
