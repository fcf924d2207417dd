"""What goes into a conversation and what comes out: values, State, events, replies, Profile, Finding.

The caller keeps a State between the hops of a USSD session, feeds events and does what the reply says:

    state = begin(frozen, "fa")
    state, reply = step(frozen, state, Begin(today), profile)
    # Call: run it, then feed Result; Page: show it and wait for Input; End: show it and close

`step` is pure: the same State and event give the same reply, number of the Call included.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum for people: `minor` units of the asset `code` whose shown decimals are `exponent` (0 for IRR)."""

    minor: int
    code: str
    exponent: int


Value = str | int | date | datetime | Amount
"""What a variable holds. A datetime is shown in the zone it carries: convert it before it comes in."""

Row = Mapping[str, Value]
"""One row of a list: field to value."""

Variables = Mapping[str, Value | tuple[Row, ...]]


class Phase(StrEnum):
    """Whose turn it is."""

    NEW = "new"
    """Nothing happened: Begin is due."""
    SHOWN = "shown"
    """A page waits for the person's Input."""
    CALLING = "calling"
    """A Call waits for its Result."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Style:
    """How a person wants to be shown things, in every language."""

    digits: str = "own"
    """`own`: those of the language; `latin`: 0-9."""
    toman: bool = False
    """Rials are shown, and amounts read, in toman (10 rials)."""
    easy: bool = False
    """Plainer texts, fewer options a page, a key that asks to be called back."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a dialogue remembers between two hops. Never a secret, never a sensitive value; fits in JSON."""

    version: str
    """Version of the frozen menus that made this state; only they may continue it."""
    language: str
    screen: str
    phase: Phase = Phase.NEW
    page: int = 0
    """Which page of the screen is shown, from 0."""
    note: str = ""
    """Key of the text shown above the screen (an error, an outcome)."""
    invalid_count: int = 0
    """Answers in a row that were not understood."""
    call_next: int = 1
    """Number of the next Call; part of the state, so that a repeated Input makes the same Call."""
    today: date | None = None
    """The day of Begin, against which a date without a year is read."""
    variables: Variables = field(default_factory=dict)
    style: Style = Style()
    stack: tuple[str, ...] = ()
    """The subflow screens that are open, the outermost first."""
    help: int | None = None
    """Where the help page begins that is shown instead of the page, None when none is."""

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON values; `from_json` gives an equal State back."""
        return {
            "version": self.version,
            "language": self.language,
            "screen": self.screen,
            "phase": self.phase.value,
            "page": self.page,
            "note": self.note,
            "invalid_count": self.invalid_count,
            "call_next": self.call_next,
            "today": None if self.today is None else self.today.isoformat(),
            "variables": {name: _encode(value) for name, value in self.variables.items()},
            "style": [self.style.digits, self.style.toman, self.style.easy],
            "stack": list(self.stack),
            "help": self.help,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "State":
        """Read what `to_json` wrote.

        Raises:
            KeyError, ValueError, TypeError: Not such a dict.
        """
        return cls(
            version=data["version"],
            language=data["language"],
            screen=data["screen"],
            phase=Phase(data["phase"]),
            page=data["page"],
            note=data["note"],
            invalid_count=data["invalid_count"],
            call_next=data["call_next"],
            today=None if data["today"] is None else date.fromisoformat(data["today"]),
            variables={name: _decode(value) for name, value in data["variables"].items()},
            style=Style(*data.get("style", ())),
            stack=tuple(data.get("stack", ())),
            help=data.get("help"),
        )

    def __str__(self) -> str:
        """Compact JSON with sorted keys: equal states are equal texts."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _encode(value: Value | tuple[Row, ...]) -> object:
    match value:
        case str() | int():
            return value
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case Amount():
            return {"amount": [value.minor, value.code, value.exponent]}
        case _:
            return {"rows": [{name: _encode(item) for name, item in row.items()} for row in value]}


def _decode(data: Any) -> Any:  # noqa: ANN401  - JSON in, a value of `Variables` out
    if not isinstance(data, dict):
        return data
    ((kind, content),) = data.items()
    match kind:
        case "moment":
            return datetime.fromisoformat(content)
        case "day":
            return date.fromisoformat(content)
        case "amount":
            return Amount(*content)
        case "rows":
            return tuple({name: _decode(item) for name, item in row.items()} for row in content)
        case _:
            raise ValueError(f"no value of kind {kind}")


