"""Approvals and signing, joined: who must agree, who stands in for whom, whose phone signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from gateway.channels.ussd import SendOutcome, Sent
from gateway.observe import Metrics
from gateway.services.approvals import Approvals, Delegations, Policy, Proposals
from gateway.services.approvals import Executor as Deed
from gateway.services.signing import (
    Documents,
    Executor,
    MobileSigner,
    MobileSignIns,
    Need,
    Phones,
    Purpose,
    SignatureCheck,
    Signers,
    Signing,
    SigningParts,
    StartOutcome,
)
from gateway.services.signing.ports import Confirmed
from gateway.services.staff import Role, SignInOutcome, Staff, StaffMember
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock


@dataclass(frozen=True, slots=True)
class SignatureService:
    """A mobile signature service, and how its signatures are verified without it."""

    signer: MobileSigner
    check: SignatureCheck


@dataclass(frozen=True, slots=True)
class SigningRooms:
    """What signing is to the rest of the house."""

    signing: Signing
    signers: Signers
    sign_ins: MobileSignIns
    phones: Phones

    async def sweep(self) -> int:
        """Finish what a crash left of each."""
        rooms = (self.phones, self.signers, self.signing, self.sign_ins)
        return sum([await room.sweep() for room in rooms])


class Deciding:
    """What approvals and signing share; services that propose or need signatures take `proposals` and `documents`.

    Args:
        settings: `policy_file`, `sweep_after_s`.
        store: The gateway's store.
        clock: The time.
        metrics: Of signatures.
        staff: Whose roles, passwords and sign-ins count.
        roles: The checker's role of each kind for which the policy names none.
        service: Asks phones; None where none is: then nobody's phone can be asked, and that is what each is told.

    Raises:
        SettingsFault: Something in the policy's file is wrong.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        staff: Staff,
        *,
        roles: Mapping[str, str],
        service: SignatureService | None,
    ) -> None:
        self.policy = Policy.load(settings.policy_file, roles, tuple(Role))
        self.delegations = Delegations(store, clock, RolesOf(staff))
        self.proposals = Proposals(store, clock, self.policy)
        signer, check = (service.signer, service.check) if service else (None, None)
        self.documents = Documents(store, clock, self.policy, check)
        self._parts = SigningParts(
            store=store,
            clock=clock,
            metrics=metrics,
            needs=self.policy,
            stands_in=self.delegations,
            staff=StaffDesk(staff),
            signer=signer,
            check=check,
            sweep_after_s=settings.sweep_after_s,
        )
        self.signers = Signers(self._parts, self.proposals)
        self._approvals = partial(
            Approvals, store, clock, settings, roles=roles, policy=self.policy, delegations=self.delegations
        )

    def approvals(self, executors: Mapping[str, Deed], refusers: Mapping[str, Deed]) -> Approvals:
        """Where what was proposed is decided and done."""
        return self._approvals(executors=executors, refusers=refusers)

    def rooms(self, signed: Mapping[str, Executor], unsigned: Mapping[str, Executor]) -> SigningRooms:
        """Signing, with what follows when documents of each kind are signed, or refused or expired."""
        signing, sign_ins = Signing(self._parts, signed=signed, unsigned=unsigned), MobileSignIns(self._parts)
        ends = {Purpose.DOCUMENT: signing.ends, Purpose.ENROLMENT: self.signers.ends, Purpose.SIGN_IN: sign_ins.ends}
        return SigningRooms(signing, self.signers, sign_ins, Phones(self._parts, ends))


class RolesOf:
    """Roles of members of staff, for who stands in for them."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        """Their roles now; None for nobody and for those who are disabled."""
        member = await self._staff.by_id(staff_id)
        return None if member is None or member.disabled else frozenset(member.roles)


class StaffDesk:
    """The staff as signing needs them."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def by_id(self, staff_id: str) -> StaffMember | None:
        """The member with this id."""
        return await self._staff.by_id(staff_id)

    async def by_username(self, username: str) -> StaffMember | None:
        """The member with this user name."""
        return await self._staff.by_username(username)

    async def confirm(self, staff_id: str, password: str, totp: str) -> Confirmed:
        """Whether they type password and code again."""
        outcome = await self._staff.confirm(staff_id, password, totp)
        match outcome:
            case SignInOutcome.OK:
                return Confirmed.OK
            case SignInOutcome.WRONG | SignInOutcome.DISABLED:
                return Confirmed.WRONG
            case SignInOutcome.CODE_USED:
                return Confirmed.CODE_USED
            case SignInOutcome.LOCKED:
                return Confirmed.LOCKED
            case unreachable:
                assert_never(unreachable)

    async def take_try(self, username: str) -> int:
        """Count a try for this name."""
        return await self._staff.take_try(username)

    async def open_sign_in(self, staff_id: str, remote: str) -> str:
        """The token of a new sign-in, or ''."""
        return (await self._staff.open_sign_in(staff_id, remote)).token


@dataclass(frozen=True, slots=True)
class Titled:
    """A document in the list on a phone."""

    id: str
    title: str


class SigningByUssd:
    """What waits for whoever has this phone: the number must be that of a signer, and its signer still at work."""

    def __init__(self, rooms: SigningRooms, staff: Staff) -> None:
        self._rooms = rooms
        self._staff = staff

    async def waiting(self, msisdn: str) -> Sequence[Titled]:
        """What they may sign by phone now, oldest first."""
        member = await self._member(msisdn)
        if member is None:
            return ()
        inbox = await self._rooms.signing.inbox(member)
        return [Titled(one.id, one.document.title) for one in inbox if one.need is not Need.PIN]

    async def send(self, msisdn: str, document_id: str, form_key: str) -> Sent:
        """Ask this phone to sign."""
        member = await self._member(msisdn)
        if member is None:
            return Sent(SendOutcome.GONE)
        started = await self._rooms.signing.sign(document_id, member, form_key)
        match started.outcome:
            case StartOutcome.OK:
                return Sent(SendOutcome.ASKED, started.code)
            case StartOutcome.BUSY | StartOutcome.SUSPENDED | StartOutcome.UNAVAILABLE:
                return Sent(SendOutcome(started.outcome.value))
            case _:
                # All others mean that it is not theirs to sign, or no longer; the console says why.
                return Sent(SendOutcome.GONE)

    async def _member(self, msisdn: str) -> StaffMember | None:
        signer = await self._rooms.signers.by_number(msisdn)
        member = await self._staff.by_id(signer.staff_id) if signer else None
        return None if member is None or member.disabled else member
