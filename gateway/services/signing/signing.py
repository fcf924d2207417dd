"""What staff do with documents: see what waits for them, sign by phone or password, refuse."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.errors import Fault
from gateway.services.signing.answers import counted, failed
from gateway.services.signing.documents import Documents
from gateway.services.signing.model import (
    DocumentState,
    Event,
    EventKind,
    Need,
    Progress,
    Purpose,
    SignerState,
    SignStart,
    StartOutcome,
    Waiting,
    digits_of,
)
from gateway.services.signing.paper import (
    add_event,
    end,
    end_if_whole,
    event_of,
    held,
    paper_of,
    signatures_in,
    waiting_of,
)
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.phones import Ends, on_phone, progress_of, put_request, same_request, start_of
from gateway.services.signing.ports import (
    Confirmed,
    Executor,
    Signatory,
)
from gateway.services.signing.rules import Hand, Named, in_whose_name, new_code, shown_text, to_sign
from gateway.services.signing.tables import documents, events, requests, signatures, signers
from wallet.errors import WalletFault
from wallet.ids import new_id

SWEEP_PAGE = 100
REASON_MAX = 200
INBOX_READ_MAX = 500
"""Documents that are looked through for one inbox; far more than ever wait."""
TURNED_AWAY = frozenset({StartOutcome.MADE_IT, StartOutcome.STANDS_IN_FOR_MAKER})
"""Refusals that the pages offer no button for."""
_REFUSED = {
    Confirmed.WRONG: StartOutcome.WRONG,
    Confirmed.CODE_USED: StartOutcome.CODE_USED,
    Confirmed.LOCKED: StartOutcome.LOCKED,
}


class Signing(Documents):
    """Signing by staff.

    Args:
        parts: See there.
        signed: What follows when a document of this kind has every signature.
        unsigned: What follows when it was refused or has expired, where anything does.
    """

    def __init__(
        self,
        parts: SigningParts,
        *,
        signed: Mapping[str, Executor],
        unsigned: Mapping[str, Executor] | None = None,
    ) -> None:
        super().__init__(parts.store, parts.clock, parts.needs, parts.check)
        self._parts = parts
        self._signed = signed
        self._unsigned = unsigned or {}

    @property
    def ends(self) -> Ends:
        """What the answers of phones do to documents."""
        return Ends(counted, failed, self.follow)

    async def inbox(self, staff: Signatory, *, limit: int = 100) -> list[Waiting]:
        """What this member may sign now, oldest first."""
        query = select(documents).where(documents.c.state == DocumentState.WAITING).order_by(documents.c.id)
        rows = await self._store.read(query.limit(INBOX_READ_MAX))
        signed = await self._signed_of(rows)
        stands_in = {
            kind: list(await self._parts.stands_in.principals(staff.id, kind)) for kind in {row.kind for row in rows}
        }
        now, mine = self._clock.now(), []
        for row in rows:
            paper, hand = paper_of(row, signed[row.id]), Hand(staff.id, staff.roles, stands_in[row.kind])
            # Whom they stand in for is read for the few that are theirs otherwise.
            if isinstance(in_whose_name(paper, hand, now), Named) and isinstance(
                await self._name(row, signed[row.id], staff), Named
            ):
                mine.append(row)
        return [waiting_of(row, signed[row.id]) for row in mine[:limit]]

    async def document(self, document_id: str) -> Waiting | None:
        """The document with this id."""
        found = await self._found(document_id)
        return waiting_of(*found) if found else None

    async def current(self, kind: str, subject: str) -> Waiting | None:
        """The document of this kind and subject that counts now."""
        rows = await self._store.read(select(documents).where(documents.c.current_key == f"{kind}:{subject}"))
        return await self.document(rows[0].id) if rows else None

    async def list_documents(self, *, limit: int, before: str = "") -> list[Waiting]:
        """Every document, newest first, from before id `before`."""
        query = select(documents).order_by(documents.c.id.desc()).limit(limit)
        rows = await self._store.read(query.where(documents.c.id < before) if before else query)
        signed = await self._signed_of(rows)
        return [waiting_of(row, signed[row.id]) for row in rows]

    async def why_not(self, document_id: str, staff: Signatory) -> StartOutcome:
        """Why this member may not sign it, or OK."""
        found = await self._found(document_id)
        if found is None:
            return StartOutcome.UNKNOWN
        name = await self._name(*found, staff)
        return StartOutcome.OK if isinstance(name, Named) else name

    async def sign(self, document_id: str, staff: Signatory, form_key: str) -> SignStart:
        """Ask the member's phone; the same `form_key` is the same request, however often it is sent."""
        found = await self._found(document_id)
        if found is None:
            return SignStart(StartOutcome.UNKNOWN)
        hand = await self._hand(found[0], staff)
        now = self._clock.now()
        request_id, code = new_id("sgr", self._clock), new_code()
        key = f"{staff.id}:{document_id}:{form_key}"

        def work(tx: Connection) -> SignStart:
            row = held(tx, document_id)
            assert row is not None, "documents are never deleted"
            again = same_request(tx, key)
            if again is not None:
                return again
            name = self._named(tx, row, hand, now)
            if isinstance(name, StartOutcome):
                return SignStart(name)
            if Need(row.need) is Need.PIN:
                return SignStart(StartOutcome.OTHER_MEANS)
            # Held, so that no other unit puts a request on this phone meanwhile.
            mine = select(signers).where(signers.c.staff_id == staff.id).with_for_update(key_share=True)
            signer = tx.execute(mine).one_or_none()
            no = _phone_refusal(signer, phones=self._parts.phones)
            if no is not None or signer is None:
                return SignStart(no or StartOutcome.NOT_ENROLLED)
            going_on = on_phone(tx, signer.msisdn)
            if going_on is not None:
                return start_of(going_on) if going_on.about == document_id else SignStart(StartOutcome.BUSY)
            digits = digits_of(row.digest)
            text = shown_text(row.texts, staff.language, digits, code)
            values = {
                "id": request_id,
                "purpose": Purpose.DOCUMENT,
                "about": document_id,
                "staff_id": staff.id,
                "principal": name.principal,
                "msisdn": signer.msisdn,
                "serial": signer.serial,
                "language": staff.language,
                "text": text,
                "digest": to_sign(row.kind, row.subject, row.digest, text),
                "code": code,
                "digits": digits,
                "form_key": key,
            }
            put_request(tx, values, now)
            add_event(tx, document_id, EventKind.PHONE_ASKED, staff.id, "", now)
            return SignStart(StartOutcome.OK, request_id, code, digits)

        return await self._store.write(work)

    async def progress(self, request_id: str) -> Progress | None:
        """How a request stands; a page asks every second or two."""
        rows = await self._store.read(select(requests).where(requests.c.id == request_id))
        return progress_of(rows[0]) if rows else None

    async def sign_with_pin(self, document_id: str, staff: Signatory, password: str, totp: str) -> StartOutcome:
        """Sign by password and one-time code, where the document's kind asks for no more."""
        found = await self._found(document_id)
        if found is None:
            return StartOutcome.UNKNOWN
        hand = await self._hand(found[0], staff)
        refused = await self._store.write(lambda tx: self._refused(tx, document_id, hand))
        if refused is not None:
            return refused
        if Need(found[0].need) is not Need.PIN:
            return StartOutcome.OTHER_MEANS
        confirmed = await self._parts.staff.confirm(staff.id, password, totp)
        if confirmed is not Confirmed.OK:
            return _REFUSED[confirmed]
        now = self._clock.now()

        def work(tx: Connection) -> StartOutcome:
            row = held(tx, document_id)
            assert row is not None, "documents are never deleted"
            said = self._named(tx, row, hand, now)
            if isinstance(said, StartOutcome):
                return said
            values = {"document_id": document_id, "principal": said.principal, "staff_id": staff.id, "request_id": ""}
            values |= {"msisdn": "", "serial": "", "certificate": "", "language": "", "text": "", "code": ""}
            tx.execute(insert(signatures).values(digest=b"", cms=b"", cms_hash=None, signed_at=now, **values))
            add_event(tx, document_id, EventKind.SIGNED, staff.id, "", now)
            end_if_whole(tx, row, now)
            return StartOutcome.OK

        outcome = await self._store.write(work)
        if outcome is StartOutcome.OK:
            await self.follow(document_id)
        return outcome

    async def refuse(self, document_id: str, staff: Signatory, reason: str) -> StartOutcome:
        """Refuse, saying why; one refusal ends it. Whoever may sign may refuse."""
        found = await self._found(document_id)
        if found is None:
            return StartOutcome.UNKNOWN
        hand = await self._hand(found[0], staff)
        now = self._clock.now()
        said = reason.strip()[:REASON_MAX]

        def work(tx: Connection) -> StartOutcome:
            row = held(tx, document_id)
            assert row is not None, "documents are never deleted"
            name = self._named(tx, row, hand, now)
            if isinstance(name, StartOutcome):
                return name
            end(tx, document_id, DocumentState.REFUSED, said, now)
            add_event(tx, document_id, EventKind.REFUSED, staff.id, said, now)
            return StartOutcome.OK

        outcome = await self._store.write(work)
        if outcome is StartOutcome.OK:
            await self.follow(document_id)
        return outcome

    async def history(self, document_id: str) -> list[Event]:
        """Everything that happened to it, oldest first."""
        query = select(events).where(events.c.document_id == document_id).order_by(events.c.seq)
        return [event_of(row) for row in await self._store.read(query)]

    async def sweep(self) -> int:
        """Expire what is over, and do what follows an end and was not done; how many."""
        now = self._clock.now()
        over = (documents.c.state == DocumentState.WAITING) & (documents.c.expires_at <= now)
        before = now - timedelta(seconds=self._parts.sweep_after_s)
        left = documents.c.due.is_not(None) & (documents.c.ended_at < before)
        done = 0
        for row in await self._store.read(select(documents.c.id).where(over).limit(SWEEP_PAGE)):
            await self._store.write(_expiring(row.id, now))
            done += 1
        for row in await self._store.read(select(documents.c.id).where(left).limit(SWEEP_PAGE)):
            done += await self.follow(row.id)
        return done

    async def follow(self, document_id: str) -> bool:
        """Do what follows its end, if anything is still to be done; False if a fault came between."""
        rows = await self._store.read(select(documents).where(documents.c.id == document_id))
        if not rows or rows[0].due is None:
            return False
        row = rows[0]
        acts = self._signed if row.state == DocumentState.SIGNED else self._unsigned
        what, note = EventKind.DONE, ""
        if row.kind in acts:
            try:
                note = await acts[row.kind](row.subject, document_id)
            except (Fault, WalletFault) as fault:
                self._log.warning("signing_not_followed", document=document_id, kind=row.kind, fault=str(fault))
                what, note = EventKind.NOT_DONE, str(fault)
        await self._store.write(_followed(document_id, what, note, self._clock.now()))
        return what is EventKind.DONE

    async def _found(self, document_id: str) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
        rows = await self._store.read(select(documents).where(documents.c.id == document_id))
        return (rows[0], (await self._signed_of(rows))[document_id]) if rows else None

    async def _signed_of(self, rows: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
        found: dict[str, list[Row[Any]]] = {row.id: [] for row in rows}
        query = select(signatures).where(signatures.c.document_id.in_(sorted(found))).order_by(signatures.c.signed_at)
        for one in await self._store.read(query) if found else ():
            found[one.document_id].append(one)
        return found

    async def _hand(self, row: Row[Any], staff: Signatory) -> Hand:
        stands_in = await self._parts.stands_in.principals(staff.id, row.kind)
        stood_in = await self._parts.stands_in.stood_in([staff.id], row.kind, row.asked_at)
        ones = await self._parts.stands_in.stood_in(row.made_by, row.kind, row.asked_at)
        return Hand(staff.id, staff.roles, list(stands_in), frozenset(stood_in), frozenset(ones))

    def _named(self, tx: Connection, row: Row[Any], hand: Hand, now: datetime) -> StartOutcome | Named:
        """In whose name, or why not; whoever tries to be two people stands in the history."""
        said = in_whose_name(paper_of(row, signatures_in(tx, row.id)), hand, now)
        if isinstance(said, StartOutcome) and said in TURNED_AWAY:
            self._log.warning("signing_turned_away", document=row.id, staff_id=hand.id, outcome=said.value)
            add_event(tx, row.id, EventKind.TURNED_AWAY, hand.id, said.value, now, once=True)
        return said

    def _refused(self, tx: Connection, document_id: str, hand: Hand) -> StartOutcome | None:
        row = held(tx, document_id)
        assert row is not None, "documents are never deleted"
        said = self._named(tx, row, hand, self._clock.now())
        return said if isinstance(said, StartOutcome) else None

    async def _name(self, row: Row[Any], signed: Sequence[Row[Any]], staff: Signatory) -> StartOutcome | Named:
        return in_whose_name(paper_of(row, signed), await self._hand(row, staff), self._clock.now())


def _phone_refusal(signer: Row[Any] | None, *, phones: bool) -> StartOutcome | None:
    if signer is None:
        return StartOutcome.NOT_ENROLLED if phones else StartOutcome.UNAVAILABLE
    if signer.state != SignerState.ACTIVE:
        return StartOutcome.SUSPENDED
    return None if phones else StartOutcome.UNAVAILABLE


def _expiring(document_id: str, now: datetime) -> Callable[[Connection], None]:
    def work(tx: Connection) -> None:
        row = held(tx, document_id)
        if row is not None and row.state == DocumentState.WAITING:
            end(tx, document_id, DocumentState.EXPIRED, "", now)
            add_event(tx, document_id, EventKind.EXPIRED, "", "", now)

    return work


def _followed(document_id: str, what: EventKind, note: str, now: datetime) -> Callable[[Connection], None]:
    def work(tx: Connection) -> None:
        row = held(tx, document_id)
        if row is None or row.due is None:
            return
        add_event(tx, document_id, what, "", note, now, once=what is EventKind.NOT_DONE)
        if what is EventKind.DONE:
            tx.execute(update(documents).where(documents.c.id == document_id).values(due=None))

    return work
