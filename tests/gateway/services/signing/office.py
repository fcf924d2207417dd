"""An office that signs: services over one store, staff in a dict, and a signature service in memory."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from gateway.errors import PeerUnavailable
from gateway.observe import Metrics
from gateway.peers.mssp import Mssp
from gateway.services.approvals import ApprovalOutcome, Approvals, Delegations, Policy, StaffRef
from gateway.services.approvals.policy import Band
from gateway.services.signing import (
    SIGNER_ENROLMENT_KIND,
    Document,
    EnrolOutcome,
    MobileSignIns,
    Phones,
    Purpose,
    Signers,
    Signing,
    SigningParts,
    SignOutcome,
    SignRequest,
    SignResult,
    SignStart,
    StartOutcome,
)
from gateway.services.signing.ports import Confirmed
from gateway.services.signing.profiles import SignerProfile
from gateway.services.signing.tables import signers
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock
from wallet.money import irr

TOTP = "123456"
PASSWORD = "correct horse battery"
LONG = timedelta(days=2)
FIRST, SECOND = "+989120000001", "+989120000002"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff."""

    id: str
    roles: frozenset[str]
    language: str = "en"
    name: str = "Somebody"
    disabled: bool = False


PEOPLE = {
    "stf_sue": frozenset({"signatory"}),
    "stf_sam": frozenset({"signatory"}),
    "stf_ivo": frozenset({"clerk"}),
    "stf_mia": frozenset({"officer", "signatory"}),
    "stf_adi": frozenset({"administrator"}),
    "stf_fay": frozenset({"administrator"}),
}


@dataclass
class Staff:
    """Everybody's password is the same; tries are counted."""

    people: dict[str, Person] = field(default_factory=dict)
    tries: int = 0
    locked_s: int = 0
    opened: list[str] = field(default_factory=list)

    async def by_id(self, staff_id: str) -> Person | None:
        return self.people.get(staff_id)

    async def by_username(self, username: str) -> Person | None:
        return self.people.get(f"stf_{username}")

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        person = self.people.get(staff_id)
        return person.roles if person else None

    async def confirm(self, staff_id: str, password: str, totp: str) -> Confirmed:
        return Confirmed.OK if (password, totp) == (PASSWORD, TOTP) else Confirmed.WRONG

    async def take_try(self, username: str) -> int:
        self.tries += 1
        return self.locked_s

    async def open_sign_in(self, staff_id: str, remote: str) -> str:
        self.opened.append(staff_id)
        return f"token of {staff_id} at {remote}"


@dataclass
class Service:
    """Phones that sign with the secret of their SIM; `says` is how they answer, `cms` what they hand out instead."""

    clock: ManualClock
    serials: dict[str, str] = field(default_factory=dict)
    says: SignOutcome | None = SignOutcome.SIGNED
    cms: bytes | None = None
    at: datetime | None = None
    subject: str = ""
    """Name in certificates, instead of one that goes with the serial number."""
    lenient: bool = False
    """Takes any signature for a good one, as a broken check would."""
    asked: list[SignRequest] = field(default_factory=list)
    receipts: list[tuple[str, str]] = field(default_factory=list)

    async def sign(self, request: SignRequest) -> SignResult:
        self.asked.append(request)
        if self.says is None:
            raise PeerUnavailable("no answer")
        if self.says is not SignOutcome.SIGNED:
            return SignResult(self.says, fault="401")
        serial = self.serials.setdefault(request.msisdn, str(1000 + len(self.serials)))
        cms = self.cms or sealed(request, serial)
        return SignResult(SignOutcome.SIGNED, cms, serial, self.subject or f"CN={serial}", self.at or self.clock.now())

    async def profile(self, msisdn: str) -> SignerProfile:
        raise AssertionError("nobody asks this here")

    async def told(self, msisdn: str, transaction_id: str, text: str) -> None:
        self.receipts.append((msisdn, text))

    def check(self, cms: bytes, request: SignRequest, at: datetime) -> SignOutcome:
        if self.lenient:
            return SignOutcome.SIGNED
        signed = json.loads(cms)
        mac = signed.pop("mac")
        good = hmac.compare_digest(mac, mac_of(signed)) and signed["digest"] == (request.digest or b"").hex()
        if not good:
            return SignOutcome.INVALID
        other = request.serial and signed["serial"] != request.serial
        return SignOutcome.OTHER_SIGNER if other else SignOutcome.SIGNED


def mac_of(signed: Mapping[str, str]) -> str:
    return hmac.new(signed["serial"].encode(), json.dumps(signed, sort_keys=True).encode(), "sha256").hexdigest()


def sealed(request: SignRequest, serial: str) -> bytes:
    """What a SIM with this serial makes of a request."""
    signed = {"serial": serial, "digest": (request.digest or b"").hex(), "id": request.transaction_id}
    return json.dumps(signed | {"mac": mac_of(signed)}).encode()


