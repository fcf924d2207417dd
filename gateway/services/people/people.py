"""The front door of this service."""

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.people.desk import Desk
from gateway.services.people.enrolment import Enrolment
from gateway.services.people.hasher import PinHasher
from gateway.services.people.pins import Pins
from gateway.services.people.ports import AccessLog, Registry
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock


class People(Enrolment, Pins, Desk):
    """Who deals with the institution: enrolment, PIN, and what staff may see and do. `close` at the end."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keys: KeyStore,
        registry: Registry,
        teller: Teller,
        access: AccessLog,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        super().__init__(store, clock, keys, registry, teller, access, settings, metrics)
        self._hasher = PinHasher(keys)

    def close(self) -> None:
        """Stop the threads that hash PINs."""
        self._hasher.close()
