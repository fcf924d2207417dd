"""Who taps where in the taps' rig, and what may go wrong with a tap."""

import random
from dataclasses import dataclass
from enum import StrEnum

from simulators.faults import TillMishap

FUNDS = 10**9
MSISDNS = tuple(f"+98912000{number:04d}" for number in range(8))
TERMINALS = ("RIG00001", "RIG00002", "RIG00003", "RIG00004")
APDUS_MAX = 6


class Step(StrEnum):
    """What a merchant does."""

    TAP = "tap"
    REFUND = "refund"
    VOID = "void"
    LOWER = "lower"
    CLOSE = "close"


class Harm(StrEnum):
    """What goes wrong beside the line."""

    NONE = "none"
    TEAR = "tear"
    OFFLINE = "offline"
    KEYS_GONE = "keys_gone"
    KILL_COMMIT = "kill_commit"
    KILL_POST = "kill_post"


LINE = tuple(TillMishap)
_WEIGHTS = {Harm.TEAR: 6, Harm.OFFLINE: 4, Harm.KEYS_GONE: 2, Harm.KILL_COMMIT: 1, Harm.KILL_POST: 1}


@dataclass(frozen=True, slots=True)
class Plan:
    """One step and its fault; `at` is the command of a tear or the commit of a kill, `after` whether it was taken."""

    step: Step
    amount_minor: int
    mishap: TillMishap | None = None
    harm: Harm = Harm.NONE
    at: int = 1
    after: bool = False


def plan(chance: random.Random) -> Plan:
    """The next step: half of the taps have a fault, on the line or beside it."""
    step = chance.choices(list(Step), (86, 5, 4, 3, 2))[0]
    amount = chance.randint(10, 90) * 1_000
    at, after = chance.randint(1, APDUS_MAX), chance.random() < 0.5
    if step is not Step.TAP or chance.random() < 0.5:
        return Plan(step, amount)
    if chance.random() < 0.6:
        return Plan(step, amount, mishap=chance.choice(LINE))
    harm = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    return Plan(step, amount, harm=harm, at=at, after=after)
