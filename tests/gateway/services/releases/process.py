"""A process that approves a release and is killed before it is in force: `python -m … URL APPROVAL`."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime

from tests.gateway.services.releases.press import CHECKER, opened
from wallet.clock import ManualClock


async def main(url: str, approval_id: str) -> None:
    """Decide; die where the executor would begin."""
    async with opened(url, ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC))) as press:

        async def die(_subject: str, _approval_id: str) -> str:
            os.kill(os.getpid(), signal.SIGKILL)
            return ""

        press.approvals._executors = {"menu_release": die}
        await press.approvals.approve(approval_id, CHECKER)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
