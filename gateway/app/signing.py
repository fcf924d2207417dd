"""How approvals and signing see the staff."""

from gateway.services.staff import Staff


class RolesOf:
    """Roles of members of staff, for who stands in for them."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def roles_of(self, staff_id: str) -> frozenset[str] | None:
        """Their roles now; None for nobody and for those who are disabled."""
        member = await self._staff.by_id(staff_id)
        return None if member is None or member.disabled else frozenset(member.roles)
