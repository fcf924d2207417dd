"""The verbs of this service."""

import base64
import hashlib
import hmac
import re
import secrets
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from gateway.errors import BadInput
from gateway.keys import KeyStore
from gateway.services.forwarding.model import ForwardOutcome, NewSender, Request, Sender
from gateway.services.forwarding.tables import senders
from gateway.services.telling import Tell, Teller
from gateway.store import Store
from gateway.wire import gsm
from wallet.clock import Clock

CLASS = "forwarded_mail"
DAILY_MAX = 200
_TOKEN_BYTES = 20
"""160 bits, 32 letters and digits."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", re.ASCII)


class _OverQuota(Exception):
    """Undoes the unit of work of a letter that asks for more than is left of today."""


class Forwarding:
    """Makes text messages of letters, for those on its list."""

    def __init__(
        self, store: Store, keys: KeyStore, clock: Clock, teller: Teller, *, zone: ZoneInfo, parts_max: int
    ) -> None:
        """`parts_max` is how many short messages one text may take; a day of quotas is one of `zone`."""
        self._store = store
        self._keys = keys
        self._clock = clock
        self._teller = teller
        self._zone = zone
        self._parts_max = parts_max

    async def add(self, address: str, name: str, daily_max: int = DAILY_MAX) -> NewSender:
        """Put a sender on the list, or give one who is there a new token; what was sent today stays counted.

        Raises:
            BadInput: No e-mail address, or a quota that is none.
        """
        address = address.lower()
        if _ADDRESS.fullmatch(address) is None or daily_max < 1:
            raise BadInput("not an e-mail address, or a quota below 1")
        token = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
        values = {"name": name, "token_mac": await self._mac(address, token), "daily_max": daily_max}
        added = {"address": address, "day": "", "taken": 0, "added_at": self._clock.now()}

        def work(tx: Connection) -> None:
            if tx.execute(update(senders).where(senders.c.address == address).values(values)).rowcount == 0:
                tx.execute(insert(senders).values(values | added))

        await self._store.write(work)
        return NewSender(address, token)

    async def remove(self, address: str) -> bool:
        """Take a sender off the list; False if he is not on it."""
        statement = delete(senders).where(senders.c.address == address.lower())
        return await self._store.write(lambda tx: tx.execute(statement).rowcount) == 1

    async def listed(self) -> list[Sender]:
        """Everybody on the list, by address."""
        rows = await self._store.read(select(senders).order_by(senders.c.address))
        today = self._today()
        return [
            Sender(row.address, row.name, row.daily_max, row.taken if row.day == today else 0, row.added_at)
            for row in rows
        ]

    async def knows(self, address: str) -> bool:
        """Whether a sender is on the list."""
        return bool(await self._store.read(select(senders.c.address).where(senders.c.address == address.lower())))

    async def allows(self, address: str, token: str) -> bool:
        """Whether this is a sender on the list and his token; takes as long for every answer."""
        query = select(senders.c.token_mac).where(senders.c.address == address.lower())
        rows = await self._store.read(query)
        shown = await self._mac(address.lower(), token.lower())
        return hmac.compare_digest(rows[0].token_mac if rows else bytes(len(shown)), shown)

    async def forward(self, request: Request) -> ForwardOutcome:
        """Tell the text to everybody in the letter, all or none; whoever was told by this letter before is left out.

        Raises:
            StoreUnavailable: It is not known whether it was taken; asking again is harmless.
        """
        if not await self.allows(request.sender, request.token):
            return ForwardOutcome.NOT_ALLOWED
        try:
            parts = gsm.parts_count(gsm.transliterate(request.text))
        except ValueError:
            return ForwardOutcome.TOO_LONG
        if parts > self._parts_max:
            return ForwardOutcome.TOO_LONG
        cause = _cause(request)
        puts = [
            await self._teller.prepared(
                CLASS,
                cause=cause,
                msisdn=msisdn,
                person_id="",
                language="en",
                values={},
                secrets={"text": request.text},
            )
            for msisdn in request.msisdns
        ]
        try:
            allowed = await self._store.write(lambda tx: self._take(tx, request.sender.lower(), puts, parts))
        except _OverQuota:
            return ForwardOutcome.QUOTA
        return ForwardOutcome.TAKEN if allowed else ForwardOutcome.NOT_ALLOWED

    def _take(self, tx: Connection, address: str, puts: list[Tell], parts: int) -> bool:
        mine = senders.c.address == address
        row = tx.execute(select(senders).where(mine).with_for_update(key_share=True)).one_or_none()
        if row is None:
            return False
        today = self._today()
        fresh = sum(put(tx) for put in puts)
        taken = (row.taken if row.day == today else 0) + fresh * parts
        if fresh and taken > row.daily_max:
            raise _OverQuota
        tx.execute(update(senders).where(mine).values(day=today, taken=taken))
        return True

    def _today(self) -> str:
        return self._clock.now().astimezone(self._zone).date().isoformat()

    async def _mac(self, address: str, token: str) -> bytes:
        return await self._keys.mac("lookup", b"mail token\0" + address.encode() + b"\0" + token.encode())


def _cause(request: Request) -> str:
    told = hashlib.sha256(f"{request.sender.lower()}\0{request.key}".encode("utf-8", "surrogateescape")).digest()
    return f"eml_{base64.b32encode(told[:16]).decode().rstrip('=')}"
