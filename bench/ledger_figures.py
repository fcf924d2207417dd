"""The lines of a ledger bench: a figure beside its yardstick, the floor and the goal it is held to, and its file."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path("var/bench")


@dataclass(frozen=True)
class Bar:
    """What a ratio is held to: at least `floor` and better `goal`, or at most `floor` when `at_most` is set."""

    floor: float
    goal: float | None = None
    at_most: bool = False

    def verdict(self, ratio: float) -> str:
        """`goal`, `ok` or `below floor`, with the figures it was held to."""
        said = f"floor {self.floor:g}x" if self.goal is None else f"floor {self.floor:g}x, goal {self.goal:g}x"
        if self.at_most:
            return f"ok (at most {self.floor:g}x)" if ratio <= self.floor else f"above {self.floor:g}x"
        if ratio < self.floor:
            return f"below floor ({said})"
        return f"goal ({said})" if self.goal is not None and ratio >= self.goal else f"ok ({said})"


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    ours: float
    yardstick: float
    ratio: float
    unit: str
    command: str
    verdict: str = ""

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self.name:30} {self.ours:12.2f} {self.yardstick:12.2f} {self.ratio:7.2f}x {self.unit:12} {self.verdict}"
        )


class Figures:
    """The lines of one run, printed as they come."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._made: list[Figure] = []

    def add(self, name: str, ours: float, yardstick: float, unit: str, bar: Bar | None = None) -> None:
        """One more line; beside a yardstick of nothing the ratio is 1 if ours is nothing too, else 0."""
        ratio = ours / yardstick if yardstick else float(not ours)
        verdict = "" if bar is None else bar.verdict(ratio)
        self._made.append(Figure(name, ours, yardstick, ratio, unit, self._command, verdict))
        print(self._made[-1], flush=True)

    def write(self, name: str) -> None:
        """The file `var/bench/NAME.json`."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(one) for one in self._made], indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")


def percentile(values: Sequence[float], percent: int) -> float:
    """As everywhere: the value below which `percent` of 100 lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
