"""The pure step of the menus: every step of a payment in every language, in this process.

The clock on the wall says what a person waits for, whoever else the machine works for meanwhile; CPU stands beside it.
"""

import time
from dataclasses import dataclass
from datetime import date

from ussd_menus import Begin, Call, End, FrozenMenus, Input, Reply, Result, State, begin, step

TODAY = date(2026, 11, 27)


@dataclass(frozen=True)
class Took:
    """What one step took, in seconds."""

    wall_s: float
    cpu_s: float


def seconds(frozen: FrozenMenus, answers: list[str], results: dict[str, Result], times: int) -> list[Took]:
    """What each step took: `answers` typed one after the other, `results` given to each call by its name."""
    taken: list[Took] = []
    for _ in range(times):
        for language in frozen.languages:
            _dialogue(frozen, language, answers, results, taken)
    return taken


def _dialogue(
    frozen: FrozenMenus, language: str, answers: list[str], results: dict[str, Result], taken: list[Took]
) -> None:
    state, said = begin(frozen, language), list(answers)
    event: Begin | Input | Result = Begin(TODAY)
    while True:
        state, reply = _timed(frozen, state, event, taken)
        if isinstance(reply, End):
            assert not said, "the payment ended before it was paid"
            return
        event = results[reply.name] if isinstance(reply, Call) else Input(said.pop(0))


def _timed(frozen: FrozenMenus, state: State, event: Begin | Input | Result, taken: list[Took]) -> tuple[State, Reply]:
    # The clock of the CPU takes longest to read, so the one on the wall is read inside of it.
    spent, started = time.thread_time(), time.perf_counter()
    made = step(frozen, state, event)
    wall_s = time.perf_counter() - started
    taken.append(Took(wall_s, time.thread_time() - spent))
    return made
