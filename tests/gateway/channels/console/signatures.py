"""Signing for the console's tests: documents, phones and sign-ins in memory, as the service answers."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.services.signing import (
    Document,
    DocumentState,
    EnrolOutcome,
    EnrolStart,
    Event,
    EventKind,
    FinishedSignIn,
    FinishOutcome,
    MobileSignIn,
    Need,
    Progress,
    Proof,
    ProofOutcome,
    Purpose,
    Signature,
    Signer,
    SignerState,
    SignOutcome,
    SignStart,
    StartOutcome,
    Waiting,
)
from gateway.services.signing.ports import Signatory
from wallet.clock import Clock
from wallet.ids import new_id
from wallet.money import irr

DIGEST = bytes.fromhex("9f3a21c0") + bytes(28)
CODE = "TXN-3D5K"
SERIAL = "530041207719342277160952274310028846159237740021"
CERTIFICATE = "CN=Treasurer,2.5.4.5=MID0C1D52E9A7F3,O=Operator"


class StubSigning:
    """Documents in a dict; a phone answers when the test says so, by `answer`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.documents: dict[str, Waiting] = {}
        self.requests: dict[str, Progress] = {}
        self.keys: dict[str, str] = {}
        self.events: list[Event] = []
        self.start: StartOutcome = StartOutcome.OK
        self.proved: ProofOutcome | None = None

    def add(
        self, title: str, role: str, *, made_by: str = "", need: Need = Need.MOBILE, kind: str = "payout_batch"
    ) -> Waiting:
        """Put one up."""
        document = Document(
            kind, new_id("bat", self.clock), DIGEST, {"en": title}, title, frozenset({made_by} - {""}),
            frozenset({role}), irr(1_240_000_000), self.clock.now() + timedelta(hours=1),
        )  # fmt: skip
        made = Waiting(new_id("doc", self.clock), document, need, DocumentState.WAITING, (), 1, self.clock.now())
        self.documents[made.id] = made
        self._event(made.id, EventKind.ASKED, made_by)
        return made

    def answer(self, request_id: str, outcome: SignOutcome) -> None:
        """The phone has answered."""
        asked = self.requests[request_id]
        self.requests[request_id] = replace(asked, outcome=outcome)
        if outcome is not SignOutcome.SIGNED:
            self._event(asked.document_id, EventKind.FAILED, asked.staff_id, outcome.value)
            return
        signature = Signature(asked.staff_id, asked.staff_id, True, SERIAL, CERTIFICATE, asked.code, self.clock.now())
        waiting = self.documents[asked.document_id]
        self.documents[waiting.id] = replace(waiting, state=DocumentState.SIGNED, signatures=(signature,), missing=0)
        self._event(waiting.id, EventKind.SIGNED, asked.staff_id)

    async def inbox(self, staff: Signatory, *, limit: int = 100) -> list[Waiting]:
        return [row for row in self.documents.values() if await self.why_not(row.id, staff) is StartOutcome.OK][:limit]

    async def current(self, kind: str, subject: str) -> Waiting | None:
        found = [row for row in self.documents.values() if (row.document.kind, row.document.subject) == (kind, subject)]
        return found[-1] if found else None

    async def document(self, document_id: str) -> Waiting | None:
        return self.documents.get(document_id)

    async def list_documents(self, *, limit: int, before: str = "") -> list[Waiting]:
        rows = sorted(self.documents.values(), key=lambda row: row.id, reverse=True)
        return [row for row in rows if not before or row.id < before][:limit]

    async def why_not(self, document_id: str, staff: Signatory) -> StartOutcome:
        waiting = self.documents[document_id]
        if waiting.document.roles.isdisjoint(staff.roles):
            return StartOutcome.ROLE_MISSING
        if waiting.state is not DocumentState.WAITING:
            return StartOutcome.NOT_WAITING
        return StartOutcome.MADE_IT if staff.id in waiting.document.made_by else StartOutcome.OK

    async def sign(self, document_id: str, staff: Signatory, form_key: str) -> SignStart:
        why = await self.why_not(document_id, staff)
        if why is not StartOutcome.OK or self.start is not StartOutcome.OK:
            return SignStart(self.start if why is StartOutcome.OK else why)
        known = self.keys.setdefault(form_key, new_id("sgr", self.clock))
        self.requests.setdefault(known, self._asked(known, Purpose.DOCUMENT, document_id, staff.id))
        return SignStart(StartOutcome.OK, known, CODE, "9F3A21C0")

    async def progress(self, request_id: str) -> Progress | None:
        return self.requests.get(request_id)

    async def sign_with_pin(self, document_id: str, staff: Signatory, password: str, totp: str) -> StartOutcome:
        return self.start

    async def refuse(self, document_id: str, staff: Signatory, reason: str) -> StartOutcome:
        why = await self.why_not(document_id, staff)
        if why is StartOutcome.OK:
            waiting = self.documents[document_id]
            self.documents[document_id] = replace(waiting, state=DocumentState.REFUSED, reason=reason)
        return why

    async def history(self, document_id: str) -> list[Event]:
        return [event for event in self.events if event.document_id == document_id]

    async def proof(self, kind: str, subject: str, digest: bytes) -> Proof:
        waiting = next(row for row in self.documents.values() if row.document.subject == subject)
        signed = ProofOutcome.SIGNED if waiting.state is DocumentState.SIGNED else ProofOutcome.WAITING
        return Proof(self.proved or signed, waiting.signatures)

    def enrolling(self, staff_id: str) -> str:
        """A request for a first signature."""
        made = new_id("sgr", self.clock)
        self.requests[made] = self._asked(made, Purpose.ENROLMENT, "", staff_id)
        return made

    def _asked(self, request_id: str, purpose: Purpose, document_id: str, staff_id: str) -> Progress:
        digits = "9F3A21C0" if document_id else ""
        ends = self.clock.now() + timedelta(seconds=80)
        return Progress(request_id, purpose, document_id, staff_id, CODE, digits, None, ends)

    def _event(self, document_id: str, what: EventKind, staff_id: str, note: str = "") -> None:
        self.events.append(Event(document_id, len(self.events) + 1, what, staff_id, note, self.clock.now()))


