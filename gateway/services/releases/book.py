"""Releases as they are stored, and the only SQL of this service."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.errors import NotFound
from gateway.services.releases.model import Release, ReleaseState, Scope, ScopeKind, Standing
from gateway.services.releases.tables import IN_FORCE, RELEASES, VERSIONS
from gateway.store import Store, insert_ignore

MENUS = "menus"


class Book:
    """Releases by id, in a list, and which of them are in force."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def by_id(self, release_id: str) -> Release | None:
        """The release with this id."""
        rows = await self._store.read(select(RELEASES).where(RELEASES.c.id == release_id))
        return release_of(rows[0]) if rows else None

    async def list_releases(self, *, limit: int, before: str = "") -> list[Release]:
        """Releases, newest first, of ids before `before`."""
        query = select(RELEASES).order_by(RELEASES.c.id.desc()).limit(limit)
        if before:
            query = query.where(RELEASES.c.id < before)
        return [release_of(row) for row in await self._store.read(query)]

    async def revision(self) -> int:
        """How often what is in force has changed; 0 while nothing was ever released."""
        rows = await self._store.read(select(IN_FORCE.c.revision).where(IN_FORCE.c.name == MENUS))
        return int(rows[0].revision) if rows else 0

    async def standing(self) -> Standing:
        """What is in force, as of one moment."""
        live = select(RELEASES, IN_FORCE.c.base, IN_FORCE.c.revision).select_from(IN_FORCE)
        either = (RELEASES.c.id == IN_FORCE.c.base) | (RELEASES.c.id == IN_FORCE.c.trial)
        rows = await self._store.read(live.outerjoin(RELEASES, either).where(IN_FORCE.c.name == MENUS))
        found = [row for row in rows if row.id is not None]
        base = next((release_of(row) for row in found if row.id == row.base), None)
        trial = next((release_of(row) for row in found if row.id != row.base), None)
        return Standing(base, trial, int(rows[0].revision) if rows else 0)

    async def packed(self, version: str) -> bytes | None:
        """The packed files of a version."""
        rows = await self._store.read(select(VERSIONS.c.files).where(VERSIONS.c.version == version))
        return bytes(rows[0].files) if rows else None

    async def keep(self, version: str, content: bytes, now: datetime) -> None:
        """Store the packed files of a version; harmless when they are."""
        row = {"version": version, "files": content, "stored_at": now}
        await self._store.write(lambda tx: insert_ignore(tx, VERSIONS, row))


def put(tx: Connection, release: Release) -> None:
    """Store a new release."""
    row = {name: getattr(release, name) for name in Release.__dataclass_fields__ if name != "scope"}
    scope = {"scope": release.scope.kind, "percent": release.scope.percent, "branch": release.scope.branch}
    tx.execute(insert(RELEASES).values(**row, **scope))


def name_approval(tx: Connection, release_id: str, approval_id: str) -> None:
    """Write what a release was proposed as."""
    tx.execute(update(RELEASES).where(RELEASES.c.id == release_id).values(approval_id=approval_id))


def held(tx: Connection) -> Row[Any]:
    """The row that says what is in force, held until the unit of work is over; whatever changes it comes here first."""
    insert_ignore(tx, IN_FORCE, {"name": MENUS, "base": "", "trial": "", "revision": 0})
    return tx.execute(select(IN_FORCE).where(IN_FORCE.c.name == MENUS).with_for_update(key_share=True)).one()


def in_force(tx: Connection, head: Row[Any], *, base: str, trial: str) -> None:
    """Write what is in force from now on; the caller holds the row."""
    values = {"base": base, "trial": trial, "revision": head.revision + 1}
    tx.execute(update(IN_FORCE).where(IN_FORCE.c.name == MENUS).values(**values))


def found(tx: Connection, release_id: str) -> Release:
    """The release; the caller holds what is in force, so nobody else moves it.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(RELEASES).where(RELEASES.c.id == release_id)).one_or_none()
    if row is None:
        raise NotFound("no such release")
    return release_of(row)


def change(tx: Connection, release_id: str, state: ReleaseState, **values: object) -> None:
    """Bring a release into `state`; '' is none, and nothing is done."""
    if release_id:
        tx.execute(update(RELEASES).where(RELEASES.c.id == release_id).values(state=state.value, **values))


def release_of(row: Row[Any]) -> Release:
    """The release in a row."""
    values = {name: getattr(row, name) for name in Release.__dataclass_fields__ if name != "scope"}
    scope = Scope(ScopeKind(row.scope), row.percent, row.branch)
    return Release(**{**values, "state": ReleaseState(row.state)}, scope=scope)
