"""A day is signed by a phone of the simulated signature service, and its signature verifies years after."""

from datetime import timedelta
from pathlib import Path

from gateway.observe import Metrics
from gateway.peers.mssp import Mssp, MsspProfile
from gateway.services.closing import CloseState
from gateway.services.signing import StartOutcome
from gateway.wire.cms import Roots
from gateway.wire.mss import JsonForm, Mode
from simulators.mssp.phone import Habit
from tests.gateway.services.closing.evening import SUE, ZONE, enrolled, opened
from tests.simulators.mssp.provider import AP_ID, AP_PWD, FIRST, PREFIX, bench
from wallet.clock import ManualClock, SystemClock


async def test_a_day_is_signed_by_a_phone_of_the_service(sqlite_both_url: str, tmp_path: Path) -> None:
    # The service has its own clock: certificates and signatures are of now.
    now = SystemClock().now()
    clock = ManualClock(now - timedelta(days=1))
    day = clock.now().astimezone(ZONE).date()
    async with bench() as twin:
        twin.phone.habit = Habit.SIGNS
        profile = MsspProfile(
            url=f"http://127.0.0.1:{twin.mssp.port}", form=JsonForm(), mode=Mode.SYNCH, ap_id=AP_ID, password=AP_PWD,
            prefix=PREFIX, roots=Roots.of_pem(twin.authority.root_pem().encode()),
            profile="http://alauda.mobi/nonRepudiation", callback_url="", probe_msisdn="+41000000000", poll_s=0.02,
        )  # fmt: skip
        wallet_url = sqlite_both_url.replace("test.db", "wallet.db")
        async with (
            Mssp(profile, clock, Metrics()) as service,
            opened(sqlite_both_url, wallet_url, clock, tmp_path, service) as evening,
        ):
            evening.others.through = day
            await evening.ordinary(day, now)
            has = await service.profile(FIRST)
            await enrolled(evening.store, clock, SUE, FIRST, has.serials[0], has.subject)
            close = await evening.asked(day)
            assert await evening.signs() is StartOutcome.OK
            assert await evening.closing.sweep() == 1
            found = await evening.closing.by_id(close.id)
            assert found is not None
            assert (found.state, found.signed_by) == (CloseState.SIGNED, (SUE,))
            clock.advance(timedelta(days=3_000))
            verified = await evening.closing.verify(day)
            assert verified.sound, verified.finding
