"""The verbs of the staff: create, sign in, who am I, sign out; and what an administrator does with accounts."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pyotp
from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.errors import KeyFault
from gateway.keys.base import KeyStore
from gateway.observe import log
from gateway.services.staff.passwords import DECOY_PHC, Passwords
from gateway.services.staff.rules import (
    FAILURES_KEPT,
    SIGN_INS_KEPT,
    NewStaff,
    Role,
    SignInOutcome,
    SignInResult,
    StaffMember,
    StaffRefusal,
    expiry,
    lock_s,
    password_fits,
    totp_step,
    username_of,
)
from gateway.services.staff.tables import staff_accounts, staff_failures, staff_sign_ins
from gateway.store.front import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

_KEY = "staff"
_MEMBER = select(
    staff_accounts.c.id,
    staff_accounts.c.username,
    staff_accounts.c.name,
    staff_accounts.c.language,
    staff_accounts.c.roles,
    staff_accounts.c.branch,
    staff_accounts.c.disabled,
)


class Staff:
    """Accounts and sign-ins of the staff.

    Args:
        store: The gateway's store.
        keys: Seals TOTP seeds under `staff`, keys the failure counter's names under `lookup`.
        clock: The house's clock.
        sign_in_s: How long a sign-in lasts without use (settings.sign_in_s).
        passwords: The password pool; its own one unless a test gives a cheaper one.
    """

    def __init__(
        self, store: Store, keys: KeyStore, clock: Clock, *, sign_in_s: int, passwords: Passwords | None = None
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._sliding = timedelta(seconds=sign_in_s)
        self._passwords = passwords or Passwords()
        self._decoy_seed = b""
        self._log = log(part="staff")

    def close(self) -> None:
        """Let the password threads go."""
        self._passwords.close()

    async def check_keys(self) -> None:
        """Make sure that the keys at hand are those that this store was filled with, by the oldest account's seed.

        Raises:
            KeyFault: They are others: every PIN would count as wrong and every sealed message as unreadable.
        """
        oldest = select(staff_accounts.c.id, staff_accounts.c.totp_seed_sealed).order_by(staff_accounts.c.id).limit(1)
        for row in await self._store.read(oldest):
            try:
                await self._keys.unseal(_KEY, row.totp_seed_sealed, row.id.encode())
            except KeyFault as problem:
                raise KeyFault(
                    "these are not the keys that this database was filled with; put that file back"
                ) from problem

    async def create(
        self,
        username: str,
        name: str,
        roles: Collection[Role],
        password: str,
        *,
        language: str = "en",
        branch: str = "",
        totp_seed: str | None = None,
    ) -> NewStaff | StaffRefusal:
        """Create an account. The TOTP seed (base 32, 160 bits) is in the answer and nowhere else in clear.

        `totp_seed` is given only by a demo that must be able to print a working code.
        """
        known = username_of(username)
        if known is None:
            return StaffRefusal.NAME_FORM
        if not roles:
            return StaffRefusal.NO_ROLE
        if not password_fits(known, password):
            return StaffRefusal.PASSWORD_FORM
        with self._passwords.slot():
            phc = await self._passwords.hash(password)
        seed = totp_seed or pyotp.random_base32()
        member = StaffMember(new_id("stf", self._clock), known, name.strip(), language, frozenset(roles), branch)
        row = {
            "id": member.id,
            "username": known,
            "name": member.name,
            "language": language,
            "roles": sorted(roles),
            "branch": branch,
            "password_phc": phc,
            "totp_seed_sealed": await self._keys.seal(_KEY, seed.encode(), member.id.encode()),
            "totp_step_used": 0,
            "disabled": False,
            "created_at": self._clock.now(),
        }
        created = await self._store.write(lambda tx: insert_ignore(tx, staff_accounts, row))
        if not created:
            return StaffRefusal.NAME_TAKEN
        self._log.info("staff_created", staff_id=member.id, roles=row["roles"])
        return NewStaff(member, seed)

    async def sign_in(self, username: str, password: str, totp: str, remote: str) -> SignInResult:
        """Check the three and open a sign-in; its token is in the answer and stored as a hash.

        A try is counted before it is checked, so that many at once gain nothing; names that nobody has are counted and
        cost the same work. Five failures lock the name for 30 s, each further one for twice as long.

        Raises:
            Overloaded: Too many sign-ins wait; nothing was checked or written, so that a flood of them ends here.
        """
        with self._passwords.slot():
            return await self._sign_in(username, password, totp, remote)

    async def confirm(self, staff_id: str, password: str, totp: str, remote: str = "") -> SignInOutcome:
        """Whether this member types the right password and a fresh code again; counted and locked as a sign-in is.

        Raises:
            Overloaded: As `sign_in`.
        """
        member = await self.by_id(staff_id)
        if member is None:
            return SignInOutcome.WRONG
        with self._passwords.slot():
            checked = await self._checked(member.username, password, totp, remote)
        if isinstance(checked, SignInResult):
            return checked.outcome
        return await self._store.write(lambda tx: self._take_step(tx, *checked))

    async def take_try(self, username: str) -> int:
        """Count a try to sign in by other means; how many seconds the name is locked, 0 if the try may go on."""
        name_mac = await self._name_mac(username)
        return await self._store.write(lambda tx: _take_try(tx, name_mac, self._clock.now()))

    async def open_sign_in(self, staff_id: str, remote: str) -> SignInResult:
        """The sign-in of a member who was recognised by other means; their tries are forgotten."""
        member = await self.by_id(staff_id)
        if member is None or member.disabled:
            return SignInResult(SignInOutcome.DISABLED)
        name_mac, bearer = await self._name_mac(member.username), secrets.token_urlsafe(32)

        def work(tx: Connection) -> None:
            tx.execute(delete(staff_failures).where(staff_failures.c.name_mac == name_mac))
            self._put_sign_in(tx, staff_id, bearer, remote)

        await self._store.write(work)
        self._log.info("sign_in_by_phone", staff_id=staff_id, remote=remote)
        return SignInResult(SignInOutcome.OK, bearer)

    async def _name_mac(self, username: str) -> bytes:
        known = username_of(username) or username
        return await self._keys.mac("lookup", b"staff name\0" + known.encode("utf-8", "replace"))

    async def _sign_in(self, username: str, password: str, totp: str, remote: str) -> SignInResult:
        checked = await self._checked(username, password, totp, remote)
        if isinstance(checked, SignInResult):
            return checked
        bearer = secrets.token_urlsafe(32)
        staff_id = checked[0]

        def work(tx: Connection) -> SignInOutcome:
            outcome = self._take_step(tx, *checked)
            if outcome is SignInOutcome.OK:
                self._put_sign_in(tx, staff_id, bearer, remote)
            return outcome

        outcome = await self._store.write(work)
        self._log.info("sign_in", staff_id=staff_id, outcome=outcome.value, remote=remote)
        return SignInResult(outcome, bearer if outcome is SignInOutcome.OK else "")

    async def _checked(
        self, username: str, password: str, totp: str, remote: str
    ) -> SignInResult | tuple[str, int, bytes]:
        """The refusal, or staff id, step of the code and keyed name where all is right."""
        known = username_of(username) or ""
        name_mac = await self._name_mac(username)
        wait_s = await self._store.write(lambda tx: _take_try(tx, name_mac, self._clock.now()))
        if wait_s:
            self._log.warning("sign_in_locked", remote=remote)
            return SignInResult(SignInOutcome.LOCKED, wait_s=wait_s)
        rows = await self._store.read(select(staff_accounts).where(staff_accounts.c.username == known))
        step = await self._checked_step(rows[0] if rows else None, password, totp)
        if step is None:
            self._log.warning("sign_in_refused", remote=remote)
            return SignInResult(SignInOutcome.WRONG)
        return rows[0].id, step, name_mac

    async def whoami(self, token: str) -> StaffMember | None:
        """Whose sign-in this is, if it still holds; using it makes it last longer, up to 12 hours in all."""
        digest = _digest(token)
        now = self._clock.now()
        query = (
            _MEMBER.add_columns(staff_sign_ins.c.created_at, staff_sign_ins.c.seen_at)
            .join(staff_sign_ins, staff_sign_ins.c.staff_id == staff_accounts.c.id)
            .where(
                staff_sign_ins.c.token_hash == digest,
                staff_sign_ins.c.revoked_at.is_(None),
                staff_sign_ins.c.expires_at > now,
                staff_accounts.c.disabled == False,  # noqa: E712  - a column expression
            )
        )
        rows = await self._store.read(query)
        if not rows:
            return None
        # Written at most every sixtieth of the sliding time, so that reading pages does not mean writing rows.
        if now - rows[0].seen_at >= self._sliding / 60:
            ends = expiry(rows[0].created_at, now, self._sliding)
            statement = update(staff_sign_ins).where(staff_sign_ins.c.token_hash == digest)
            await self._store.write(lambda tx: tx.execute(statement.values(seen_at=now, expires_at=ends)).rowcount)
        return _member(rows[0])

    async def sign_out(self, token: str) -> None:
        """End this sign-in; one that has ended stays so."""
        await self._revoke(staff_sign_ins.c.token_hash == _digest(token))

    async def revoke_all(self, staff_id: str) -> int:
        """End every sign-in of this member; how many were open."""
        return await self._revoke(staff_sign_ins.c.staff_id == staff_id)

    async def set_disabled(self, staff_id: str, *, disabled: bool) -> bool:
        """Disable (which ends every sign-in) or enable an account; whether there is such an account."""
        statement = update(staff_accounts).where(staff_accounts.c.id == staff_id).values(disabled=disabled)
        found = await self._store.write(lambda tx: tx.execute(statement).rowcount == 1)
        if disabled:
            await self.revoke_all(staff_id)
        self._log.info("staff_disabled" if disabled else "staff_enabled", staff_id=staff_id)
        return found

    async def set_language(self, staff_id: str, language: str) -> None:
        """The language of this member's console."""
        statement = update(staff_accounts).where(staff_accounts.c.id == staff_id).values(language=language)
        await self._store.write(lambda tx: tx.execute(statement).rowcount)

    async def by_id(self, staff_id: str) -> StaffMember | None:
        """The member with this id."""
        rows = await self._store.read(_MEMBER.where(staff_accounts.c.id == staff_id))
        return _member(rows[0]) if rows else None

    async def by_username(self, username: str) -> StaffMember | None:
        """The member with this user name."""
        rows = await self._store.read(_MEMBER.where(staff_accounts.c.username == (username_of(username) or "")))
        return _member(rows[0]) if rows else None

    async def members(self, *, after: str = "", limit: int = 100) -> list[StaffMember]:
        """Members in order of their user names, from after `after`."""
        query = _MEMBER.where(staff_accounts.c.username > after).order_by(staff_accounts.c.username).limit(limit)
        return [_member(row) for row in await self._store.read(query)]

    async def _checked_step(self, row: Row[Any] | None, password: str, totp: str) -> int | None:
        """The step of a right code with a right password; the same work whether or not the account exists."""
        if row is None:
            if not self._decoy_seed:
                self._decoy_seed = await self._keys.seal(_KEY, pyotp.random_base32().encode(), b"decoy")
            phc, sealed, aad = DECOY_PHC, self._decoy_seed, b"decoy"
        else:
            phc, sealed, aad = row.password_phc, row.totp_seed_sealed, row.id.encode()
        seed = (await self._keys.unseal(_KEY, sealed, aad)).decode()
        step = totp_step(seed, totp, self._clock.now())
        right = await self._passwords.check(password, phc)
        return step if right and row is not None else None

    @staticmethod
    def _take_step(tx: Connection, staff_id: str, step: int, name_mac: bytes) -> SignInOutcome:
        """Use up a right code; OK also forgets the name's tries."""
        account = tx.execute(
            select(staff_accounts.c.disabled, staff_accounts.c.totp_step_used)
            .where(staff_accounts.c.id == staff_id)
            .with_for_update(key_share=True)
        ).one()
        if account.disabled:
            return SignInOutcome.DISABLED
        if step <= account.totp_step_used:
            return SignInOutcome.CODE_USED
        tx.execute(update(staff_accounts).where(staff_accounts.c.id == staff_id).values(totp_step_used=step))
        tx.execute(delete(staff_failures).where(staff_failures.c.name_mac == name_mac))
        return SignInOutcome.OK

    def _put_sign_in(self, tx: Connection, staff_id: str, bearer: str, remote: str) -> None:
        now = self._clock.now()
        # Kept for 45 days: who was signed in, and from where, is asked for after an incident.
        tx.execute(delete(staff_sign_ins).where(staff_sign_ins.c.created_at < now - SIGN_INS_KEPT))
        tx.execute(
            insert(staff_sign_ins).values(
                token_hash=_digest(bearer), staff_id=staff_id, remote=remote, created_at=now, seen_at=now,
                expires_at=expiry(now, now, self._sliding), revoked_at=None,
            )
        )  # fmt: skip

    async def _revoke(self, which: Any) -> int:  # noqa: ANN401  - a column expression
        statement = update(staff_sign_ins).where(which, staff_sign_ins.c.revoked_at.is_(None))
        now = self._clock.now()
        return await self._store.write(lambda tx: tx.execute(statement.values(revoked_at=now)).rowcount)


def _take_try(tx: Connection, name_mac: bytes, now: datetime) -> int:
    """Count a try for this name; seconds to wait if it is locked, in which case nothing is counted."""
    tx.execute(delete(staff_failures).where(staff_failures.c.failed_at < now - FAILURES_KEPT))
    insert_ignore(tx, staff_failures, {"name_mac": name_mac, "failures": 0, "failed_at": now, "locked_until": None})
    mine = staff_failures.c.name_mac == name_mac
    row = tx.execute(select(staff_failures).where(mine).with_for_update(key_share=True)).one()
    if row.locked_until is not None and row.locked_until > now:
        return -int((now - row.locked_until) // timedelta(seconds=1))
    failures = row.failures + 1
    locked_until = now + timedelta(seconds=lock_s(failures)) if lock_s(failures) else None
    values = {"failures": failures, "failed_at": now, "locked_until": locked_until}
    tx.execute(update(staff_failures).where(mine).values(**values))
    return 0


def _digest(token: str) -> bytes:
    """What is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _member(row: Row[Any]) -> StaffMember:
    roles = frozenset(Role(role) for role in row.roles)
    return StaffMember(row.id, row.username, row.name, row.language, roles, row.branch, row.disabled)
