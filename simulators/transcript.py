"""Transcripts of USSD dialogues: what a person types and what must be on the screen.

A line that begins with `> ` is typed; the lines up to the next such line are the screen that must follow. A line `*`
stands for any lines, a `*` inside a line for any characters of it. Lines that begin with `# ` are comments; blank
lines around a screen do not count. The screen before the first `> ` is the one that follows the dialling itself.

What differs from run to run has a place: `{day-5:%d%m}` is the day five days ago, `{jalali-5:%m%d}` the same in the
Solar Hijri calendar; `{PIN}` in a typed line, or any other name in capitals, is a secret that comes from outside.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from persiantools.jdatetime import JalaliDate

_DAY = re.compile(r"\{(day|jalali)-(\d{1,3}):([^{}\n]+)\}")
_SECRET = re.compile(r"\{([A-Z][A-Z_]*)\}")


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


def dated(source: str, today: date) -> str:
    """The transcript with its days filled in, counted back from `today`."""

    def written(place: re.Match[str]) -> str:
        day = today - timedelta(days=int(place[2]))
        return str((JalaliDate(day) if place[1] == "jalali" else day).strftime(place[3]))  # type: ignore[no-untyped-call]

    return _DAY.sub(written, source)


def secrets_of(steps: list[Step]) -> dict[str, int]:
    """Names of the secrets that a transcript needs, each with the line that needs it first."""
    named = [(name, step.line) for step in steps for name in _SECRET.findall(step.typed or "")]
    return dict(reversed(named))


def filled(typed: str, secrets: Mapping[str, str]) -> str:
    """The line with its secrets, as it is typed; every name must be known."""
    return _SECRET.sub(lambda place: secrets[place[1]], typed)


def matches(expected: tuple[str, ...], shown: str) -> bool:
    """Whether a screen is the expected one; an empty expectation takes any screen."""
    if not expected:
        return True
    lines = [r"(?:[^\n]*\n)*" if line == "*" else _pattern(line) + r"\n" for line in expected]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(shown))) is not None


def difference(expected: tuple[str, ...], shown: str) -> str:
    """Expected against shown, as a unified diff; a line with `*` that some line shown fits is not a difference."""
    lines = _lines(shown)
    met = [
        next((seen for seen in lines if line != "*" and re.fullmatch(_pattern(line), seen)), line) for line in expected
    ]
    return "\n".join(difflib.unified_diff(met, lines, "expected", "shown", lineterm=""))


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
