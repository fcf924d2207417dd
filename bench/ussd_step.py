"""The pure step of the menus: every step of a payment in every language, in this process.

It waits for nothing, so CPU is what it takes; a clock on the wall would count whoever else the machine works for.
"""

import time
from datetime import date

from ussd_menus import Begin, Call, End, FrozenMenus, Input, Reply, Result, State, begin, step

TODAY = date(2026, 11, 27)


def seconds(frozen: FrozenMenus, answers: list[str], results: dict[str, Result], times: int) -> list[float]:
    """How much CPU each step took: `answers` typed one after the other, `results` given to each call by its name."""
    taken: list[float] = []
    for _ in range(times):
        for language in frozen.languages:
            _dialogue(frozen, language, answers, results, taken)
    return taken


def _dialogue(
    frozen: FrozenMenus, language: str, answers: list[str], results: dict[str, Result], taken: list[float]
) -> None:
    state, said = begin(frozen, language), list(answers)
    event: Begin | Input | Result = Begin(TODAY)
    while True:
        state, reply = _timed(frozen, state, event, taken)
        if isinstance(reply, End):
            assert not said, "the payment ended before it was paid"
            return
        event = results[reply.name] if isinstance(reply, Call) else Input(said.pop(0))


def _timed(frozen: FrozenMenus, state: State, event: Begin | Input | Result, taken: list[float]) -> tuple[State, Reply]:
    started = time.thread_time()
    made = step(frozen, state, event)
    taken.append(time.thread_time() - started)
    return made
