"""A process that approves a release and is killed before it is in force: `python -m … URL APPROVAL`."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime

from gateway.services.approvals import Approvals, StaffRef
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import ManualClock

ROLE = "administrator"


async def die(_subject: str, _approval_id: str) -> str:
    """Where the executor would begin."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


async def main(url: str, approval_id: str) -> None:
    """Decide."""
    store, clock = await Store.open(url), ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    kind = "menu_release"
    approvals = Approvals(store, clock, Settings(), roles={kind: ROLE}, executors={kind: die})
    await approvals.approve(approval_id, StaffRef("stf_checker", frozenset({ROLE})))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
