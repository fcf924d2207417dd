"""The yardsticks of bench/ussd.py: aiohttp handlers that read the form and answer a page; `… PORT HOPS [DATABASE_URL]`.

Bare, there is no session, no store, no menus. With a database each hop also commits a row of its session through the
house's grouped writer, durably (SQLite with synchronous=FULL, PostgreSQL with fsync): what any durable USSD server of
this kind must pay.
"""

import asyncio
import sys

from aiohttp import web
from sqlalchemy import Column, Connection, Executable, MetaData, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema

from gateway.store import Store, Write
from gateway.store.engines import SCHEMA
from wallet.types import Int64, Text

PATH = "/ussd/africastalking"
SESSIONS = Table(
    "bench_sessions",
    MetaData(),
    Column("key", Text, primary_key=True),
    Column("msisdn", Text, nullable=False),
    Column("hops", Int64, nullable=False),
    Column("page", Text, nullable=False),
    sqlite_strict=True,
)
KEEP = {
    name: new.on_conflict_do_update(index_elements=["key"], set_={"hops": new.excluded.hops, "page": new.excluded.page})
    for name, new in (("sqlite", sqlite.insert(SESSIONS)), ("postgresql", postgresql.insert(SESSIONS)))
}


class Yardstick:
    """Answers as many hops as a payment has."""

    def __init__(self, hops: int, store: Store | None, keep: Executable | None) -> None:
        self._last = hops - 2
        self._store = store
        self._keep = keep

    async def handle(self, request: web.Request) -> web.Response:
        """A page, or the receipt behind the last answer."""
        form = await request.post()
        text, msisdn = str(form["text"]), str(form["phoneNumber"])
        page = f"CON {msisdn}\n1. Balance\n0. Exit"
        if text and text.count("*") == self._last:
            page = "END Reference 1"
        if self._store is not None and self._keep is not None:
            hops = text.count("*") + 1
            row = {"key": str(form["sessionId"]), "msisdn": msisdn, "hops": hops, "page": page}
            await self._store.apply(Write(self._keep, row, expect=1))
        return web.Response(text=page)


def _tables(tx: Connection) -> None:
    if tx.dialect.name == "postgresql":
        tx.execute(CreateSchema(SCHEMA, if_not_exists=True))
    SESSIONS.create(tx, checkfirst=True)


async def main(port: int, hops: int, url: str) -> None:
    """Listen until killed."""
    store = await Store.open(url) if url else None
    keep = KEEP[make_url(url).get_backend_name()] if url else None
    if store is not None:
        await store.write(_tables)
    app = web.Application()
    app.router.add_post(PATH, Yardstick(hops, store, keep).handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), "".join(sys.argv[3:])))
