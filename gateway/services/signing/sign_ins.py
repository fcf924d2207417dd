"""Signing in to the console by phone."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Connection, select, update

from gateway.observe import log
from gateway.services.signing.model import (
    FinishedSignIn,
    FinishOutcome,
    MobileSignIn,
    Purpose,
    SignerState,
    SignOutcome,
)
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.phones import Ends, on_phone, put_request
from gateway.services.signing.rules import FALLBACK, new_code, to_sign
from gateway.services.signing.tables import requests, signers
from gateway.services.signing.texts import phone_text
from wallet.ids import new_id

COLLECT = timedelta(minutes=1)
"""How long after the phone's time a sign-in can be collected."""


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
        return Ends(lambda *_: SignOutcome.SIGNED, lambda *_: None, _nothing)

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

    async def finish_sign_in(self, handle: str, remote: str = "") -> FinishedSignIn:
        """The sign-in, once, when the phone has signed."""
        digest, now = _hash(handle), self._clock.now()

        def work(tx: Connection) -> FinishOutcome | str:
            mine = requests.c.handle_hash == digest
            row = tx.execute(select(requests).where(mine).with_for_update(key_share=True)).one_or_none()
            if row is None or now >= row.expires_at + COLLECT:
                return FinishOutcome.FAILED
            if row.state == SignOutcome.SIGNED:
                tx.execute(update(requests).where(mine).values(handle_hash=None))
                return str(row.staff_id)
            return FinishOutcome.WAITING

        said = await self._store.write(work)
        if isinstance(said, FinishOutcome):
            return FinishedSignIn(said)
        token = await self._parts.staff.open_sign_in(said, remote)
        return FinishedSignIn(FinishOutcome.OK, token) if token else FinishedSignIn(FinishOutcome.FAILED)


def _hash(handle: str) -> bytes:
    return hashlib.sha256(handle.encode("utf-8", "replace")).digest()


async def _nothing(_about: str) -> None:
    """The member collects the sign-in by its handle."""
