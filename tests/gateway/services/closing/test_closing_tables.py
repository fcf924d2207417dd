"""Every table of the store is sealed, column by column, or a list says why it is not: none is left out in silence."""

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat, zip_longest

from sqlalchemy import Table, insert

import gateway.services
from gateway.app.closing import AsOfNow
from gateway.app.reconciling import reconciliation_of
from gateway.services.approvals import SEALED as APPROVALS
from gateway.services.breaks import Counter
from gateway.services.closing import Closing
from gateway.services.closing.ports import SealSource
from gateway.services.heads import SEALED as HEADS
from gateway.services.signing import SEALED as SIGNING
from gateway.settings import Settings
from gateway.store import metadata
from gateway.store.octets import DatedRows
from tests.gateway.services.breaks.world import CHECKER, MAKER, World
from tests.gateway.services.closing.evening import CHART, DAY, MORNING, ZONE, Evening
from tests.gateway.services.closing.test_closing_verify import LEDGER, OURS, changes, opened
from wallet.ledger import schema

BOOKS: Mapping[str, Sequence[Sequence[str]]] = {
    "reconciliation": [
        ("reconciliation_changes", "reconciliation_groups", "reconciliation_decisions"), ("reconciliation_runs",),
        ("reconciliation_members", "reconciliation_said"),
    ],
    "breaks": [("breaks_history", "breaks_evidence", "breaks_booked"), ("breaks_postings",), ("breaks_breaks",)],
    "papers": [
        ("approvals_approvals", "approvals_changes", "approvals_votes", "approvals_delegations", "signing_documents",
         "signing_signatures", "signing_events", "signing_enrolments", "heads_published"),
    ],
}  # fmt: skip
"""By who seals them; tables of one line have leaves that say nothing of each other."""
NAMED_BY = {"reconciliation_members": "reconciliation_groups", "reconciliation_said": "reconciliation_decisions"}
"""Rows whose names are part of another one's leaf."""
CHANGE_LATER: Mapping[str, frozenset[str]] = {
    # Told by approvals_changes.
    "approvals_approvals": frozenset({"state", "result", "due"}),
    # One that is taken back ends sooner.
    "approvals_delegations": frozenset({"ends"}),
    # Told by signing_events.
    "signing_documents": frozenset({"state", "reason", "ended_at", "current_key", "due"}),
    "signing_enrolments": frozenset({"state", "open_key", "due"}),
    # When the sweep looks next.
    "breaks_postings": frozenset({"due_at"}),
    # How runs find it again; what it is and how it stands is told by its history.
    "breaks_breaks": frozenset({"group_id", "run_id", "resolved_at", "standing", "overdue", "lost_to"}),
    # Moves when another takes its place, which is sealed where that is said.
    "reconciliation_groups": frozenset({"ended"}),
}
NOT_SEALED = {
    "banking_news": "what was told on of sealed lines",
    "banking_orders": "bookings of orders, made of sealed lines",
    "breaks_flows": "which run was taken last",
    "breaks_rows": "rows of open groups; their names are in the shape that the history tells",
    "reconciliation_flows": "how far a flow is, and sums over sealed groups",
    "reconciliation_suggestions": "guesses, which link nothing",
    "signing_requests": "calls to phones; what came of one is a signature or an event, and codes are forgotten",
    "signing_signers": "today's phones; each signature has number, serial and certificate of its own",
}
OTHER_ROOMS = frozenset({
    "access", "answered", "apikeys", "benefits", "campaigns", "clearing", "controls", "decisions", "dialogue",
    "finding", "forwarding", "funnels", "jobs", "link", "merchants", "message", "messages", "notice", "payees",
    "payments", "payouts", "people", "providers", "releases", "staff", "taps", "terminal", "tokens",
})  # fmt: skip
"""They say nothing of how a day was proved; what they moved stands in the ledger."""
DERIVED = {"open_hold": "holds that are not resolved, which the log says; the ledger's own check has it"}


def sealed_tables() -> list[Table]:
    """Those of other services."""
    return [metadata.tables[name] for lines in BOOKS.values() for line in lines for name in line]


