"""What this service needs of others, said as small Protocols; app.py joins them."""

from datetime import datetime
from typing import Protocol

from gateway.services.signing.model import SignOutcome, SignRequest, SignResult


class MobileSigner(Protocol):
    """A mobile signature service; satisfied by gateway.peers.mssp."""

    async def sign(self, request: SignRequest) -> SignResult:
        """Ask a phone and wait until its time is over; never raises for what the service may answer."""
        ...

    async def told(self, msisdn: str, transaction_id: str, text: str) -> None:
        """Send the receipt: a text to the phone that says what came of its signature; lost ones do not matter."""
        ...


class SignatureCheck(Protocol):
    """Verifies a kept signature again, without the service; satisfied by gateway.peers.mssp."""

    def check(self, cms: bytes, request: SignRequest, at: datetime) -> SignOutcome:
        """SIGNED, OTHER_SIGNER or INVALID, as of the moment when it was signed."""
        ...
