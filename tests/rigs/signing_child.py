"""A process that asks a phone to sign and is killed: `python -m tests.rigs.signing_child URL ROOTS SERVICE`."""

import asyncio
import sys
from pathlib import Path

from gateway.observe import Metrics
from gateway.peers.mssp import Mssp
from gateway.peers.mssp.profile import MsspProfile
from gateway.wire.cms import Roots
from gateway.wire.mss import JsonForm, Mode
from tests.gateway.services.signing.office import opened
from tests.simulators.mssp.provider import AP_ID, AP_PWD, PREFIX
from wallet.clock import Clock, ManualClock, SystemClock


def client(service: str, roots: Path, clock: Clock) -> Mssp:
    """A client of the simulator."""
    pinned = Roots.of_pem(roots.read_bytes())
    return Mssp(MsspProfile(service, JsonForm(), Mode.SYNCH, AP_ID, AP_PWD, pinned, PREFIX), clock, Metrics())


async def main(url: str, roots: Path, service: str) -> None:
    """Ask what is to be asked."""
    clock = ManualClock(SystemClock().now())
    async with client(service, roots, clock) as mssp, opened(url, clock, mssp) as office:
        await office.answer()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
