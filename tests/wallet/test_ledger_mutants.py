"""The examples and the auditor notice small faults in the pure core, but for those that make no difference."""

from functools import cache
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings

from tests.wallet.auditor import Answer, Auditor
from tests.wallet.examples import EXAMPLES, TRANSFERS
from tests.wallet.memory import both
from tests.wallet.mutants import Mutant, in_place, mutants
from tests.wallet.strategies import Step, stories

CORE = ("wallet.ledger.refusals", "wallet.ledger.changes", "wallet.ledger.rules")
MODULES = (*CORE, "tests.wallet.memory", "tests.wallet.test_ledger_rules")
STORIES = 60

Told = tuple[list[Step], list[list[Answer] | str], Auditor]

_LONG_WAY = "a lone transfer that does not take the short way gets the same answer by the long one"
EQUIVALENT = {
    "len(entry) != 1": _LONG_WAY,
    "0 in len(entry) == 0": _LONG_WAY,
    "2 in len(entry) == 2": _LONG_WAY,
    "-1 in entry[-1]": "the first transfer of a lone one is its last",
}
"""Faults, by what they say, that change no answer and no row, and why."""


def _check(modules: dict[str, ModuleType]) -> None:
    """The quick tests of the rules, then the stories; raises whatever a fault makes of it."""
    rules, memory = modules["tests.wallet.test_ledger_rules"], modules["tests.wallet.memory"]
    for example in EXAMPLES:
        rules.test_each_example_has_its_answer_and_the_auditor_gives_the_same(example)
    for example in TRANSFERS:
        rules.test_the_last_call_of_an_example_again_changes_nothing(example)
    for field, other in rules.FIELDS:
        for first in ([rules.CASH_IN, rules.SEND], [rules.SEND]):
            rules.test_the_same_id_with_other_content_names_the_field(field, other, first)
    rules.test_a_balancing_transfer_says_what_it_moved_and_what_was_asked()
    rules.test_a_hold_that_lapsed_beyond_what_one_group_ends_is_not_captured_either()
    rules.test_holds_lapse_by_the_decision_moment_and_rows_have_the_later_one_of_the_log()
    rules.test_an_expiry_whose_id_is_taken_gets_another_one()
    rules.test_an_expiry_has_the_hold_s_time_bits_and_a_hash_over_it_as_its_id()
    for steps, answers, auditor in _told():
        ledger, _ = memory.both()
        assert ledger.follow(steps) == answers
        assert memory.same_books(ledger, auditor)


@cache
def _told() -> list[Told]:
    """Some stories and what the auditor says to them: the same ones for every fault."""
    told: list[Told] = []

    @settings(max_examples=STORIES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(stories(15, 30))
    def tell(steps: list[Step]) -> None:
        _, auditor = both()
        told.append((steps, auditor.follow(steps), auditor))

    tell()
    return told


def _survives(mutant: Mutant | None) -> bool:
    try:
        with in_place(mutant, MODULES) as modules:
            _check(modules)
    except Exception:  # noqa: BLE001 - a fault may break anything, and any way of noticing it counts
        return False
    return True


def test_the_core_without_a_fault_passes() -> None:
    assert _survives(None)


@pytest.mark.rig
def test_small_faults_in_the_pure_core_are_noticed() -> None:
    every = [mutant for module in CORE for mutant in mutants(module)]

    survivors = [mutant for mutant in every if _survives(mutant)]

    assert len(every) > 250, "the mutator finds less than it did"
    assert {mutant.what for mutant in survivors} == EQUIVALENT.keys(), "\n".join(map(str, survivors))
