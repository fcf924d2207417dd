"""What a database error means: try the group again, connect anew, or it is our own fault."""

import sqlite3
from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class Verdict(Enum):
    """What to do about a failed group."""

    AGAIN = "again"
    """Two writers stood in each other's way; nothing was committed."""
    GONE = "gone"
    """The database cannot be reached or did not answer; a COMMIT in flight may have happened."""
    OURS = "ours"
    """The rows contradict the schema: rules and database disagree."""


UNREACHABLE = (DBAPIError, OSError, TimeoutError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Everything that a database call may raise; SQLAlchemy wraps most of it, not all."""

_AGAIN_STATES = frozenset({"40001", "40P01"})
_OURS_CLASSES = frozenset({"22", "23", "42", "P0"})
_SQLITE_OURS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)


def judge(fault: BaseException) -> Verdict:
    """By SQLSTATE where there is one (ISO 9075 classes: 22 data, 23 integrity, 40 rollback, 42 access rule)."""
    cause = fault.orig if isinstance(fault, DBAPIError) else fault
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        if state in _AGAIN_STATES:
            return Verdict.AGAIN
        return Verdict.OURS if state[:2] in _OURS_CLASSES else Verdict.GONE
    if isinstance(cause, _SQLITE_OURS):
        return Verdict.OURS
    return Verdict.GONE