def test_no_table_is_left_out_in_silence() -> None:
    for room in pkgutil.iter_modules(gateway.services.__path__):
        for module in pkgutil.iter_modules([f"{gateway.services.__path__[0]}/{room.name}"]):
            if module.name == "tables":
                importlib.import_module(f"gateway.services.{room.name}.tables")
    known = {table.name for table in (*OURS, *sealed_tables())} | NOT_SEALED.keys()
    left = {name for name in metadata.tables if name.partition("_")[0] not in OTHER_ROOMS} - known
    assert not left
    assert known <= metadata.tables.keys()
    assert set(schema.metadata.tables) - LEDGER.keys() - DERIVED.keys() == {"schema_version"}


async def put(evening: Evening, table: Table, **given: object) -> None:
    """A row with these values and any others."""
    row: dict[str, object] = {}
    for column in table.c:
        kind = type(column.type).__name__
        values = {"Moment": evening.clock.now(), "Day": DAY, "Flag": False, "JsonText": ["x"], "LargeBinary": b"x"}
        any_of = 1 if "Integer" in kind else "x"
        row[column.name] = None if column.nullable else values.get(kind, any_of)
    await evening.store.write(lambda tx: tx.execute(insert(table).values(**row | given)).rowcount)


async def filled(evening: Evening) -> dict[str, SealSource]:
    """A day on which each table of other services got a row; whoever seals them."""
    tables = metadata.tables
    await put(evening, tables["reconciliation_flows"], flow="bank", generation=5)
    await put(evening, tables["reconciliation_runs"], id="rcn_1", flow="bank", state="done", finished_at=MORNING)
    await put(evening, tables["reconciliation_changes"], run_id="rcn_1")
    await put(evening, tables["reconciliation_groups"], id="rcg_1", flow="bank", made=2)
    await put(evening, tables["reconciliation_members"], group_id="rcg_1")
    await put(evening, tables["reconciliation_decisions"], id="rcd_1", flow="bank")
    await put(evening, tables["reconciliation_said"], decision_id="rcd_1")
    await put(evening, tables["approvals_delegations"], id="dlg_1")
    await put(
        evening,
        tables["signing_documents"],
        id="doc_0",
        need="mobile",
        state="signed",
        ended_at=MORNING,
        amount=5,
        asset="IRR",
    )
    await put(evening, tables["signing_signatures"], document_id="doc_0")
    await put(evening, tables["signing_events"], document_id="doc_0")
    await put(evening, tables["signing_enrolments"], id="enr_1")
    world = World(evening.store, evening.ledger, evening.clock)
    await world.fund()
    world.banks(-30, "line")
    await world.run()
    found = await world.only()
    await world.breaks.attach(found.id, "a.txt", b"the bank's letter", MAKER)
    await world.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "a charge", MAKER)
    await world.agreed(found.id, by=CHECKER)
    await evening.heads.publish()
    reconciliation = reconciliation_of(Settings(), evening.store, evening.clock, evening.metrics, evening.ledger, CHART)
    return {
        "reconciliation": AsOfNow(reconciliation.seal),
        "breaks": AsOfNow(world.breaks.seal),
        "papers": DatedRows(evening.store, ZONE, (*APPROVALS, *SIGNING, *HEADS)),
    }


async def test_one_changed_byte_in_any_column_of_any_row_of_another_service_is_found_and_named(
    evening: Evening,
) -> None:
    sources = await filled(evening)
    evening.closing = Closing(replace(evening.parts, sources=sources))
    await evening.ordinary()
    close = await evening.closed()
    counts = {root.section: root.count for root in close.roots}
    for book, lines in BOOKS.items():
        for line in lines:
            with opened(evening) as connection:
                await each_column_is_sealed(connection, sources[book], [metadata.tables[name] for name in line])
    for book, lines in BOOKS.items():
        sealed = await leaves(sources[book])
        for table in [metadata.tables[name] for line in lines for name in line]:
            # An octet that makes it no text any more.
            column = next(one.name for one in reversed(table.c) if one.name not in CHANGE_LATER.get(table.name, ()))
            with opened(evening) as connection:
                rowid, name = row_of(connection, table, sealed)
                with spoilt(connection, table, column, rowid):
                    found = (await evening.closing.verify(DAY)).finding
            assert found is not None, table.name
            assert fits(f"{found.table}:{found.key}", name)
    assert counts["breaks"] > 0
    assert (await evening.closing.verify(DAY)).sound


