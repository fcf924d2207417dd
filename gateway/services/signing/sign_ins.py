"""Signing in to the console by phone."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from gateway.observe import log
from gateway.services.signing.answers import not_theirs
from gateway.services.signing.model import (
    FinishedSignIn,
    FinishOutcome,
    MobileSignIn,
    Purpose,
    SignerState,
    SignOutcome,
    SignResult,
)
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.phones import Ends, on_phone, put_request
from gateway.services.signing.rules import FALLBACK, new_code, to_sign
from gateway.services.signing.tables import requests, signers
from gateway.services.signing.texts import phone_text
from wallet.ids import new_id

COLLECT = timedelta(minutes=1)
"""How long after the phone's time a sign-in can be collected."""
NOBODY = "nobody"
"""What requests are about that only look like some; they are forgotten when nobody can ask for them any more."""


class MobileSignIns:
    """Sign-ins by phone. Names that nobody has are answered as all others are, in words and in time.

    Nobody learns more of a try that came to nothing than that its time is over: an answer that came sooner would tell
    which names have a phone.
    """

    def __init__(self, parts: SigningParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._log = log(service="signing")

    @property
    def ends(self) -> Ends:
        """What the answers of phones do to sign-ins: the request's own row is all."""
        return Ends(_theirs, lambda *_: None, _nothing)

    async def start_sign_in(self, username: str, remote: str) -> MobileSignIn:
        """Ask the phone of this member, if there is one; counted and locked as a password is.

        Each try counts until one succeeds, so that nobody is pressed by one question after another. While a phone is
        asked something already, a further try asks nothing and looks the same.
        """
        wait_s = await self._parts.staff.take_try(username)
        if wait_s:
            self._log.warning("sign_in_locked", remote=remote)
            return MobileSignIn("", "", wait_s)
        member = await self._parts.staff.by_username(username)
        staff_id = member.id if member is not None and not member.disabled else ""
        language = member.language if member is not None else FALLBACK
        now, code, handle = self._clock.now(), new_code(), secrets.token_urlsafe(32)
        request_id = new_id("sgr", self._clock)
        text = phone_text("sign_in", language, code=code)
        values: dict[str, object] = {
            "id": request_id,
            "purpose": Purpose.SIGN_IN,
            "about": "",
            "language": language,
            "text": text,
            "digest": to_sign(Purpose.SIGN_IN, request_id, _hash(handle), text),
            "code": code,
            "digits": "",
            "handle_hash": _hash(handle),
        }
        nobody: dict[str, object] = {"staff_id": "", "msisdn": "", "serial": "", "phone_key": None, "due": None}
        nobody["about"] = NOBODY

        def work(tx: Connection) -> bool:
            mine = select(signers).where(signers.c.staff_id == staff_id, signers.c.state == SignerState.ACTIVE)
            signer = tx.execute(mine.with_for_update(key_share=True)).one_or_none()
            asked = signer is not None and self._parts.phones and on_phone(tx, signer.msisdn) is None
            if asked and signer is not None:
                whose = {"staff_id": staff_id, "msisdn": signer.msisdn, "serial": signer.serial}
                put_request(tx, values | whose, now)
            else:
                put_request(tx, values | nobody, now)
            return asked

        await self._store.write(work)
        self._log.info("sign_in_by_phone", request=request_id, remote=remote)
        return MobileSignIn(handle, code)

    async def finish_sign_in(self, handle: str, remote: str) -> FinishedSignIn:
        """The sign-in, once, when the phone has signed."""
        now = self._clock.now()
        mine = requests.c.handle_hash == _hash(handle)
        rows = await self._store.read(select(requests).where(mine))
        if not rows or now >= rows[0].expires_at + COLLECT:
            return FinishedSignIn(FinishOutcome.FAILED)
        staff_id = str(rows[0].staff_id)
        if rows[0].state != SignOutcome.SIGNED:
            return FinishedSignIn(FinishOutcome.WAITING)

        def work(tx: Connection) -> bool:
            """Use the handle up; whoever was suspended meanwhile is signed in no more."""
            used = tx.execute(update(requests).where(mine).values(handle_hash=None)).rowcount == 1
            active = select(signers.c.staff_id).where(signers.c.staff_id == staff_id)
            return used and tx.execute(active.where(signers.c.state == SignerState.ACTIVE)).first() is not None

        token = await self._parts.staff.open_sign_in(staff_id, remote) if await self._store.write(work) else ""
        return FinishedSignIn(FinishOutcome.OK, token) if token else FinishedSignIn(FinishOutcome.FAILED)

    async def sweep(self) -> int:
        """Forget requests of nobody that are over, so that names made up by strangers fill no table; how many."""
        over = (requests.c.about == NOBODY) & (requests.c.expires_at < self._clock.now() - COLLECT)
        return await self._store.write(lambda tx: tx.execute(delete(requests).where(over)).rowcount)


def _hash(handle: str) -> bytes:
    return hashlib.sha256(handle.encode("utf-8", "replace")).digest()


def _theirs(tx: Connection, row: Row[Any], result: SignResult, _now: datetime) -> SignOutcome:
    return not_theirs(tx, row, result) or SignOutcome.SIGNED


async def _nothing(_about: str) -> None:
    """The member collects the sign-in by its handle."""
