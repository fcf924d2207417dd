"""Column types that mean the same on SQLite (STRICT tables) and PostgreSQL.

STRICT refuses VARCHAR, BIGINT and BOOLEAN, SQLite's own datetime loses its zone, and asyncpg takes naive moments
silently; so every table of ours uses only these.
"""

import functools
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, SmallInteger, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from wallet.clock import from_us, to_us

Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""A signed 64-bit integer: INTEGER on SQLite, BIGINT on PostgreSQL."""

Blob = LargeBinary()
"""Bytes: BLOB and BYTEA."""

__all__ = ["Blob", "Day", "Flag", "Id128", "Int64", "JsonText", "Moment", "Text"]


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment as integer microseconds since 1970."""

    impl = Int64
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Refuses a naive moment by assertion."""
        return None if value is None else to_us(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """The same, straight: SQLAlchemy's own way there costs two more calls a value."""
        return _us_of

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """An aware UTC moment, straight too."""
        return _moment_of


class Day(TypeDecorator[date]):
    """A calendar day as TEXT `YYYY-MM-DD`, which sorts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """ISO 8601."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """A date."""
        return None if value is None else date.fromisoformat(value)


class Flag(TypeDecorator[bool]):
    """A boolean as 0 or 1."""

    impl = SmallInteger().with_variant(Integer(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: FBT001 - SQLAlchemy's
        """0 or 1."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        """True or False."""
        return None if value is None else bool(value)


class Id128(TypeDecorator[UUID]):
    """A 128-bit id: BLOB of 16 bytes on SQLite, native uuid on PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that this dialect stores."""
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        """Bytes or a native uuid."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.bytes

    def bind_processor(self, dialect: Dialect) -> Callable[[UUID | None], UUID | bytes | None] | None:
        """The same, straight, as of a Moment."""
        return None if dialect.name == "postgresql" else _bytes_of

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        """A UUID, which PostgreSQL's driver gives by itself."""
        return None if dialect.name == "postgresql" else _uuid_of


class JsonText(TypeDecorator[Any]):
    """JSON kept as TEXT with sorted keys, so that equal values are equal bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Compact JSON."""
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        """What was stored."""
        return None if value is None else json.loads(value)


def _us_of(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)


# Cached: rows of one group have one moment, and most rows name accounts that the ones before have named.
@functools.lru_cache(1024)
def _moment_of(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


def _bytes_of(id_: UUID | None) -> bytes | None:
    return None if id_ is None else id_.bytes


@functools.lru_cache(8192)
def _uuid_of(octets: bytes | None) -> UUID | None:
    return None if octets is None else UUID(bytes=octets)
