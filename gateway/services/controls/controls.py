"""Verbs of controls: set them, read them with their history, and hold and count what is paid under them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.errors import BadInput
from gateway.services.controls import velocity
from gateway.services.controls.held import Held, Spending
from gateway.services.controls.model import ANY, Control, Party
from gateway.services.controls.rules import TEXT_MAX, check
from gateway.services.controls.tables import controls, history, programmes, used
from gateway.services.controls.windows import Used, Windows
from gateway.store import Store, insert_ignore
from wallet.clock import Clock

REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a control's history."""

    subject: str
    party: Party
    version: int
    control: Control
    actor: str
    reason: str
    at: datetime


class Controls:
    """What accounts and tokens may pay."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def control(self, subject: str, party: Party) -> Control:
        """What this party bounds for an account or a token."""
        mine = (controls.c.subject == subject) & (controls.c.party == party)
        rows = await self._store.read(select(controls).where(mine))
        return Control.of(rows[0].content) if rows else ANY

    async def set(self, subject: str, party: Party, control: Control, *, actor: str, reason: str) -> Control:
        """Put this in place of what the party has set.

        Raises:
            BadInput: No control, or staff without a reason.
        """
        return await self.change(subject, party, lambda _: control, actor=actor, reason=reason)

    async def change(
        self, subject: str, party: Party, changed: Callable[[Control], Control], *, actor: str, reason: str
    ) -> Control:
        """The same with what follows from the present one, of which two at once lose nothing.

        Raises:
            BadInput: As of `set`.
        """
        reason = reason.strip()
        if len(reason) > REASON_MAX or (party is Party.STAFF and not reason):
            raise BadInput(f"a reason of 1 to {REASON_MAX} characters is wanted")
        now = self._clock.now()
        return await self._store.write(lambda tx: _change(tx, subject, party, changed, actor, reason, now))

    async def history(self, subject: str, limit: int = 50) -> list[Change]:
        """Who set what for an account or a token, newest first."""
        query = select(history).where(history.c.subject == subject)
        rows = await self._store.read(query.order_by(history.c.at.desc(), history.c.version.desc()).limit(limit))
        return [_changed(row) for row in rows]

    async def put_into(self, programme: str, merchant_id: str, *, actor: str) -> None:
        """Make a merchant part of a programme.

        Raises:
            BadInput: A name of none or too many characters.
        """
        if not 0 < len(programme) <= TEXT_MAX:
            raise BadInput(f"a programme's name has 1 to {TEXT_MAX} characters")
        row = {"merchant_id": merchant_id, "programme": programme, "actor": actor, "at": self._clock.now()}
        await self._store.write(lambda tx: insert_ignore(tx, programmes, row))

    async def take_out(self, programme: str, merchant_id: str) -> None:
        """End a merchant's part in a programme."""
        mine = (programmes.c.programme == programme) & (programmes.c.merchant_id == merchant_id)
        await self._store.write(lambda tx: tx.execute(delete(programmes).where(mine)))

    async def merchants_of(self, programme: str, limit: int = 500) -> list[str]:
        """Ids of the merchants of a programme."""
        query = select(programmes.c.merchant_id).where(programmes.c.programme == programme)
        rows = await self._store.read(query.order_by(programmes.c.merchant_id).limit(limit))
        return [row.merchant_id for row in rows]

    def held(self, tx: Connection, spends: Sequence[Spending]) -> Held:
        """Hold what was counted for the accounts of payments until the end of the unit, with the controls over them."""
        return Held(tx, spends)

    def give_back(
        self, tx: Connection, par: str, token_id: str, paid: Used, windows: Windows, made_at: datetime
    ) -> None:
        """Take back what was counted in `windows`: a whole payment, or (with a count of 0) a part of its sum.

        The caller sees to it that it happens once for each payment; `made_at` is the `now` that it was held with.
        """
        velocity.give_back(tx, (par, token_id), paid, windows, made_at)

    def renumbered(self, tx: Connection, before: str, after: str) -> None:
        """An account has another reference: what bounds it, its history and what was counted go over to it."""
        for kept in (controls, history, used):
            tx.execute(update(kept).where(kept.c.subject == before).values(subject=after))


def _change(
    tx: Connection,
    subject: str,
    party: Party,
    changed: Callable[[Control], Control],
    actor: str,
    reason: str,
    now: datetime,
) -> Control:
    mine = (controls.c.subject == subject) & (controls.c.party == party)
    insert_ignore(tx, controls, {"subject": subject, "party": party, "version": 0, "content": {}})
    row = tx.execute(select(controls).where(mine).with_for_update(key_share=True)).one()
    before = Control.of(row.content)
    control = check(changed(before))
    if control == before:
        return control
    then = {"version": row.version + 1, "content": control.kept()}
    tx.execute(update(controls).where(mine).values(**then))
    tx.execute(insert(history).values(subject=subject, party=party, actor=actor, reason=reason, at=now, **then))
    return control


def _changed(row: Row[Any]) -> Change:
    return Change(row.subject, Party(row.party), row.version, Control.of(row.content), row.actor, row.reason, row.at)
