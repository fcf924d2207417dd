"""Plays transcripts: what a person types and what actions answer, against what the menus say, byte for byte.

A transcript is a text file. `> dial` begins a session, `> 1` types, `< ok | balance=5` is what the action answered;
everything else is what the menus did and is written by the player: `! name(args) secrets #number` a call, `CON` and
`END` a page with its size, `| ` its lines. `GOLDEN_RECORD=1` writes the files anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ussd_menus import (
    Amount,
    Begin,
    Call,
    End,
    FrozenMenus,
    Input,
    Page,
    Profile,
    Reply,
    Result,
    Row,
    State,
    Value,
    begin,
    gsm_septets,
    step,
    ucs2_units,
)
from ussd_menus.screens import Word, WordType

PROFILE = Profile()


@dataclass
class Player:
    """One phone: keeps the state as JSON between the hops, as the channel does."""

    menus: FrozenMenus
    language: str = "fa"
    today: date = date(2026, 11, 22)
    state: State | None = None
    reply: Reply | None = None

    def dial(self) -> Reply:
        self.state = begin(self.menus, self.language)
        return self._feed(Begin(self.today))

    def type(self, text: str) -> Reply:
        return self._feed(Input(text))

    def answer(self, outcome: str, language: str | None = None, **values: Value | tuple[Row, ...]) -> Reply:
        return self._feed(Result(outcome, values, language))

    def page(self) -> str:
        assert isinstance(self.reply, Page | End)
        return self.reply.text

    def call(self) -> Call:
        assert isinstance(self.reply, Call)
        return self.reply

    def _feed(self, event: Begin | Input | Result) -> Reply:
        assert self.state is not None
        state = State.from_json(self.state.to_json())
        assert state == self.state
        self.state, self.reply = step(self.menus, state, event, PROFILE)
        return self.reply


def replay(menus: FrozenMenus, transcript: str) -> str:
    """The transcript as the menus make it now."""
    lines: list[str] = []
    head = [line for line in transcript.splitlines() if line.startswith("#")]
    language = next(line.split()[2] for line in head if line.startswith("# language"))
    player = Player(menus, language)
    for line in transcript.splitlines():
        if line.startswith(("> ", "< ")):
            lines += ["", line]
            lines += _shown(_play(player, line))
    return "\n".join([*head, *lines]) + "\n"


def _play(player: Player, line: str) -> Reply:
    if line == "> dial":
        return player.dial()
    if line.startswith("> "):
        return player.type(line[2:])
    outcome, *parts = (part.strip() for part in line[2:].split("|"))
    given = dict(part.split("=", 1) for part in parts)
    language = given.pop("language", None)
    call = player.call()
    values = {name: _value(player.menus, call.name, name, text) for name, text in given.items()}
    return player.answer(outcome, language, **values)


def _value(menus: FrozenMenus, action: str, name: str, text: str) -> Value | tuple[Row, ...]:
    words = menus.menus.words
    if name != "rows":
        return _single(words[name], text)
    fields = menus.menus.actions[action].row
    cells = [row.split(",") for row in text.split(";") if row]
    return tuple({f: _single(words[f], cell) for f, cell in zip(fields, row, strict=True)} for row in cells)


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


def _shown(reply: Reply) -> Iterator[str]:
    if isinstance(reply, Call):
        secrets = "".join(f" {name}=***" for name in reply.secrets)
        yield f"! {reply.name}({_args(reply.args)}){secrets} #{reply.number}"
        return
    septets = gsm_septets(reply.text)
    size = f"{ucs2_units(reply.text)}/80" if septets is None else f"{septets}/182"
    yield f"{'END' if isinstance(reply, End) else 'CON'} {size}{' sensitive' if reply.sensitive else ''}"
    yield from (f"| {line}" for line in reply.text.split("\n"))


def _args(args: Mapping[str, Value]) -> str:
    shown = {
        name: f"{value.minor} {value.code}" if isinstance(value, Amount) else value for name, value in args.items()
    }
    return ", ".join(f"{name}={value}" for name, value in shown.items())
