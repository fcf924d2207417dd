"""The writer under a seeded storm: one seed is one run, exactly, and whatever fails is printed with its seed.

In this process or in several, SIM_SEED=123 runs that seed alone and prints its trace.
"""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.wallet.simulation import defects
from tests.wallet.simulation.faults import ON_STATEMENT
from tests.wallet.simulation.process import MakeWriter
from tests.wallet.simulation.run import Plan, Result, SimulationError, simulate
from wallet.ledger import Ledger
from wallet.ledger.writer import Writer

ROOT = Path(__file__).parents[2]
SEEDS, RIG_SEEDS, SOAK_SEEDS = 200, 2_000, 100_000
TEETH_SEEDS = 150
"""A planted defect must be found within so many."""


@pytest.fixture
async def plan(tmp_path: Path) -> Plan:
    return await planned(tmp_path)


async def planned(folder: Path) -> Plan:
    template = folder / "template.db"
    await Ledger.upgrade(f"sqlite:///{template}")
    return Plan(template, folder)


def simulate_many(seeds: range, plan: Plan) -> list[Result]:
    return [simulate(seed, plan) for seed in seeds]


def test_whatever_goes_wrong_the_book_and_every_answer_are_right(plan: Plan) -> None:
    results = simulate_many(range(SEEDS), plan)

    # A storm that no longer blows would find nothing.
    lines = [line for result in results for line in result.lines]
    happened = [*(f"COMMIT meets {fault.name}" for fault in ON_STATEMENT), "INSERT meets ROW_REFUSED", "meets REFUSED"]
    happened += ["crashes", "restarts", "has stopped", "'REVERSAL_EXCEEDED'", "'HOLD_CAPTURED'", "'DUPLICATE'"]
    for what in happened:
        assert any(what in line for line in lines), what
    assert sum(result.faults for result in results) > 4 * SEEDS
    assert sum(result.answered for result in results) > 8 * SEEDS


def test_one_seed_replays_a_run_exactly(plan: Plan) -> None:
    """Twice here, and once in a process whose hashes of strings are others."""
    here = [simulate(seed, plan).digest for seed in range(8)]
    code = (
        "import asyncio, sys; from pathlib import Path; from tests.wallet import test_ledger_simulation as t\n"
        "plan = asyncio.run(t.planned(Path(sys.argv[1])))\n"
        "print(*(t.simulate(seed, plan).digest for seed in range(8)))"
    )
    folder = plan.folder / "elsewhere"
    folder.mkdir()

    there = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert [simulate(seed, plan).digest for seed in range(8)] == here
    assert there.stdout.split() == here
    assert len(set(here)) == len(here)


DEFECTS: list[tuple[MakeWriter, bool]] = [
    (defects.ForgetfulWriter, True),
    (defects.TrustingWriter, True),
    (defects.HastyWriter, True),
    (defects.RefusingWriter, True),
    (Writer, False),
]
"""The writer, and whether the server knows transactions."""


@pytest.mark.parametrize(("make", "transactions"), DEFECTS)
def test_a_planted_defect_is_found(plan: Plan, make: MakeWriter, *, transactions: bool) -> None:
    plan.make, plan.holds_transactions = make, transactions

    with pytest.raises(SimulationError, match="SIM_SEED="):
        simulate_many(range(TEETH_SEEDS), plan)


@pytest.mark.skipif("SIM_SEED" not in os.environ, reason="only by hand, for one seed")
def test_one_seed_alone(plan: Plan) -> None:
    result = simulate(int(os.environ["SIM_SEED"]), plan)
    sys.stdout.write("\n".join(result.lines))


@pytest.mark.rig
@pytest.mark.timeout(36_000)
def test_thousands_of_seeds(tmp_path: Path) -> None:
    """The first seeds are those of the short form; failing ones are told apart from each other."""
    count = SOAK_SEEDS if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else RIG_SEEDS
    portions = [range(start, min(start + 250, count)) for start in range(0, count, 250)]
    with ProcessPoolExecutor() as pool:
        failed = [text for texts in pool.map(failures, portions, [tmp_path] * len(portions)) for text in texts]
    assert not failed, f"{len(failed)} seeds fail; the first: {failed[0]}"


def failures(seeds: range, folder: Path) -> list[str]:
    """What fails among these seeds, in a process of its own."""
    own = folder / f"from_{seeds.start}"
    own.mkdir()
    plan = asyncio.run(planned(own))
    texts: list[str] = []
    for seed in seeds:
        try:
            simulate(seed, plan)
        except SimulationError as wrong:
            texts.append(str(wrong))
    return texts
