"""What signing is made of."""

from dataclasses import dataclass

from gateway.observe import Metrics
from gateway.services.signing.ports import MobileSigner, Needs, SignatureCheck, StaffDoor, StandsIn
from gateway.store import Store
from wallet.clock import Clock


@dataclass(frozen=True, slots=True)
class SigningParts:
    """What every half of signing shares.

    `signer` asks phones and `check` verifies what they answered; both are None where no signature service is.
    `sweep_after_s` is how old something must be to be a crash's.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    needs: Needs
    stands_in: StandsIn
    staff: StaffDoor
    signer: MobileSigner | None
    check: SignatureCheck | None
    sweep_after_s: float

    @property
    def phones(self) -> bool:
        """Whether phones can be asked."""
        return self.signer is not None and self.check is not None
