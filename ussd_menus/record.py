"""Golden transcripts: what a person types and what actions answer, against what the menus say, byte for byte.

A transcript is a text file. `# language fa` says how it starts, any other `#` line is a comment. `> dial` begins a
session (`> dial *1428#` behind that code), `> 1` types, `> ****` types a secret of so many digits, `< ok | balance=5`
is what the action answered. Everything else is what the menus did and is written here: `! name(args) secrets #number` a
call, `CON` and `END` a page with its size, `| ` its lines. A recorded transcript holds no secret: what is typed on a
secret screen becomes stars.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from ussd_menus.alphabet import gsm_septets, ucs2_units
from ussd_menus.answers import clean
from ussd_menus.engine import begin, step
from ussd_menus.flow import FAULTS
from ussd_menus.freeze import FrozenMenus
from ussd_menus.model import (
    Amount,
    Begin,
    Call,
    End,
    Event,
    Input,
    Page,
    Phase,
    Profile,
    Reply,
    Result,
    Row,
    State,
    Value,
    Variables,
)
from ussd_menus.samples import result_of
from ussd_menus.screens import SecretScreen, Word, WordType
from ussd_menus.texts import check

DIAL = "dial"
DAY = date(2026, 11, 22)
"""The day on which every transcript is played."""
STAND_IN = "7391628405"
"""Digits typed where a transcript has stars; which ones is the same, since a page never shows a secret."""
KEY_MAX = 3
"""Digits of the longest key of navigation: on a secret screen these are written as they are typed."""


@dataclass
class Player:
    """One phone: keeps the state as JSON between the hops, as the channel does."""

    menus: FrozenMenus
    language: str = "fa"
    today: date = DAY
    profile: Profile = field(default_factory=Profile)
    state: State | None = None
    reply: Reply | None = None

    def dial(self, code: str = "") -> Reply:
        """Begin a session, at the house's entry or where a service code leads."""
        self.state = begin(self.menus, self.language)
        return self._feed(Begin(self.today, code))

    def type(self, text: str) -> Reply:
        """Answer the page."""
        return self._feed(Input(text))

    def answer(self, outcome: str, language: str | None = None, **values: Value | tuple[Row, ...]) -> Reply:
        """Answer the call."""
        return self._feed(Result(outcome, values, language))

    def feed(self, result: Result) -> Reply:
        """Answer the call with a result as it is."""
        return self._feed(result)

    def page(self) -> str:
        """What the phone shows."""
        assert isinstance(self.reply, Page | End)
        return self.reply.text

    def call(self) -> Call:
        """What waits for an answer."""
        assert isinstance(self.reply, Call)
        return self.reply

    def asks_secret(self) -> bool:
        """Whether what is typed next is a secret."""
        screens = self.menus.menus.screens
        return self.state is not None and isinstance(screens[self.state.screen], SecretScreen)

    def _feed(self, event: Event) -> Reply:
        assert self.state is not None
        state = State.from_json(self.state.to_json())
        assert state == self.state, "a state comes back from JSON as it was"
        self.state, self.reply = step(self.menus, state, event, self.profile)
        return self.reply


def replay(menus: FrozenMenus, transcript: str) -> str:
    """The transcript as the menus make it now; the same text when nothing changed.

    Raises:
        ValueError: It is no transcript, or it answers a call that is not made.
    """
    head = [line for line in transcript.splitlines() if line.startswith("#")]
    steps = [line for line in transcript.splitlines() if line.startswith(("> ", "< "))]
    player = _player(menus, head)
    return _written(head, [_played(player, line) for line in steps])


def record(menus: FrozenMenus, title: str, language: str, inputs: Sequence[str]) -> str:
    """A new transcript: `inputs` are what the person types, or `< outcome | name=value` for what an action answers.

    A call that is not answered so gets the first outcome that its action declares, with sample values. Secret answers
    and sensitive values are written as stars.

    Raises:
        ValueError: An input does not fit where it stands.
    """
    head = [f"# {title}", f"# language {language}"]
    player = _player(menus, head)
    steps = [_played(player, f"> {DIAL}")]
    for typed in inputs:
        if not typed.startswith("< "):
            steps += _answered(player)
        steps.append(_played(player, _discreet(player, typed)))
        if isinstance(player.reply, End):
            break
    return _written(head, [*steps, *_answered(player)])


def _discreet(player: Player, typed: str) -> str:
    """The line of an input, with stars for a secret that is typed and for a sensitive value that is answered."""
    if typed.startswith("< "):
        words = player.menus.menus.words
        parts = [part.partition("=") for part in typed.split("|")]
        return "|".join(
            f"{name}={'*' * len(value)}"
            if (word := words.get(name.strip())) and word.sensitive
            else name + sign + value
            for name, sign, value in parts
        )
    text = clean(typed)
    return f"> {'*' * len(text) if player.asks_secret() and text.isdecimal() and len(text) > KEY_MAX else typed}"


