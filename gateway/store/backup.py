"""Backup and restore of everything that must come back together: both databases and the sealed key file.

SQLite: the online backup API copies a running database whole. PostgreSQL: pg_dump and pg_restore. A PIN cannot be
checked without the key file's pepper, so the three are one backup; the key file is useless without its passphrase.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, make_url

from gateway.errors import Conflict, NotFound, StoreUnavailable
from wallet.pooled import bare

DATABASES = ("gateway.db", "wallet.db")
"""In this order: a ledger that is younger than the services' store heals, since what they ask for again has the same
ids; a store that knows outcomes which its ledger never booked has lost money. One dump of PostgreSQL is one moment."""
KEY_FILE = "keys.sealed"
DUMP = "database.dump"


def backup(database_url: str, data_dir: Path, folder: Path) -> Iterator[Path]:
    """Write the backup into a new `folder`, yielding each file when it is complete.

    Raises:
        Conflict: `folder` exists.
        NotFound: There is nothing to back up.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists; name a new folder")
    folder.mkdir(parents=True, mode=0o700)
    if database_url:
        yield _run_tool(["pg_dump", "--format=custom", f"--file={folder / DUMP}"], database_url, folder / DUMP)
    else:
        for name in DATABASES:
            yield _copy_sqlite(data_dir / name, folder / name)
    if (data_dir / KEY_FILE).exists():
        shutil.copy2(data_dir / KEY_FILE, folder / KEY_FILE)
        yield folder / KEY_FILE


def restore(database_url: str, data_dir: Path, folder: Path) -> Iterator[Path]:
    """Put a backup where nothing is yet.

    Raises:
        Conflict: Something is there already.
        NotFound: `folder` is no backup.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    names = (KEY_FILE,) if database_url else (*DATABASES, KEY_FILE)
    for name in names:
        if (data_dir / name).exists():
            raise Conflict(f"{data_dir / name} exists; restore into an empty data folder")
    if database_url:
        _run_tool(["pg_restore", "--exit-on-error", str(folder / DUMP)], database_url, folder / DUMP)
        yield folder / DUMP
    for name in names:
        if (folder / name).exists():
            shutil.copy2(folder / name, data_dir / name)
            yield data_dir / name
        elif name != KEY_FILE:
            raise NotFound(f"{folder / name} is missing: this folder is no backup")


def _copy_sqlite(source: Path, target: Path) -> Path:
    if not source.exists():
        raise NotFound(f"{source} does not exist; nothing to back up")
    reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    writing = sqlite3.connect(target)
    try:
        reading.backup(writing)
    finally:
        reading.close()
        writing.close()
    return target


def _run_tool(words: list[str], database_url: str, made: Path) -> Path:
    tool = shutil.which(words[0])
    if tool is None:
        raise StoreUnavailable(f"{words[0]} is not installed (Debian: postgresql-client)")
    # The password travels by the environment: arguments can be read by every user of the machine.
    url = bare(make_url(database_url))
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    public = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    done = subprocess.run(  # noqa: S603 - our own words
        [tool, f"--dbname={public}", *words[1:]],
        env={**os.environ, **password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StoreUnavailable(f"{words[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    return made
