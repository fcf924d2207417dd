"""Invented results of calls: values of the declared words, for transcripts and for walks.

`Dice` draws from a seed by SHA-256, so that a walk is the same on every machine and version of Python.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TypeVar

from ussd_menus.model import Result, Row, Value
from ussd_menus.screens import Menus, RouterScreen, Word, WordType

ROWS = "rows"
Kind = TypeVar("Kind")


class Dice:
    """Numbers that look like chance and follow from the seed."""

    def __init__(self, *seed: object) -> None:
        self.seed = ":".join(map(str, seed)).encode()
        self.rolls = 0
        self.borders: tuple[int, ...] = ()
        """Numbers that are drawn now and then besides, since something changes at them."""

    def roll(self, sides: int) -> int:
        """A number from 0 to `sides` - 1; `sides` at least 1."""
        self.rolls += 1
        return int.from_bytes(sha256(self.seed + b"#%d" % self.rolls).digest()[:8], "big") % sides

    def pick(self, among: Sequence[Kind]) -> Kind:
        """One of them."""
        return among[self.roll(len(among))]


def borders_of(menus: Menus) -> tuple[int, ...]:
    """The numbers on both sides of each step of a router."""
    routers = (screen for screen in menus.screens.values() if isinstance(screen, RouterScreen))
    return tuple(sorted({one for router in routers for below, _ in router.steps for one in (below - 1, below)}))


def _first(_sides: int) -> int:
    return 0


def value_of(word: Word, dice: Dice | None = None) -> Value:
    """A value of the word; the same plausible one every time without dice, a longest one now and then with them."""
    roll = dice.roll if dice else _first
    border = dice.pick(dice.borders) if dice and dice.borders and not roll(4) else None
    match word.type:
        case WordType.TEXT if word.sensitive:
            return "*" * min(word.max, 6)
        case WordType.TEXT:
            return "Sample"[: word.max] if not dice or roll(2) else "m" * (word.max + (5 if word.cut else 0))
        case WordType.WORD:
            return word.words[roll(len(word.words))]
        case WordType.NUMBER if border is not None:
            return min(int("9" * word.max), border)
        case WordType.AMOUNT if border is not None:
            return word.amount(min(int("9" * word.max), border))
        case WordType.NUMBER:
            return int("9" * word.max) if dice and not roll(3) else min(int("9" * word.max), roll(12) if dice else 3)
        case WordType.AMOUNT:
            most = int("9" * word.max)
            return word.amount(most if dice and not roll(3) else min(most, 250_000 + roll(100_000)))
        case WordType.DAY:
            return date(2026, 11, 22)
        case WordType.MOMENT:
            return datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def result_of(menus: Menus, action: str, outcome: str = "", dice: Dice | None = None) -> Result:
    """A result of the action: the first outcome that it declares, or the given one, with every value it has."""
    declared = menus.actions[action]
    outcome = outcome or next(iter(declared.outcomes))
    values: dict[str, Value | tuple[Row, ...]] = {}
    for name in declared.outcomes.get(outcome, ()):
        if name != ROWS:
            values[name] = value_of(menus.words[name], dice)
            continue
        count = dice.pick((0, 1, declared.rows_max)) if dice else min(declared.rows_max, 2)
        values[ROWS] = tuple(
            {field: value_of(menus.words[field], dice) for field in declared.row} for _ in range(count)
        )
    return Result(outcome, values)
