"""Terminals' lines as staff see them: what each process last said of each, kept where every process reads it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, select, update

from gateway.services.links.board import FORGOTTEN_S, SILENT_S
from gateway.services.links.tables import TERMINAL_LINES
from gateway.store import Store, insert_ignore
from wallet.clock import Clock

_PROCESS = ""
"""The terminal id of a process's own row, which says only when it last spoke."""


@dataclass(frozen=True, slots=True)
class TerminalStatus:
    """How one terminal's line stands in one process.

    Attributes:
        terminal_id: Who signed on.
        listener: Where it called.
        dialect: What it speaks.
        peer: The address it calls from.
        up: Whether it is signed on.
        since: When it became what it is.
        last_at: When its last message came.
        last_mti: Of what type that was, in its own dialect.
        in_flight: Messages that wait for their answers.
        messages: Messages since it signed on.
        refused: Those of them that could not be read.
        dropped: Why it was cut; '' when it was not.
    """

    terminal_id: str
    listener: str
    dialect: str
    peer: str
    up: bool
    since: datetime
    last_at: datetime | None = None
    last_mti: str = ""
    in_flight: int = 0
    messages: int = 0
    refused: int = 0
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class TerminalLine(TerminalStatus):
    """What a process last said of a line; `silent` if the process has not spoken lately."""

    process: str = ""
    silent: bool = False


class TerminalBoard:
    """Every process says what its terminals do; whoever asks sees those of all."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def say(self, process: str, statuses: Sequence[TerminalStatus]) -> None:
        """Replace what `process` said of these terminals; of others what it said stands. Also: it is alive."""
        now = self._clock.now()
        rows = [{"process": process, "seen_at": now, **asdict(status)} for status in statuses]
        alive = {"process": process, "seen_at": now, **asdict(TerminalStatus(_PROCESS, "", "", "", False, now))}

        def work(tx: Connection) -> None:
            for row in (alive, *rows):
                key = (TERMINAL_LINES.c.process == process) & (TERMINAL_LINES.c.terminal_id == row["terminal_id"])
                if not tx.execute(update(TERMINAL_LINES).where(key).values(row)).rowcount:
                    insert_ignore(tx, TERMINAL_LINES, row)

        await self._store.write(work)

    async def lines(self, *, terminals: Sequence[str] = (), after: str = "", limit: int = 200) -> list[TerminalLine]:
        """Lines by terminal and process, of terminals behind `after`; of `terminals` alone where they are given."""
        of_processes = select(TERMINAL_LINES.c.process, TERMINAL_LINES.c.seen_at)
        spoke = await self._store.read(of_processes.where(TERMINAL_LINES.c.terminal_id == _PROCESS))
        live = {row.process for row in spoke if row.seen_at >= self._clock.now() - timedelta(seconds=SILENT_S)}
        query = select(TERMINAL_LINES).where(TERMINAL_LINES.c.terminal_id > after)
        if terminals:
            query = query.where(TERMINAL_LINES.c.terminal_id.in_(terminals))
        query = query.order_by(TERMINAL_LINES.c.terminal_id, TERMINAL_LINES.c.process).limit(limit)
        return [_line(row, silent=row.process not in live) for row in await self._store.read(query)]

    async def sweep(self) -> int:
        """Forget lines that were down for long, and all of processes that are gone; how many."""
        old = self._clock.now() - timedelta(seconds=FORGOTTEN_S)
        lines = TERMINAL_LINES.c
        gone = select(lines.process).where(lines.terminal_id == _PROCESS, lines.seen_at < old).scalar_subquery()
        stale = lines.process.in_(gone) | (
            (lines.terminal_id != _PROCESS) & lines.up.in_([False]) & (lines.seen_at < old)
        )
        return await self._store.write(lambda tx: tx.execute(delete(TERMINAL_LINES).where(stale)).rowcount)


def _line(row: Row[tuple[object, ...]], *, silent: bool) -> TerminalLine:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    values.pop("seen_at")
    return TerminalLine(**values, silent=silent)
