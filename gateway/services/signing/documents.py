"""What services do with documents: ask for signatures, and prove that they are there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.observe import log
from gateway.services.signing.model import (
    Document,
    DocumentState,
    EventKind,
    Need,
    Proof,
    ProofOutcome,
    SignOutcome,
    SignRequest,
)
from gateway.services.signing.paper import ANEW, VOIDED, add_event, end, paper_of, signature_of
from gateway.services.signing.ports import Needs, SignatureCheck
from gateway.services.signing.rules import TIMEOUT_S, missing, tidy, to_sign, well_formed
from gateway.services.signing.tables import documents, signatures
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

_ENDED = frozenset({DocumentState.REFUSED, DocumentState.EXPIRED})


class Documents:
    """Asks and proves. Services that need a signature take this half, so that nobody needs nobody's executor.

    Args:
        store: The gateway's store.
        clock: The time.
        needs: The table of who must sign what.
        check: Verifies kept signatures again; None where no signature service is: then none verifies.
    """

    def __init__(self, store: Store, clock: Clock, needs: Needs, check: SignatureCheck | None) -> None:
        self._store = store
        self._clock = clock
        self._needs = needs
        self._check = check
        self._log = log(service="signing")

    async def ask(self, document: Document, *, anew: bool = False) -> Need:
        """Put a document up for signing, and say what it needs; with NONE nothing waits.

        The same kind, subject and digest is the same document, however often it is asked for; another digest makes void
        what was asked for and signed before. `anew` asks again for one that was refused or has expired.
        """
        assert well_formed(document), "a document that a phone cannot show as it is"
        need = Need(self._needs.need(document.kind, document.amount))
        now = self._clock.now()
        key = f"{document.kind}:{document.subject}"
        row = {
            "id": new_id("doc", self._clock),
            "kind": document.kind,
            "subject": document.subject,
            "digest": document.digest,
            "texts": dict(document.texts),
            "title": tidy(document.title),
            "made_by": sorted(document.made_by),
            "roles": sorted(document.roles),
            "amount": document.amount.minor if document.amount else None,
            "asset": document.amount.asset.code if document.amount else None,
            "need": need,
            "state": DocumentState.SIGNED if need is Need.NONE else DocumentState.WAITING,
            "reason": "",
            "asked_at": now,
            "expires_at": document.expires_at,
            "ended_at": now if need is Need.NONE else None,
            "current_key": key,
            "due": None,
        }

        def work(tx: Connection) -> Need:
            mine = select(documents).where(documents.c.current_key == key).with_for_update(key_share=True)
            old = tx.execute(mine).one_or_none()
            if old is not None:
                again = anew and (DocumentState(old.state) in _ENDED or _ran_out(old, now))
                if old.digest == document.digest and not again:
                    return Need(old.need)
                why = ANEW if again else VOIDED
                end(tx, old.id, DocumentState.VOID, why, now)
                add_event(tx, old.id, EventKind.VOIDED, "", why, now)
            if insert_ignore(tx, documents, row):
                add_event(tx, str(row["id"]), EventKind.ASKED, "", need.value, now)
            return need

        return await self._store.write(work)

    async def withdraw(self, kind: str, subject: str, reason: str) -> bool:
        """What it is about was given up: nobody is asked any more, and nothing is proved; whether anything was asked.

        What was refused or has expired stays so, for whoever looks why.
        """
        now = self._clock.now()

        def work(tx: Connection) -> bool:
            mine = documents.c.current_key == f"{kind}:{subject}"
            old = tx.execute(select(documents).where(mine).with_for_update(key_share=True)).one_or_none()
            if old is None or DocumentState(old.state) in _ENDED:
                return False
            end(tx, old.id, DocumentState.VOID, reason, now)
            add_event(tx, old.id, EventKind.VOIDED, "", reason, now)
            return True

        return await self._store.write(work)

    async def proof(self, kind: str, subject: str, digest: bytes) -> Proof:
        """Whether this very content is signed, by verifying every kept signature now."""
        rows = await self._store.read(select(documents).where(documents.c.current_key == f"{kind}:{subject}"))
        if not rows:
            return Proof(ProofOutcome.UNKNOWN)
        row = rows[0]
        if row.digest != digest:
            self._log.warning("signing_proof_differs", document=row.id, kind=kind)
            return Proof(ProofOutcome.DIFFERS)
        kept = await self._store.read(
            select(signatures).where(signatures.c.document_id == row.id).order_by(signatures.c.signed_at)
        )
        outcome = self._proved(row, kept)
        if outcome is ProofOutcome.INVALID:
            self._log.error("signing_proof_invalid", document=row.id, kind=kind)
        return Proof(outcome, tuple(signature_of(one) for one in kept))

    def _proved(self, row: Row[Any], kept: Sequence[Row[Any]]) -> ProofOutcome:
        state = DocumentState(row.state)
        if state is DocumentState.REFUSED:
            return ProofOutcome.REFUSED
        if state is DocumentState.EXPIRED or _ran_out(row, self._clock.now()):
            return ProofOutcome.EXPIRED
        if not all(self._verifies(row, one) for one in kept):
            return ProofOutcome.INVALID
        if state is DocumentState.WAITING:
            return ProofOutcome.WAITING
        # Rows may have gone or come by another hand than ours: what is there must be enough by itself.
        return ProofOutcome.INVALID if missing(paper_of(row, kept)) else ProofOutcome.SIGNED

    def _verifies(self, row: Row[Any], kept: Row[Any]) -> bool:
        if not kept.cms:
            return Need(row.need) is Need.PIN
        digest = to_sign(row.kind, row.subject, row.digest, kept.text)
        if self._check is None or digest != kept.digest:
            return False
        request = SignRequest(
            kept.request_id, kept.msisdn, kept.text, digest, kept.language, TIMEOUT_S, serial=kept.serial
        )
        return self._check.check(kept.cms, request, kept.signed_at) is SignOutcome.SIGNED


def _ran_out(row: Row[Any], now: datetime) -> bool:
    """Whether its time is over before the sweep has said so."""
    return DocumentState(row.state) is DocumentState.WAITING and bool(now >= row.expires_at)
