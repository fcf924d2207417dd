"""Locks by people: of one token or of a whole account; what staff do to tokens; and a loss told by phone."""

from functools import partial

from sqlalchemy import Connection, select

from gateway.errors import BadInput
from gateway.services.tokens import lifecycle
from gateway.services.tokens.lifecycle import HOUSE, Act
from gateway.services.tokens.model import Holder
from gateway.services.tokens.states import LOCK_BITS, ActorClass, StateOutcome, TokenState
from gateway.services.tokens.tables import tokens
from gateway.services.tokens.vault import Vault, count_try
from wallet.ids import new_id

FOREIGN_TRIES_MAX = 2
"""Times a day that one phone may try a PIN of another number, and that a number's may be tried from other phones.

They are all that bounds such guesses: none counts as a try of the person's own, so nobody locks a PIN by dialling.
"""
LOST = "told by dialling"


class Locking(Vault):
    """Puts locks on and takes them off. The reason of an act must be given, and is kept."""

    async def suspend(
        self, token_id: str, actor: str, reason: str, *, by: ActorClass = ActorClass.STAFF
    ) -> StateOutcome:
        """Lock a token until the same class of actor lifts that.

        Raises:
            BadInput: No reason, as for all these.
        """
        act = self._act(actor, by, reason)
        return await self._store.write(partial(lifecycle.suspend, token_id=token_id, by=by, act=act))

    async def resume(
        self, token_id: str, actor: str, reason: str, *, by: ActorClass = ActorClass.STAFF
    ) -> StateOutcome:
        """Take the lock of this class off; the token pays again when no other is on."""
        act = self._act(actor, by, reason)
        return await self._store.write(partial(lifecycle.resume, token_id=token_id, by=by, act=act))

    async def deactivate(
        self, token_id: str, actor: str, reason: str, *, by: ActorClass = ActorClass.STAFF
    ) -> StateOutcome:
        """End the token for good."""
        act = self._act(actor, by, reason)
        return await self._store.write(partial(lifecycle.deactivate, token_id=token_id, act=act))

    async def lock_card(
        self, person_id: str, actor: str, reason: str, *, by: ActorClass = ActorClass.STAFF
    ) -> StateOutcome:
        """Lock an account with every token that it has or gets."""
        return await self._card(person_id, self._act(actor, by, reason), by, lock=True)

    async def unlock_card(
        self, person_id: str, actor: str, reason: str, *, by: ActorClass = ActorClass.STAFF
    ) -> StateOutcome:
        """Take the lock of this class off an account; locks of single tokens stay."""
        return await self._card(person_id, self._act(actor, by, reason), by, lock=False)

    async def relink(self, token_id: str, person_id: str, *, actor: str, reason: str) -> StateOutcome:
        """Staff move a token, whose phone keeps its number and keys, to the account of another person; both are told.

        A new record of a person, or a number in other hands, moves no token by itself: this is the only way.
        """
        act, row = self._act(actor, ActorClass.STAFF, reason), await self._row(token_id)
        holder = await self._people.by_id(person_id)
        if row is None or holder is None:
            return StateOutcome.UNKNOWN
        if holder.state != "active" or row.person_id == person_id:
            return StateOutcome.NOT_POSSIBLE
        par, cause = await self._par(person_id), new_id("rel", self._clock)
        before = await self._people.by_id(row.person_id)
        tells = [await self._tell("phone_moved", cause, one) for one in (before, holder) if one is not None]

        def work(tx: Connection) -> StateOutcome:
            account = lifecycle.account(tx, person_id, par, act.at)
            held = lifecycle.held(tx, token_id)
            if held is None or held.state == TokenState.DEACTIVATED or held.person_id != row.person_id:
                return StateOutcome.NOT_POSSIBLE
            moved = {"person_id": person_id, "par": account.par, "card_locks": account.locks}
            lifecycle.put(tx, token_id, moved)
            lifecycle.note(tx, token_id, "relinked", held.state, act)
            for tell in tells:
                tell(tx)
            return StateOutcome.OK

        return await self._store.write(work)

    async def renumber(self, person_id: str, *, actor: str, reason: str) -> StateOutcome:
        """Staff give an account another reference; its tokens, and what bounds them, go over to it at once."""
        act = self._act(actor, ActorClass.STAFF, reason)
        if await self._people.by_id(person_id) is None:
            return StateOutcome.UNKNOWN
        first = await self._par(person_id)
        generation = await self._store.write(lambda tx: lifecycle.account(tx, person_id, first, act.at).generation)
        par = await self._par(person_id, generation + 1)

        def work(tx: Connection) -> StateOutcome:
            account = lifecycle.account(tx, person_id, first, act.at)
            if account.generation != generation:
                return StateOutcome.NOT_POSSIBLE
            lifecycle.put_account(tx, person_id, {"par": par, "generation": generation + 1}, act)
            lifecycle.each(tx, person_id, {"par": par}, "renumbered", act)
            if self._followers is not None:
                # Behind the tokens, as a tap holds them.
                self._followers.renumbered(tx, account.par, par)
            return StateOutcome.OK

        return await self._store.write(work)

    async def lost(self, holder: Holder) -> StateOutcome:
        """The holder, whose PIN was right, has lost a phone: the account is locked at once, and its number told."""
        return await self._told(holder, lock=True)

    async def found(self, holder: Holder) -> StateOutcome:
        """The holder, whose PIN was right on the own number, takes the holder's locks off account and tokens."""
        return await self._told(holder, lock=False)

    async def may_try(self, caller: str, number: str) -> bool:
        """Count a try at the PIN of `number` from the phone of another; False when there were enough for today.

        A number that nobody has is counted like any other, so that nothing tells them apart.
        """
        now = self._clock.now()
        subjects = [await self._subject(f"{side} {msisdn}") for side, msisdn in (("by", caller), ("of", number))]

        def work(tx: Connection) -> bool:
            return max(count_try(tx, subject, now) for subject in sorted(subjects)) <= FOREIGN_TRIES_MAX

        return await self._store.write(work)

    async def _told(self, holder: Holder, *, lock: bool) -> StateOutcome:
        act = Act(holder.id, ActorClass.HOLDER, LOST, self._clock.now())
        tell = await self._tell("phones_locked" if lock else "phones_unlocked", new_id("lss", self._clock), holder)
        par = await self._par(holder.id)

        def work(tx: Connection) -> StateOutcome:
            account = lifecycle.account(tx, holder.id, par, act.at)
            change = lifecycle.lock_card if lock else lifecycle.unlock_card
            outcome = change(tx, account, ActorClass.HOLDER, act)
            lifted = 0 if lock else _lift_own(tx, holder.id, act)
            if outcome is not StateOutcome.OK and not lifted:
                return outcome
            tell(tx)
            # What the holder has lifted stays lifted, but it does not pay while others hold it.
            return StateOutcome.NOT_YOURS if account.locks & ~LOCK_BITS[ActorClass.HOLDER] else StateOutcome.OK

        return await self._store.write(work)

    async def _card(self, person_id: str, act: Act, by: ActorClass, *, lock: bool) -> StateOutcome:
        if await self._people.by_id(person_id) is None:
            return StateOutcome.UNKNOWN
        par, change = await self._par(person_id), lifecycle.lock_card if lock else lifecycle.unlock_card
        return await self._store.write(lambda tx: change(tx, lifecycle.account(tx, person_id, par, act.at), by, act))

    def _act(self, actor: str, by: ActorClass, reason: str) -> Act:
        if not reason.strip() or actor == HOUSE:
            raise BadInput("whoever locks, lifts or moves says why")
        return Act(actor, by, reason.strip(), self._clock.now())


def _lift_own(tx: Connection, person_id: str, act: Act) -> int:
    """Take the holder's lock off each token that has one; how many."""
    mine = select(tokens.c.id).where(tokens.c.person_id == person_id, tokens.c.locks != 0).order_by(tokens.c.id)
    ids = tx.execute(mine).scalars().all()
    outcomes = [lifecycle.resume(tx, token_id, ActorClass.HOLDER, act) for token_id in ids]
    return outcomes.count(StateOutcome.OK)
