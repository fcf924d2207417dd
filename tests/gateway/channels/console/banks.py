"""Banking for the console's tests: the service itself, without a bank."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.observe import Metrics
from gateway.services.banking import Banking, Parts, read_bank_profile
from gateway.store import Store
from wallet.clock import Clock


def banking_of(store: Store, clock: Clock, folder: Path) -> Banking:
    """The service over the console's store."""
    profile, csv = read_bank_profile("")
    return Banking(Parts(store, clock, Metrics(), ZoneInfo("Asia/Tehran"), folder, profile, csv, None))
