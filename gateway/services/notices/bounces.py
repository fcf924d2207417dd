"""Bounces: letters of ours that came back. Each letter has a return path of its own, which only we can make (VERP).

The return path carries the notice's id and a keyed hash of it, so that nobody who has not seen the letter can say that
it came back. Whoever has seen it can only speak of his own address.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import select

from gateway.keys import KeyStore
from gateway.observe import Metrics, log
from gateway.services.notices.outgoing import Receipt, ReceiptState
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store

LINK = "mail"
"""The link by which the outbox knows letters."""
_MAC_BYTES = 10
_HARD = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox or domain, or one that takes no letters (RFC 3463 §3.2, RFC 7505). 5.1.7 and 5.1.8 are about our own
address: they would cost everybody theirs. Full boxes, sizes and policies are about one letter."""
_LOCAL = re.compile(r"bounce\+(ntc)_([0-9a-z]{26})\.([a-z2-7]{16})", re.ASCII)


class BounceKind(StrEnum):
    """What a bounce says about one letter."""

    HARD = "hard"
    """There is no such mailbox, or it is closed for good: no letter will ever get there."""
    FAILED = "failed"
    """This letter was given up; another one may arrive."""
    SOFT = "soft"
    """It is late, and still tried."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One recipient's fate: `action` and enhanced status code (RFC 3464 §2.3.3, RFC 3463), as `failed`, `5.1.1`."""

    action: str
    status: str

    @property
    def kind(self) -> BounceKind | None:
        """None if it is no bounce: delivered, relayed, expanded."""
        if self.action == "delayed":
            return BounceKind.SOFT
        if self.action != "failed":
            return None
        return BounceKind.HARD if self.status in _HARD else BounceKind.FAILED


class Box(Protocol):
    """Keeps receipts. Satisfied by Outbox."""

    async def receipt(self, receipt: Receipt) -> None:
        """Keep a receipt and apply it; a repeated one changes nothing."""
        ...


class Addressees(Protocol):
    """Knows people's e-mail addresses. Satisfied by services.people.People."""

    async def email_bounced(self, person_id: str, email: str, status: str) -> bool:
        """Write no more to this address of the person until it is changed; False if it is another one already."""
        ...


def message_id(notice_id: str, domain: str) -> str:
    """The Message-ID of a notice's letter, the same whenever it is sent."""
    return f"<{notice_id}@{domain}>"


class Bounces:
    """Makes return paths and takes what comes back to them."""

    def __init__(
        self, store: Store, keys: KeyStore, box: Box, people: Addressees, metrics: Metrics, *, domain: str, sender: str
    ) -> None:
        """`domain` is where return paths lead, `sender` the address in our letters' From."""
        self._store = store
        self._keys = keys
        self._box = box
        self._people = people
        self._metrics = metrics
        self._domain = domain
        self._sender = sender

    async def return_path(self, notice_id: str) -> str:
        """The envelope's sender of a notice's letter."""
        return f"bounce+{notice_id.lower()}.{await self._mac(notice_id)}@{self._domain}"

    async def notice_of(self, local: str) -> str | None:
        """The notice whose return path has this local part; None if we did not make it. Letter case does not matter."""
        # Some relays write local parts in small letters.
        found = _LOCAL.fullmatch(local.lower())
        if found is None:
            return None
        notice_id = f"{found[1]}_{found[2].upper()}"
        return notice_id if hmac.compare_digest(await self._mac(notice_id), found[3]) else None

    async def take(self, notice_id: str, verdicts: Iterable[Verdict]) -> BounceKind | None:
        """Note what became of a letter; None if this says nothing about it. Harmless when repeated.

        Raises:
            StoreUnavailable: It is not noted.
        """
        told = [(verdict.kind, verdict.status) for verdict in verdicts]
        kind, status = next(
            ((wanted, status) for wanted in BounceKind for kind, status in told if kind is wanted), (None, "")
        )
        self._metrics.bounces.labels(kind.value if kind else "other").inc()
        if kind is None:
            return None
        log(part="bounces").info("letter_came_back", notice=notice_id, kind=kind.value, status=status)
        if kind is BounceKind.SOFT:
            return kind
        letter = message_id(notice_id, self._sender.rpartition("@")[2])
        await self._box.receipt(Receipt(LINK, letter, ReceiptState.FAILED, status))
        if kind is BounceKind.HARD:
            query = select(OUTBOX.c.person, OUTBOX.c.address).where(OUTBOX.c.id == notice_id)
            for row in await self._store.read(query):
                await self._people.email_bounced(row.person, row.address, status)
        return kind

    async def _mac(self, notice_id: str) -> str:
        mac = await self._keys.mac("lookup", b"mail return path\0" + notice_id.encode())
        return base64.b32encode(mac[:_MAC_BYTES]).decode().lower()
