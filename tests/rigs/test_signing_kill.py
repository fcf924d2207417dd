"""SIGKILL while a phone shows what it is to sign: nobody is asked twice, and the document waits on."""

import asyncio
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.services.signing import ProofOutcome, SignOutcome, StartOutcome
from gateway.services.signing.phones import LEASE
from gateway.store import Store
from simulators.mssp import Habit
from tests.gateway.services.signing.office import opened, paper
from tests.rigs.signing_child import client
from tests.simulators.mssp.provider import FIRST, bench
from wallet.clock import ManualClock, SystemClock

pytestmark = [pytest.mark.rig, pytest.mark.timeout(60)]


async def test_a_kill_while_a_phone_is_asked_asks_nobody_twice(tmp_path: Path) -> None:
    url, roots = f"sqlite:///{tmp_path / 'office.db'}", tmp_path / "roots.pem"
    clock = ManualClock(SystemClock().now())
    await Store.upgrade(url)
    document = replace(paper(), expires_at=clock.now() + timedelta(days=1))
    async with bench() as twin:
        roots.write_text(twin.authority.root_pem(), "ascii")
        service, phone = f"http://127.0.0.1:{twin.mssp.port}", twin.phones[FIRST]
        issued = await phone.issued()
        assert issued is not None
        async with client(service, roots, clock) as mssp, opened(url, clock, mssp) as office:
            await office.knows("sue", FIRST, phone.serial, issued.certificate.subject.rfc4514_string())
            await office.signing.ask(document)
            document_id = await office.only()
            started = await office.signing.sign(document_id, office.who("sue"), "form")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.rigs.signing_child", url, str(roots), service
            )
            async with asyncio.timeout(30):
                while (shown := phone.pending()) is None:  # noqa: ASYNC110 - a person's eyes
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            await process.wait()

            assert await office.phones.claim(10) == [], "somebody has it"
            phone.cancel()
            phone.habit = Habit.SIGNS
            clock.advance(SystemClock().now() - clock.now() + LEASE)
            assert await office.answer() == 1

            progress = await office.signing.progress(started.request_id)
            assert progress is not None
            assert (progress.outcome, shown.code) == (SignOutcome.UNAVAILABLE, started.code)
            asked = [one for one in twin.trace.messages if not one.outbound and one.summary.startswith("Signature ")]
            assert len(asked) == 1, "nothing was sent again"
            waiting = await office.signing.proof("batch", "bat_1", document.digest)
            assert waiting.outcome is ProofOutcome.WAITING
            clock.advance(SystemClock().now() - clock.now())
            again = await office.signs("sue", document_id, "another form")
            assert (again.outcome, again.code == started.code) == (StartOutcome.OK, False)
            proof = await office.signing.proof("batch", "bat_1", document.digest)
            assert proof.outcome is ProofOutcome.SIGNED
            assert office.done == ["signed bat_1"]
