"""How a service has a person told, whatever it tells: one Protocol for all, satisfied by app's NoticeTeller."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection

from wallet.money import Money

NoticeValue = str | int | Money | date | datetime
"""What a text may hold: a name or number as it is, an amount, a day, a moment (aware, shown in the house's zone)."""

Tell = Callable[[Connection], bool]
"""Puts a notice into the outbox inside the caller's unit of work; False if that cause has told it already."""


class Teller(Protocol):
    """Words and seals a notice now, and hands back the write that puts it into the outbox inside a unit of work."""

    async def prepared(
        self,
        class_: str,
        *,
        cause: str,
        msisdn: str,
        person_id: str,
        language: str,
        values: Mapping[str, NoticeValue],
        secrets: Mapping[str, str],
    ) -> Tell:
        """`class_` is a member's value of NoticeClass, as `claim_received`; `secrets` are sealed and wiped."""
        ...
