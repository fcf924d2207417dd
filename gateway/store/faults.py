"""Which exceptions say that the database is gone: one answer for reads and writes, whichever library words it.

SQLAlchemy gives a class of its own to few of asyncpg's errors: a server that shuts down, runs out of connections or is
starting up comes as a bare DBAPIError or, while connecting, as asyncpg's own. SQLSTATE tells them from our mistakes.
"""

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_ALWAYS = (
    OSError, TimeoutError, PoolTimeoutError, OperationalError, InterfaceError, InternalError,
    asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError,
    sqlite3.OperationalError, sqlite3.InterfaceError, sqlite3.InternalError,
)  # fmt: skip
"""SQLAlchemy wraps what a statement of its own raises; asyncpg's own errors come from connecting only, sqlite3's from
statements that gateway.store.plain runs."""
FAULTS = (*_ALWAYS, DBAPIError)
"""Everything that `is_lost` may say yes to."""
_LOST_CLASSES = frozenset({"08", "53", "57", "58", "XX"})
"""ISO 9075 classes and PostgreSQL's: connection, resources, operator intervention, system, internal (appendix A)."""
_READ_ONLY = "25006"
"""The server has become a replica."""


def is_lost(problem: BaseException) -> bool:
    """Whether the database could not be reached or went away; whether a COMMIT in flight stands is then not known."""
    if isinstance(problem, _ALWAYS):
        return True
    if not isinstance(problem, DBAPIError):
        return False
    state = sqlstate(problem)
    return problem.connection_invalidated or state[:2] in _LOST_CLASSES or state == _READ_ONLY


def sqlstate(problem: DBAPIError) -> str:
    """The five characters that name a PostgreSQL error; '' elsewhere."""
    return str(getattr(problem.orig, "sqlstate", "") or "")
