"""Releases for the console's tests: the service itself over the console's store, asking the stub of approvals."""

from gateway.services.releases import Releases
from gateway.services.releases.ports import Proposals
from gateway.store import Store
from tests.gateway.services.releases.press import SHIPPED, EditionProof
from ussd_menus import Profile
from wallet.clock import Clock


def releases_of(store: Store, clock: Clock, proposals: Proposals) -> Releases:
    """The service, for a build that has every action that the shipped menus name."""
    return Releases(store, clock, proposals, EditionProof(Profile(), frozenset(SHIPPED.actions)))
