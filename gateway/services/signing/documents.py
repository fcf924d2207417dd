"""What services do with documents: ask for signatures, and prove that they are there."""

from gateway.services.signing.model import Document, Need, Proof
from gateway.services.signing.ports import Needs, SignatureCheck
from gateway.store import Store
from wallet.clock import Clock


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

    async def ask(self, document: Document, *, anew: bool = False) -> Need:
        """Put a document up for signing, and say what it needs; with NONE nothing waits.

        The same kind, subject and digest is the same document, however often it is asked for; another digest makes void
        what was asked for and signed before. `anew` asks again for one that was refused or has expired.
        """
        raise NotImplementedError

    async def proof(self, kind: str, subject: str, digest: bytes) -> Proof:
        """Whether this very content is signed, by verifying every kept signature now."""
        raise NotImplementedError