async def each_column_is_sealed(connection: sqlite3.Connection, source: SealSource, tables: Sequence[Table]) -> None:
    """The first columns of all of them with another value, then the second ones, and so on."""
    sealed = await leaves(source)
    mine = {table.name: row_of(connection, table, sealed) for table in tables}
    turns = [zip(repeat(table.name), changes(connection, table, mine[table.name][0]), strict=False) for table in tables]
    for changed in zip_longest(*turns):
        now = await leaves(source)
        differ = {name for name, leaf in sealed.items() if now.get(name) != leaf}
        for table, (column, _) in filter(None, changed):
            later = column in CHANGE_LATER.get(table, ())
            assert any(fits(name, mine[table][1]) for name in differ) is not later, f"{table}.{column}"
        assert all(any(fits(one, name) for _, name in mine.values()) for one in differ), differ
    assert await leaves(source) == sealed


@contextmanager
def spoilt(connection: sqlite3.Connection, table: Table, column: str, rowid: int) -> Iterator[None]:
    """A column is none of its kind any more for a while."""
    at = f"WHERE rowid = {rowid}"
    (was,) = connection.execute(f"SELECT {column} FROM {table.name} {at}").fetchone()  # noqa: S608 - ours
    value = "77" if isinstance(was, int) else "CAST(x'ff' AS TEXT)" if isinstance(was, str) else "x'ff'"
    connection.execute(f"UPDATE {table.name} SET {column} = {value} {at}")  # noqa: S608 - ours
    yield
    connection.execute(f"UPDATE {table.name} SET {column} = ? {at}", (was,))  # noqa: S608 - ours


async def leaves(source: SealSource) -> dict[str, bytes]:
    return {name: leaf async for name, leaf in source.seal(DAY, MORNING)}


def row_of(connection: sqlite3.Connection, table: Table, sealed: Mapping[str, bytes]) -> tuple[int, str]:
    """A row of a table that is sealed, with the name under which it is; the others are as this one."""
    by = NAMED_BY.get(table.name, table.name)
    keys = [column.name for column in table.primary_key][: len(metadata.tables[by].primary_key)]
    found = connection.execute(f"SELECT rowid, {', '.join(keys)} FROM {table.name}").fetchall()  # noqa: S608 - ours
    named = [(rowid, f"{by}:{':'.join(map(str, key))}") for rowid, *key in found]
    return next((rowid, name) for rowid, name in named if name in sealed)


def fits(found: str, name: str) -> bool:
    """Whether a row is named itself, or by one that says the same or is found by it."""
    table, _, key = name.partition(":")
    others = {
        "reconciliation_runs": f"reconciliation_changes:{key}:",
        "breaks_postings": "breaks_booked:",
        "breaks_history": f"breaks_breaks:{key.partition(':')[0]}",
    }
    return found == name or found.startswith(others.get(table, name + ":"))


async def test_a_row_that_is_put_into_a_closed_day_is_named(evening: Evening) -> None:
    evening.closing = Closing(replace(evening.parts, sources=await filled(evening)))
    await evening.ordinary()
    await evening.closed()
    for table in sealed_tables():
        if table.name in NAMED_BY or table.name == "breaks_breaks":
            continue
        with opened(evening) as connection:
            copied(connection, table)
            found = (await evening.closing.verify(DAY)).finding
            assert found is not None, table.name
            assert (found.table, found.what) == (table.name, "was not there when the day was sealed")
            last = f"(SELECT max(rowid) FROM {table.name})"  # noqa: S608 - ours
            connection.execute(f"DELETE FROM {table.name} WHERE rowid = {last}")  # noqa: S608 - ours
    assert (await evening.closing.verify(DAY)).sound


def copied(connection: sqlite3.Connection, table: Table) -> None:
    """One more row like the first, with other keys."""
    keys = {one.name for one in table.primary_key} | {
        "number",
        "sha256",
        "voter",
        "open_key",
        "current_key",
        "cms_hash",
    }
    keep = {"breaks_booked": {"posting_id", "number"}, "reconciliation_changes": {"run_id"}}.get(table.name, set())
    said = []
    for column in table.columns:
        name, kind = f'"{column.name}"', type(column.type).__name__
        other = f"{name} + 50" if "Integer" in kind else f"{name} || 'z'"
        other = f"CAST({other} AS BLOB)" if kind == "LargeBinary" else other
        said.append(other if column.name in keys - keep else name)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    row = f"SELECT {', '.join(said)} FROM {table.name} ORDER BY rowid LIMIT 1"  # noqa: S608 - ours
    connection.execute(f"INSERT INTO {table.name} ({names}) {row}")
