"""How approvals and signing see the staff, and how signing is joined."""

from typing import assert_never

from gateway.services.signing.ports import Confirmed
from gateway.services.staff import SignInOutcome, Staff, StaffMember


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


def signing_parts(
    settings: Settings,
    store: Store,
    clock: Clock,
    metrics: Metrics,
    staff: Staff,
    policy: Policy,
    delegations: Delegations,
    service: SignatureService | None,
) -> SigningParts:
    """What signing is made of; without a service nobody's phone can be asked, and that is what each is told."""
    signer, check = (service.signer, service.check) if service else (None, None)
    desk, sweep_after_s = StaffDesk(staff), settings.sweep_after_s
    return SigningParts(store, clock, metrics, policy, delegations, desk, signer, check, sweep_after_s)


def signing_rooms(
    parts: SigningParts, proposals: Proposals, *, signed: Mapping[str, Executor], unsigned: Mapping[str, Executor]
) -> SigningRooms:
    """Signing, joined."""
    signing = Signing(parts, signed=signed, unsigned=unsigned)
    signers, sign_ins = Signers(parts, proposals), MobileSignIns(parts)
    ends = {Purpose.DOCUMENT: signing.ends, Purpose.ENROLMENT: signers.ends, Purpose.SIGN_IN: sign_ins.ends}
    return SigningRooms(signing, signers, sign_ins, Phones(parts, ends))