@dataclass
class Office:
    """Everything."""

    store: Store
    clock: ManualClock
    staff: Staff
    service: Service
    signing: Signing
    signers: Signers
    sign_ins: MobileSignIns
    phones: Phones
    approvals: Approvals
    delegations: Delegations
    done: list[str]
    metrics: Metrics
    broken: bool = False

    def who(self, name: str) -> Person:
        return self.staff.people[f"stf_{name}"]

    async def answer(self) -> int:
        """Ask every phone that is to be asked."""
        rows = await self.phones.claim(10)
        for row in rows:
            await self.phones.ask(row)
        return len(rows)

    async def enrol(self, name: str, msisdn: str) -> None:
        started = await self.signers.enrol(f"stf_{name}", msisdn, "stf_adi")
        assert started.outcome is EnrolOutcome.ASKED, started
        await self.answer()
        (waiting,) = await self.approvals.list_pending(limit=10, kind=SIGNER_ENROLMENT_KIND)
        fay = StaffRef("stf_fay", PEOPLE["stf_fay"])
        assert await self.approvals.approve(waiting.id, fay) is ApprovalOutcome.APPROVED

    async def knows(self, name: str, msisdn: str, serial: str, certificate: str = "") -> None:
        """Somebody's phone was enrolled before."""
        row = {"staff_id": f"stf_{name}", "msisdn": msisdn, "serial": serial}
        row |= {"certificate": certificate or f"CN={serial}"}
        row |= {"state": "active", "reason": "", "enrolled_by": "stf_adi", "approved_by": "stf_fay"}
        statement = insert(signers).values(enrolled_at=self.clock.now(), **row)
        await self.store.write(lambda tx: tx.execute(statement).rowcount)
        self.service.serials[msisdn] = serial

    async def only(self, name: str = "sue") -> str:
        """The one document in somebody's inbox."""
        (waiting,) = await self.signing.inbox(self.who(name))
        return waiting.id

    async def signs(self, name: str, document_id: str, form_key: str = "") -> SignStart:
        """Somebody signs by phone, as the service says."""
        started = await self.signing.sign(document_id, self.who(name), form_key or f"{name}-{document_id}")
        if started.outcome is StartOutcome.OK:
            await self.answer()
        return started


def paper(subject: str = "bat_1", *, content: str = "rows", kind: str = "batch", minor: int = 50) -> Document:
    """A document of 50 rials that Mia made."""
    return Document(
        kind=kind,
        subject=subject,
        digest=hashlib.sha256(content.encode()).digest(),
        texts={"en": "SSO: pay 1302 people IRR 1,240,000,000", "fa": "پرداخت به ۱۳۰۲ نفر"},
        title="Batch B7",
        made_by=frozenset({"stf_mia"}),
        roles=frozenset({"signatory"}),
        amount=irr(minor),
        expires_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC) + LONG,
    )


POLICY = Policy(
    {
        "batch": (Band(up_to=100, need="mobile"), Band(need="two_mobile")),
        "day": (Band(need="pin"),),
        "note": (Band(need="none"),),
        SIGNER_ENROLMENT_KIND: (Band(roles=("administrator",)),),
    }
)


@asynccontextmanager
async def opened(database_url: str, clock: ManualClock, real: Mssp | None = None) -> AsyncIterator[Office]:
    """An office over a store that is made, with a real client of a signature service or one in memory."""
    store = await Store.open(database_url)
    staff = Staff({staff_id: Person(staff_id, roles) for staff_id, roles in PEOPLE.items()})
    service, metrics, done = Service(clock), Metrics(), list[str]()
    delegations = Delegations(store, clock, staff)
    asked = real or service
    parts = SigningParts(store, clock, metrics, POLICY, delegations, staff, asked, asked, 5)

    async def follow(subject: str, document_id: str) -> str:
        if office.broken:
            raise PeerUnavailable("not now")
        done.append(f"signed {subject}")
        return "done"

    async def give_up(subject: str, document_id: str) -> str:
        done.append(f"unsigned {subject}")
        return "done"

    signing = Signing(parts, signed={"batch": follow, "day": follow}, unsigned={"batch": give_up})

    async def enrolled(subject: str, approval_id: str) -> str:
        return await phone_desk.enrolled(subject, approval_id)

    async def not_enrolled(subject: str, approval_id: str) -> str:
        return await phone_desk.not_enrolled(subject, approval_id)

    approvals = Approvals(
        store,
        clock,
        Settings(),
        roles={},
        executors={SIGNER_ENROLMENT_KIND: enrolled},
        refusers={SIGNER_ENROLMENT_KIND: not_enrolled},
        policy=POLICY,
        delegations=delegations,
    )
    phone_desk, sign_ins = Signers(parts, approvals), MobileSignIns(parts)
    ends = {Purpose.DOCUMENT: signing.ends, Purpose.ENROLMENT: phone_desk.ends, Purpose.SIGN_IN: sign_ins.ends}
    phones = Phones(parts, ends)
    office = Office(
        store, clock, staff, service, signing, phone_desk, sign_ins, phones, approvals, delegations, done, metrics
    )
    try:
        yield office
    finally:
        await store.close()


def speaks(person: Person, language: str) -> Person:
    """The same, reading another language."""
    return replace(person, language=language)