def _answered(player: Player) -> Iterator[list[str]]:
    """Every call that waits, answered with samples."""
    while isinstance(player.reply, Call):
        result = result_of(player.menus.menus, player.reply.name)
        line = f"< {result.outcome}" + "".join(
            f" | {name}={_plain(player.menus, player.reply.name, value)}" for name, value in result.values.items()
        )
        yield _played(player, line)


def _plain(menus: FrozenMenus, action: str, value: Value | tuple[Row, ...]) -> str:
    """A value as a transcript writes it."""
    match value:
        case Amount():
            return str(value.minor)
        case datetime() | date():
            return value.isoformat()
        case str() | int():
            return str(value)
        case _:
            fields = menus.menus.actions[action].row
            return ";".join(",".join(_plain(menus, action, row[name]) for name in fields) for row in value)


def _player(menus: FrozenMenus, head: Sequence[str]) -> Player:
    said = dict(line[2:].split(" ", 1) for line in head if line.startswith("# language "))
    if said.get("language") not in menus.languages:
        raise ValueError(f"a transcript says `# language` and one of {', '.join(menus.languages)}")
    return Player(menus, said["language"])


def _written(head: Sequence[str], steps: Sequence[Sequence[str]]) -> str:
    return "\n".join([*head, *(line for step_ in steps for line in ("", *step_))]) + "\n"


def _played(player: Player, line: str) -> list[str]:
    """The line as it may be written, and what the menus did."""
    if line == f"> {DIAL}":
        return [line, *_shown(player.dial(), player.profile)]
    if line.startswith(f"> {DIAL} "):
        return [line, *_shown(player.dial(line.removeprefix(f"> {DIAL} ")), player.profile)]
    if player.state is None:
        raise ValueError("a transcript begins with `> dial`")
    if line.startswith("> "):
        if isinstance(player.reply, Call):
            raise ValueError(f"a call of {player.reply.name} waits: answer it with `< outcome`")
        typed = line[2:]
        stars = bool(typed) and set(typed) == {"*"} and player.asks_secret()
        return [line, *_shown(player.type(STAND_IN[: len(typed)] if stars else typed), player.profile)]
    return _result(player, line)


def _result(player: Player, line: str) -> list[str]:
    assert player.state is not None
    if player.state.phase is not Phase.CALLING:
        raise ValueError(f"no call waits for {line[2:].partition('|')[0].strip()}")
    name = player.call().name
    outcome, *parts = (part.strip() for part in line[2:].split("|"))
    given = dict(part.split("=", 1) for part in parts if "=" in part)
    language = given.pop("language", None)
    outcomes = player.menus.menus.actions[name].outcomes
    if outcome not in {*outcomes, *FAULTS} or language not in {None, *player.menus.languages}:
        raise ValueError(f"{name} answers {', '.join((*outcomes, *FAULTS))}, in a language of the menus")
    declared = outcomes.get(outcome, ())
    if missing := set(declared) ^ given.keys():
        raise ValueError(f"{name} {outcome} has the values {', '.join(declared)}; look at {', '.join(sorted(missing))}")
    values: Variables = {key: _value(player.menus, name, key, text) for key, text in given.items()}
    return [line, *_shown(player.feed(Result(outcome, values, language)), player.profile)]


def _value(menus: FrozenMenus, action: str, name: str, text: str) -> Value | tuple[Row, ...]:
    words = menus.menus.words
    if name != "rows":
        return _declared(words[name], text)
    fields = menus.menus.actions[action].row
    cells = [row.split(",") for row in text.split(";") if row]
    return tuple({f: _declared(words[f], cell) for f, cell in zip(fields, row, strict=True)} for row in cells)


def _declared(word: Word, text: str) -> Value:
    value = _single(word, text)
    if problem := check(word, value):
        raise ValueError(problem)
    return value


def _single(word: Word, text: str) -> Value:
    match word.type:
        case WordType.NUMBER:
            return int(text)
        case WordType.AMOUNT:
            return word.amount(int(text))
        case WordType.DAY:
            return date.fromisoformat(text)
        case WordType.MOMENT:
            return datetime.fromisoformat(text)
        case _:
            return text


def _shown(reply: Reply, profile: Profile) -> Iterator[str]:
    if isinstance(reply, Call):
        secrets = "".join(f" {name}=***" for name in reply.secrets)
        yield f"! {reply.name}({_args(reply.args)}){secrets} #{reply.number}"
        return
    septets = gsm_septets(reply.text)
    size = f"{ucs2_units(reply.text)}/{profile.ucs2_max}" if septets is None else f"{septets}/{profile.septets_max}"
    yield f"{'END' if isinstance(reply, End) else 'CON'} {size}{' sensitive' if reply.sensitive else ''}"
    yield from (f"| {line}" for line in reply.text.split("\n"))


def _args(args: Mapping[str, Value]) -> str:
    shown = {
        name: f"{value.minor} {value.code}" if isinstance(value, Amount) else value for name, value in args.items()
    }
    return ", ".join(f"{name}={value}" for name, value in shown.items())
