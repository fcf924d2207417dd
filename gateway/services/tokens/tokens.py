"""The front door of this service: all verbs of tokens, their use by a tap, and what is swept."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from gateway.observe import log
from gateway.services.tokens import lifecycle, rules, uses
from gateway.services.tokens.calls import DeviceCalls
from gateway.services.tokens.lifecycle import HOUSE, Act
from gateway.services.tokens.locking import Locking
from gateway.services.tokens.provisioning import Provisioning
from gateway.services.tokens.replenishing import Replenishing
from gateway.services.tokens.states import TokenState
from gateway.services.tokens.tables import tokens
from gateway.services.tokens.thresholds import Channel, UseOutcome
from gateway.services.tokens.uses import Tapped, Use
from gateway.services.tokens.views import Views
from gateway.store import Write

ENDING_AT_ONCE = 100
_WARNED, _OVER = "warned", "over"
_COUNT_BAD = (
    update(tokens).where(tokens.c.id == bindparam("token")).values(bad_cryptograms=tokens.c.bad_cryptograms + 1)
)


class Tokens(Provisioning, Replenishing, DeviceCalls, Locking, Views):
    """Makes tokens for phones and watches over their use."""

    def use(
        self,
        tx: Connection,
        token_id: str,
        luk_id: bytes,
        atc: int,
        now: datetime,
        *,
        amount_minor: int = 0,
        channel: str = Channel.TAP,
        ac: bytes = b"",
    ) -> UseOutcome:
        """Inside the caller's unit of work: move the counter of a tap whose cryptogram was good.

        `channel` is a value of Channel; `ac` is kept as what the phone may name as proof of its last use.
        """
        (outcome,) = uses.use_all(tx, [Use(token_id, luk_id, atc, amount_minor, channel, now, ac)])
        return outcome

    def use_all(self, tx: Connection, taps: Sequence[Tapped]) -> list[UseOutcome]:
        """The same for several taps, one after the other."""
        return uses.use_all(tx, taps)

    async def count_bad_cryptogram(self, token_id: str) -> None:
        """Count a cryptogram that did not verify; nothing else of the token moves.

        However many there are, they lock nothing: whoever knows a number could else lock its holder out by guessing,
        and each guess is refused anyway. They ring an alarm, each time that `bad_cryptograms_alarm` more have come.
        """
        await self._store.apply(Write(_COUNT_BAD, {"token": token_id}))
        token = await self.token(token_id)
        if token is not None and token.bad_cryptograms % self._settings.bad_cryptograms_alarm == 0:
            self._alarm("cryptograms")
            log().warning("token_alarm", token=token_id, bad_cryptograms=token.bad_cryptograms)

    async def sweep(self) -> int:
        """Tell holders whose tokens end next month, note those that have, forget old nonces and tries; how many."""
        now = self._clock.now()
        month = rules.expiring(now)
        told = or_(
            (tokens.c.expiry_told == "") & (tokens.c.expiry <= month),
            (tokens.c.expiry_told == _WARNED) & (tokens.c.expiry < rules.month_of(now)),
        )
        query = select(tokens).where(told, tokens.c.state != TokenState.DEACTIVATED).order_by(tokens.c.id)
        rows = await self._store.read(query.limit(ENDING_AT_ONCE))
        for row in rows:
            await self._ending(row, now)
        return len(rows) + await self._forget(now)

    async def _ending(self, row: Row[tuple[object, ...]], now: datetime) -> None:
        over = rules.is_expired(row.expiry, now)
        holder = None if over else await self._people.by_id(row.person_id)
        tell = None if holder is None else await self._tell("phone_ends", f"{row.id}.end", holder)
        then = _OVER if over else _WARNED
        act = Act(HOUSE, None, "its month is over" if over else "its month is near", now)

        def work(tx: Connection) -> None:
            held = lifecycle.held(tx, row.id)
            if held is None or held.expiry_told != row.expiry_told:
                return
            lifecycle.put(tx, row.id, {"expiry_told": then})
            lifecycle.note(tx, row.id, "expired" if over else "expires_soon", held.state, act)
            if tell is not None:
                tell(tx)

        await self._store.write(work)