class StubSigners:
    """Signers in a dict."""

    def __init__(self, clock: Clock, signing: StubSigning) -> None:
        self.clock = clock
        self.signing = signing
        self.rows: dict[str, Signer] = {}
        self.answer = EnrolOutcome.ASKED

    def add(self, staff_id: str, by: str, approved_by: str) -> None:
        self.rows[staff_id] = Signer(
            staff_id, "+989120000101", SERIAL, CERTIFICATE, SignerState.ACTIVE, by, approved_by, self.clock.now()
        )

    async def enrol(self, staff_id: str, msisdn: str, by: str) -> EnrolStart:
        if self.answer is not EnrolOutcome.ASKED:
            return EnrolStart(self.answer)
        return EnrolStart(self.answer, new_id("enr", self.clock), self.signing.enrolling(staff_id), CODE)

    async def suspend(self, staff_id: str, by: str, reason: str) -> bool:
        if staff_id not in self.rows:
            return False
        self.rows[staff_id] = replace(self.rows[staff_id], state=SignerState.SUSPENDED, reason=reason)
        return True

    async def signers(self, *, after: str = "", limit: int = 100) -> list[Signer]:
        return [row for staff_id, row in sorted(self.rows.items()) if staff_id > after][:limit]


@dataclass
class StubSignIns:
    """Sign-ins by phone: `tokens` are what handles lead to, once the phone has signed."""

    tokens: dict[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    remotes: list[str] = field(default_factory=list)
    wait_s: int = 0
    over: bool = False

    async def start_sign_in(self, username: str, remote: str) -> MobileSignIn:
        self.started.append(username)
        return MobileSignIn("" if self.wait_s else f"handle-{len(self.started)}", CODE, self.wait_s)

    async def finish_sign_in(self, handle: str, remote: str) -> FinishedSignIn:
        self.remotes.append(remote)
        if handle in self.tokens:
            return FinishedSignIn(FinishOutcome.OK, self.tokens.pop(handle))
        return FinishedSignIn(FinishOutcome.FAILED if self.over or not handle else FinishOutcome.WAITING)
