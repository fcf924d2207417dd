"""The revisions make exactly the tables that the code has, on both databases, and running them again is harmless."""

from collections.abc import Mapping

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    insert,
    inspect,
    select,
    text,
)

import gateway.app
from gateway.store import Store, engines, metadata, migrate

pytestmark = [
    # SQLAlchemy and alembic cannot read an index over an expression back from SQLite: they are looked for below.
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index"),
]

RENAMED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "taps_messages": ("answered_messages", {"tap_id": "subject"}),
}
"""What tables and columns of old are called now."""


def differences(connection: Connection) -> list[str]:
    """What alembic would still change."""
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return [str(change) for change in compare_metadata(context, metadata)]


async def test_the_revisions_make_the_tables_of_the_code(database_url: str) -> None:
    assert gateway.app.built is not None  # all services are imported, so all tables are known
    await Store.upgrade(database_url)
    await Store.upgrade(database_url)

    reading = engines.postgres(database_url) if "postgresql" in database_url else engines.reader(database_url)
    async with reading.connect() as connection:
        if "postgresql" in database_url:
            await connection.execute(text(f"SET search_path TO {engines.SCHEMA}"))
        assert await connection.run_sync(differences) == []
        if "sqlite" in database_url:
            strict = await connection.execute(text("SELECT name FROM pragma_table_list WHERE strict = 1"))
            names = set(strict.scalars())
            tables = await connection.run_sync(lambda tx: set(inspect(tx).get_table_names()))
            assert tables - names == {"alembic_version"}
    await reading.dispose()


INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = 'gateway'",
}


async def test_every_index_of_the_code_is_there(database_url: str) -> None:
    await Store.upgrade(database_url)

    reading = engines.postgres(database_url) if "postgresql" in database_url else engines.reader(database_url)
    async with reading.connect() as connection:
        found = await connection.execute(text(INDEXES[connection.dialect.name]))
        names = set(found.scalars())
    await reading.dispose()

    wanted = {str(index.name) for one in metadata.tables.values() for index in one.indexes}
    assert len(wanted) > 100
    assert wanted <= names, wanted - names


def filler(column: Column[object]) -> object:
    """A value that its type takes."""
    kinds = {BigInteger: 1, Integer: 1, LargeBinary: b"x"}
    return next((value for kind, value in kinds.items() if isinstance(column.type, kind)), "x")


def tables_of(tx: Connection) -> Mapping[str, Table]:
    """What is in the database, whatever the code says."""
    found = MetaData()
    found.reflect(tx)
    return {table.name: table for table in found.sorted_tables if table.name != "alembic_version"}


async def test_every_row_of_an_older_database_is_there_after_the_upgrade(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old: dict[str, Mapping[str, object]] = {}

    def fill(tx: Connection, known: MetaData) -> None:
        command.upgrade(migrate.config(tx, known), "0005")
        for name, table in tables_of(tx).items():
            old[name] = {column.name: filler(column) for column in table.columns}
            tx.execute(insert(table), old[name])

    def look(tx: Connection, known: MetaData) -> None:
        command.upgrade(migrate.config(tx, known), "head")
        there = tables_of(tx)
        for name, row in old.items():
            now, renamed = RENAMED.get(name, (name, {}))
            columns = [there[now].c[renamed.get(key, key)] for key in row]
            assert [tuple(found) for found in tx.execute(select(*columns))] == [tuple(row.values())]

    url = await without_schema(database_url)
    for work in (fill, look):
        monkeypatch.setattr(migrate, "run", work)
        await Store.upgrade(url)
    assert len(old) > 20


async def test_claims_of_an_older_database_are_for_sickness_and_a_refused_one_may_be_objected_to(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Mapping[str, object]] = {}

    def fill(tx: Connection, known: MetaData) -> None:
        command.upgrade(migrate.config(tx, known), "0014")
        claims = tables_of(tx)["benefits_claims"]
        row = {column.name: filler(column) for column in claims.columns}
        for state in ("paid", "rejected"):
            names = {name: f"{name} {state}" for name in ("id", "number", "call_key")}
            tx.execute(insert(claims), {**row, **names, "state": state, "decided_by": "stf_1"})

    def look(tx: Connection, known: MetaData) -> None:
        command.upgrade(migrate.config(tx, known), "head")
        for row in tx.execute(select(tables_of(tx)["benefits_claims"])):
            found[row.state] = dict(row._mapping)

    url = await without_schema(database_url)
    for work in (fill, look):
        monkeypatch.setattr(migrate, "run", work)
        await Store.upgrade(url)
    told = ("kind", "attestation", "batch_id", "decided_by", "first_officer", "why")
    assert {state: [row[name] for name in told] for state, row in found.items()} == {
        "paid": ["sickness", "none", "", "stf_1", "", ""],
        "rejected": ["sickness", "none", "", "stf_1", "stf_1", "other"],
    }
    assert found["paid"]["amount_minor"] == 1


async def without_schema(url: str) -> str:
    """A database that no revision has seen."""
    if "postgresql" not in url:
        return f"{url}.new"
    engine = engines.postgres(url)
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP SCHEMA IF EXISTS {engines.SCHEMA} CASCADE"))
    await engine.dispose()
    return url
