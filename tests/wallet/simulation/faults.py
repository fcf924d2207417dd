"""What may go wrong between a process and its database, and when: the seed decides at every await."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

import asyncpg

COMMIT, CONNECT, INSERT, STATEMENT, ROLLBACK = "COMMIT", "CONNECT", "INSERT", "STATEMENT", "ROLLBACK"


class Fault(Enum):
    """One thing that goes wrong with one request."""

    REQUEST_LOST = auto()
    """The connection breaks before the server gets the request."""
    REPLY_LOST = auto()
    """The server does what was asked, then the connection breaks."""
    REPLY_NEVER = auto()
    """The server does what was asked; nothing comes back, not even an error."""
    CLASH = auto()
    """The server rolls the transaction back: 40001 or 40P01."""
    KILLED = auto()
    """The server ends the session before it does what was asked (57P01)."""
    SLOW = auto()
    """The server takes up to 40 s, longer than anybody waits, and does it all the same."""
    REFUSED = auto()
    """No connection comes about."""
    ROW_REFUSED = auto()
    """The server says that a row breaks its rules (23514)."""


ON_CONNECT = (Fault.REFUSED, Fault.REFUSED, Fault.SLOW)
ON_STATEMENT = (Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.REPLY_NEVER, Fault.CLASH, Fault.KILLED, Fault.SLOW)
ON_INSERT = (*ON_STATEMENT, Fault.ROW_REFUSED)
_MENU: Mapping[str, tuple[Fault, ...]] = {
    CONNECT: ON_CONNECT,
    STATEMENT: ON_STATEMENT,
    ROLLBACK: ON_STATEMENT,
    INSERT: ON_INSERT,
    COMMIT: ON_STATEMENT,
}


class ServerError(sqlite3.OperationalError):
    """An error with an SQLSTATE, as PostgreSQL's drivers raise it; SQLAlchemy wraps it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class RowError(sqlite3.IntegrityError):
    """A constraint that a row breaks."""

    sqlstate = "23514"


_GONE: tuple[Callable[[], Exception], ...] = (
    ConnectionResetError,
    BrokenPipeError,
    lambda: sqlite3.OperationalError("gone"),
    lambda: ServerError("08006"),
    lambda: asyncpg.InterfaceError("connection was closed in the middle of operation"),
)
_REFUSALS: tuple[Callable[[], Exception], ...] = (
    ConnectionRefusedError,
    lambda: asyncpg.PostgresError("the database system is starting up"),
    lambda: ServerError("57P03"),
)


@dataclass(slots=True)
class Weather:
    """How often things go wrong in this run; `calm` ends all of it.

    Attributes:
        random: The seed's.
        storm: Chance of a fault at one await.
        commit_storm: The same at a COMMIT, where it matters most.
    """

    random: Random
    storm: float
    commit_storm: float
    is_calm: bool = False

    @classmethod
    def of(cls, random: Random) -> "Weather":
        return cls(random, random.choice([0.0, 0.005, 0.02, 0.05]), random.choice([0.0, 0.2, 0.4]))

    def calm(self) -> None:
        self.is_calm = True

    def fault(self, request: str) -> Fault | None:
        """What goes wrong with this request, None for nothing."""
        chance = self.commit_storm if request == COMMIT else self.storm
        if self.is_calm or self.random.random() >= chance:
            return None
        return self.random.choice(_MENU[request])

    def happens(self, chance: float) -> bool:
        return not self.is_calm and self.random.random() < chance

    def latency_s(self) -> float:
        """One way through the network, or a statement's work."""
        return self.random.uniform(0.000_05, 0.002)

    def slow_s(self) -> float:
        return self.random.choice([0.5, 5.0, 14.9, 15.1, 40.0]) * self.random.uniform(0.9, 1.1)

    def notice_s(self) -> float:
        """Until a server notices that a client is gone."""
        return self.random.choice([0.0, 0.01, 1.0, 8.0])

    def gone(self) -> Exception:
        """How a broken connection shows itself."""
        return self.random.choice(_GONE)()

    def refusal(self) -> Exception:
        return self.random.choice(_REFUSALS)()

    def clash(self) -> Exception:
        return ServerError(self.random.choice(["40001", "40P01"]))
