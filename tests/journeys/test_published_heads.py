"""A book that was rewritten from its first row, chain and all, is caught by a head that was published before."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

from gateway.app import built
from gateway.cli import app
from gateway.services.heads import HEADS_FILE
from gateway.settings import PREFIX, Settings
from gateway.workers.heads import HeadsWorker
from tests.wallet.books import fund, opened, send
from tests.wallet.sql import execute
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt
from wallet.heads import head_of, line_of
from wallet.transfers import Transfer

pytestmark = pytest.mark.journey


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    embedded = database_url.startswith("sqlite")
    return Settings(data_dir=tmp_path / "data", database_url="" if embedded else database_url)


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "tapdial.toml"
    shown = {"data_dir": str(settings.data_dir), "database_url": settings.database_url}
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in shown.items()))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        yield str(path)


async def command(config: str, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *words, "--config", config])


def said(result: Result) -> str:
    return re.sub(r"\s+", " ", result.output)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


async def days(settings: Settings, clock: ManualClock, *transfers: Transfer) -> None:
    """Each transfer on a day of its own, its head published by the worker in the evening."""
    async with opened(settings.wallet_url, clock) as ledger, built(settings, clock) as house:
        worker = HeadsWorker(house.heads, clock, settings.head_publish_s)
        for transfer in transfers:
            await ledger.post(transfer)
            clock.advance(timedelta(hours=12))
            await worker.tick()


async def rewrite(settings: Settings, clock: ManualClock, *transfers: Transfer) -> None:
    """What somebody with every right on the database can do: another history, sealed by our own code."""
    if settings.database_url:
        await execute(settings.database_url, "DROP SCHEMA wallet CASCADE")
    else:
        for path in settings.data_dir.glob("wallet.db*"):
            path.unlink()
    async with opened(settings.wallet_url, clock) as ledger:
        for transfer in transfers:
            await ledger.post(transfer)
            clock.advance(timedelta(hours=12))


async def test_a_rewritten_book_with_a_sound_chain_is_caught_by_an_earlier_published_head(
    settings: Settings, config: str, clock: ManualClock, tmp_path: Path
) -> None:
    settings.data_dir.mkdir()
    start = clock.now()
    history = [fund(clock, 100), send(clock, 30), send(clock, 5)]
    await days(settings, clock, *history)
    kept = put(tmp_path / "at-the-auditor.jsonl", content_of(settings.data_dir / HEADS_FILE))
    before = await command(config, "check-heads", kept)

    # The same ids, moments and balances: only the cause of the second transfer is another one.
    forged = [history[0], replace(history[1], cause="pay_to_nobody"), history[2]]
    await rewrite(settings, ManualClock(start), *forged)
    verified = await command(config, "verify")
    after = await command(config, "check-heads", kept)

    assert (before.exit_code, "3 published heads" in said(before)) == (0, True), before.output
    assert (verified.exit_code, "the ledger is sound" in said(verified)) == (0, True), verified.output
    assert after.exit_code == 1
    assert "line 2, block 3: the book's block of that number is another one: history was rewritten" in said(after)
    with pytest.raises(LedgerCorrupt, match="history was rewritten"):
        await days(settings, clock, send(clock, 1))


async def test_a_book_that_was_cut_off_is_caught_and_the_rest_stands(
    settings: Settings, config: str, clock: ManualClock, tmp_path: Path
) -> None:
    settings.data_dir.mkdir()
    start = clock.now()
    history = [fund(clock, 100), send(clock, 30)]
    await days(settings, clock, *history)
    lines = content_of(settings.data_dir / HEADS_FILE).splitlines(keepends=True)

    await rewrite(settings, ManualClock(start), history[0])
    stands = await command(config, "check-heads", put(tmp_path / "first.jsonl", lines[0]))
    cut = await command(config, "check-heads", put(tmp_path / "second.jsonl", lines[1]))

    assert stands.exit_code == 0, stands.output
    assert (cut.exit_code, "line 1, block 3: the book has no such block: history was cut off" in said(cut)) == (1, True)


async def test_an_auditor_checks_what_he_collected_with_a_key_and_no_database(
    settings: Settings, config: str, clock: ManualClock, tmp_path: Path
) -> None:
    settings.data_dir.mkdir()
    await days(settings, clock, fund(clock, 100), send(clock, 30))
    content = content_of(settings.data_dir / HEADS_FILE)
    kept = put(tmp_path / "kept.jsonl", content + content)
    forged = replace(head_of(content.splitlines()[0]), hash=bytes(32))
    bad = put(tmp_path / "bad.jsonl", content + line_of(forged).encode())
    torn = put(tmp_path / "torn.jsonl", content[:-20])
    empty = put(tmp_path / "empty.jsonl", b"")
    elsewhere = put(tmp_path / "elsewhere.toml", f"data_dir = {json.dumps(str(tmp_path / 'nothing'))}".encode())
    key = (await command(config, "head", "--key")).output.strip()

    checks = {
        (kept, key): (0, "4 published heads are signed and free of contradiction"),
        (kept, "00" * 32): (1, "line 1, block 2: it was signed with a key that is not at hand"),
        (kept, "0f"): (2, "64 hex digits"),
        (bad, key): (1, "line 3, block 2: its signature is wrong"),
        (torn, key): (1, "line 2: this is no published head"),
        (empty, key): (1, "holds no head"),
    }
    for (file, given), (status, says) in checks.items():
        result = await command(elsewhere, "check-heads", file, "--key", given, "--without-book")
        assert (result.exit_code, says in said(result)) == (status, True), result.output
    assert not (tmp_path / "nothing").exists()

    if settings.database_url:
        name = make_url(settings.database_url).database
        await execute(settings.database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    read = await command(config, "check-heads", kept, "--key", key)
    assert (read.exit_code, "4 published heads are signed and in the book" in said(read)) == (0, True), read.output


async def test_the_head_is_printed_and_published_on_the_command_line(
    settings: Settings, config: str, clock: ManualClock
) -> None:
    settings.data_dir.mkdir()
    none_yet = await command(config, "head", "--sign")
    async with opened(settings.wallet_url, clock) as ledger:
        await ledger.post(fund(clock, 100))
    unpublished = await command(config, "head")
    signed = await command(config, "head", "--sign")
    again = await command(config, "head", "--sign")
    shown = await command(config, "head")

    assert [none_yet.exit_code, unpublished.exit_code, signed.exit_code, again.exit_code] == [1, 1, 0, 0]
    assert signed.output == again.output == shown.output
    assert signed.output.encode() == content_of(settings.data_dir / HEADS_FILE)
    assert head_of(signed.output.encode()).block == 2
