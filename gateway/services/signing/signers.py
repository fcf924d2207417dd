"""Whose phone signs: enrolment by two people, the pinned certificate, suspension."""

from gateway.services.signing.model import EnrolStart, Signer


class Signers:
    """Members of staff whose phones sign."""

    async def enrol(self, staff_id: str, msisdn: str, by: str) -> EnrolStart:
        """Ask this phone for a first signature, which shows its certificate; then a second person must agree."""
        raise NotImplementedError

    async def enrolled(self, subject: str, approval_id: str) -> str:
        """Pin the certificate: the executor of `signer_enrolment`."""
        raise NotImplementedError

    async def not_enrolled(self, subject: str, approval_id: str) -> str:
        """The refuser of `signer_enrolment`."""
        raise NotImplementedError

    async def suspend(self, staff_id: str, by: str, reason: str) -> bool:
        """Let this member's phone sign nothing more until it is enrolled again; whether there was such a signer."""
        raise NotImplementedError

    async def signers(self, *, after: str = "", limit: int = 100) -> list[Signer]:
        """Signers by staff id, from after `after`."""
        raise NotImplementedError

    async def by_staff(self, staff_id: str) -> Signer | None:
        """The signer of this member of staff."""
        raise NotImplementedError