@dataclass(frozen=True, slots=True)
class Begin:
    """The person dialled. `today` is the business day, for dates typed without a year (refused when None).

    `code` is the service code as the wire gave it; it decides where the dialogue begins, see House.codes. `at` is the
    screen at which it begins instead: that of a shortcut for anyone.
    """

    today: date | None = None
    code: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """What the person typed on the page shown last, as the wire gave it. May be a PIN, so repr hides it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the Call: an outcome that the action declares, its values (`rows` is a tuple of Row).

    `unavailable` (it failed, nothing is known to have moved) and `slow` (it goes on, an SMS will tell) are legal for
    every action. `language` and `style` set those of the session from here on.
    """

    outcome: str
    values: Mapping[str, Value | tuple[Row, ...]] = field(default_factory=dict, repr=False)
    language: str | None = None
    style: Style | None = None


Event = Begin | Input | Result


class _Shown:
    """Hides a sensitive text in repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text, unless it holds a one-time code."""
        text = "***" if getattr(self, "sensitive", False) else repr(getattr(self, "text", ""))
        return f"{type(self).__name__}({text})"


@dataclass(frozen=True, slots=True, repr=False)
class Page(_Shown):
    """Show the text and keep the session open. `sensitive`: it holds a one-time code; keep it out of logs."""

    text: str
    sensitive: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class End(_Shown):
    """Show the text and close the session. `sensitive` as for Page."""

    text: str
    sensitive: bool = False
    sms: str = ""
    """A text that goes to the person by SMS once the page is shown, in their language; empty for none."""


@dataclass(frozen=True, slots=True)
class Call:
    """Run the action `name`, then feed its Result.

    `number` is fixed when the page is rendered on which the person agrees, so `f"{session_id}:{number}"` is the
    idempotency key of what they agreed to; it rises from call to call, with gaps. Secrets are here and nowhere else.
    """

    name: str
    args: Mapping[str, Value]
    secrets: Mapping[str, str] = field(repr=False)
    number: int


Reply = Page | End | Call


@dataclass(frozen=True, slots=True)
class Profile:
    """What an operator's wire can carry, and how much time there is.

    The longest page is counted in GSM-7 septets, or in UCS-2 units when one letter is not GSM-7 (3GPP TS 23.038).
    """

    septets_max: int = 182
    ucs2_max: int = 80
    newline: str = "\n"
    """What ends a line on this wire."""
    ucs2_allowed: bool = True
    """False: languages that need UCS-2 are answered in the first that does not."""
    session_s: int = 180
    """How long a session may last, seconds."""
    hop_s: int = 7
    """How long an answer of ours may take, seconds."""
    name: str = ""


def smallest(profiles: Iterable[Profile]) -> Profile:
    """What fits every one of the profiles; the default profile when there is none."""
    bound = list(profiles)
    if not bound:
        return Profile()
    return Profile(
        septets_max=min(profile.septets_max for profile in bound),
        ucs2_max=min(profile.ucs2_max for profile in bound),
        newline=max((profile.newline for profile in bound), key=len),
        ucs2_allowed=all(profile.ucs2_allowed for profile in bound),
        session_s=min(profile.session_s for profile in bound),
        hop_s=max(profile.hop_s for profile in bound),
        name="+".join(sorted({profile.name for profile in bound if profile.name})),
    )


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with the menus, found before anyone dials; `rule` is its closed name."""

    file: str
    line: int
    screen: str
    language: str
    """Empty when the finding holds for every language."""
    rule: str
    fix: str
    """What is wrong and what to do, one sentence."""

    def __str__(self) -> str:
        """One line: `menus/send.toml:12 send.to [fa] page-too-long: …`."""
        language = f" [{self.language}]" if self.language else ""
        return f"{self.file}:{self.line} {self.screen}{language} {self.rule}: {self.fix}"


class MenusFault(Exception):
    """The menus are not sound; the findings say where."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings
