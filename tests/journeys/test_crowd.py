"""Many phones at once on networks that fail: no payment is lost or doubled, no text is another's, no page an error."""

import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from simulators.carriers import FORMS, LATER
from simulators.faults import CarrierFaults, Mishap
from tests.journeys import checks
from tests.journeys.crowd import BUSY, NETWORK, PAID_IN, Sender, admitted, everybody_is_told, everybody_sends
from tests.journeys.kill_stores import opened as stores_of
from tests.journeys.town import Town, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
WIRES = ("africastalking", "hubtel", "infobip", "nalo", "restcomm", "safaricom")


def faults_of(times: int, slow_ms: int, seed: int) -> CarrierFaults:
    """So many times 2 % duplicates, 5 % drops and 1 % slow links, by hop."""
    return CarrierFaults(
        duplicate_rate=0.01 * times, repeat_rate=0.01 * times, drop_rate=0.03 * times, lost_answer_rate=0.02 * times,
        slow_write_rate=0.005 * times, slow_read_rate=0.005 * times, slow_ms=slow_ms, seed=seed,
    )  # fmt: skip


@pytest.mark.rig
async def test_thirty_phones_on_many_wires_and_bad_networks_pay_once_each(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite://", wires=WIRES, start=False) as town:
        await crowd_pays(town, 30, rounds=1, within_s=1, faults=faults_of(3, 500, seed=3))


@pytest.mark.rig
async def test_five_hundred_phones_on_all_wires_and_bad_networks_pay_once_each(
    database_url: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, database_url, wires=sorted(set(FORMS) - LATER), start=False) as town:
        await crowd_pays(town, 500, rounds=1, within_s=12, faults=faults_of(1, 1_500, seed=1))


async def crowd_pays(town: Town, count: int, *, rounds: int, within_s: float, faults: CarrierFaults) -> None:
    """Admit, let them pay, and look at everything."""
    crowd = await admitted(town, count)
    await town.start()
    before = await checks.wallets(town)
    town.world.faults.carrier = faults
    began = time.monotonic()
    await everybody_sends(crowd, rounds, within_s)
    elapsed_s = time.monotonic() - began
    town.world.faults.carrier = CarrierFaults()

    nobody_saw_what_is_not_his(town, crowd)
    await everybody_is_told(crowd, rounds, timeout_s=60)
    await the_ledger_has_each_payment_once(town, crowd, rounds)
    assert (await checks.wallets(town))["wallet"] == before["wallet"]
    await checks.books_agree(town)
    mishaps = sum((carrier.mishaps for carrier in town.world.carriers.values()), start=Counter[Mishap]())
    assert mishaps[Mishap.DUPLICATE] + mishaps[Mishap.REPEAT] > 0
    assert mishaps[Mishap.DROP] + mishaps[Mishap.LOST_ANSWER] > 0
    figures = f"{count} phones, {len(town.world.carriers)} wires: {elapsed_s:.1f} s, {dict(mishaps)}"
    busy = Counter(reason for one in crowd for reason in one.failures.elements() if reason in BUSY.values())
    sys.stdout.write(f"{figures}, {dict(busy)}\n")


def nobody_saw_what_is_not_his(town: Town, crowd: list[Sender]) -> None:
    """Every page was one that this person should see; what failed was the network; the same hop had the same page."""
    broken = [line for line in town.log.read_text("utf-8").splitlines() if "fault" in line or '"error"' in line]
    assert [text for one in crowd for text in one.wrong] == [], broken[-5:]
    assert {reason for one in crowd for reason in one.failures} <= NETWORK
    assert len({menu for one in crowd for menu in one.menus}) == 1
    assert [pair for carrier in town.world.carriers.values() for pair in carrier.differing] == []


async def the_ledger_has_each_payment_once(town: Town, crowd: list[Sender], rounds: int) -> None:
    """Each person paid once a round; a reference that was shown is the payer's own; each balance is the sum."""
    async with stores_of(town.settings) as stores:
        wallets = dict(
            await stores.rows(
                "SELECT p.msisdn, a.credits_posted - a.debits_posted FROM account a"
                " JOIN people_persons p ON p.id = a.owner WHERE a.role = 'wallet'"
            )
        )
        rows = await stores.rows(
            "SELECT p.msisdn, y.reference, y.amount_minor, y.state FROM payments_payments y"
            " JOIN people_persons p ON p.id = y.person_id WHERE y.kind = 'send'"
        )
    paid: dict[str, list[tuple[str, int]]] = {}
    for msisdn, reference, amount, state in rows:
        assert state == "done", (msisdn, state)
        paid.setdefault(str(msisdn), []).append((str(reference), int(amount)))
    for one, payer in zip(crowd, crowd[-1:] + crowd[:-1], strict=True):
        assert wallets[one.msisdn] == PAID_IN + rounds * (payer.amount - one.amount)
        assert [amount for _, amount in paid[one.msisdn]] == [one.amount] * rounds, one
        assert set(one.references) <= {reference for reference, _ in paid[one.msisdn]}
        assert one.agreed >= rounds
