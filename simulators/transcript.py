"""Transcripts of USSD dialogues: what a person types and what must be on the screen.

A line that begins with `> ` is typed; the lines up to the next such line are the screen that must follow. A line `*`
stands for any lines, a `*` inside a line for any characters of it. Lines that begin with `# ` are comments; blank
lines around a screen do not count. The screen before the first `> ` is the one that follows the dialling itself.
"""

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: what is typed (None for the dialling) and the lines that must be shown."""

    typed: str | None
    expected: tuple[str, ...]
    line: int
    """Number of the line in the file, from 1."""


def parse(source: str) -> list[Step]:
    """Read a transcript; the first step is the dialling."""
    steps: list[Step] = []
    typed: str | None = None
    line, started = 1, 1
    screen: list[str] = []
    for line, text in enumerate(source.splitlines(), 1):
        if text.startswith("> ") or text == ">":
            steps.append(Step(typed, _trimmed(screen), started))
            typed, started, screen = text[2:].strip(), line, []
        elif not text.startswith("# ") and text != "#":
            screen.append(text.rstrip())
    steps.append(Step(typed, _trimmed(screen), started))
    return steps


def matches(expected: tuple[str, ...], shown: str) -> bool:
    """Whether a screen is the expected one; an empty expectation takes any screen."""
    if not expected:
        return True
    lines = [r"(?:[^\n]*\n)*" if line == "*" else _pattern(line) + r"\n" for line in expected]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(shown))) is not None


def difference(expected: tuple[str, ...], shown: str) -> str:
    """Expected against shown, as a unified diff."""
    return "\n".join(difflib.unified_diff(expected, _lines(shown), "expected", "shown", lineterm=""))


def _lines(text: str) -> tuple[str, ...]:
    return _trimmed([line.rstrip() for line in text.split("\n")])


def _pattern(line: str) -> str:
    return r"[^\n]*".join(re.escape(part) for part in line.split("*"))


def _trimmed(lines: list[str]) -> tuple[str, ...]:
    first, last = 0, len(lines)
    while first < last and not lines[first]:
        first += 1
    while last > first and not lines[last - 1]:
        last -= 1
    return tuple(lines[first:last])
