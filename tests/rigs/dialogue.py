"""Bytes as a whole USSD dialogue: what is typed between the stars, against actions that answer what they declare."""

import zlib
from datetime import UTC, date, datetime

from ussd_menus import Begin, Call, End, Input, Profile, Reply, Result, Row, State, Value, begin, freeze, load, step
from ussd_menus.paging import fits
from ussd_menus.screens import Word, WordType

FROZEN = freeze(load())
PROFILE = Profile()
ANSWERS_MAX = 10


def talk(data: bytes) -> str | None:
    """Play the dialogue; every page fits, and the state goes through JSON between the hops.

    The bytes decide the language and the outcomes too, so that the same bytes are the same dialogue.
    """
    chance = zlib.crc32(data)
    state = begin(FROZEN, FROZEN.languages[chance % len(FROZEN.languages)])
    state, reply = step(FROZEN, state, Begin(date(2026, 11, 22)), PROFILE)
    for typed in data.split(b"*")[:ANSWERS_MAX]:
        state, reply = _until_shown(state, reply, chance)
        if isinstance(reply, End):
            break
        chance = zlib.crc32(typed, chance)
        state, reply = step(FROZEN, State.from_json(state.to_json()), Input(typed.decode("utf-8", "replace")), PROFILE)
    _until_shown(state, reply, chance)
    return None


def _until_shown(state: State, reply: Reply, chance: int) -> tuple[State, Reply]:
    calls = 0
    while isinstance(reply, Call):
        calls += 1
        assert calls < 10, "the menus call without end"
        state, reply = step(FROZEN, state, _result(reply, chance >> calls), PROFILE)
    assert reply.text
    assert fits(reply.text, PROFILE)
    return state, reply


def _result(call: Call, chance: int) -> Result:
    action = FROZEN.menus.actions[call.name]
    likely = [name for name in ("active", "ok") if name in action.outcomes][:1]
    outcomes = [*action.outcomes, *likely * 6, "unavailable", "slow"]
    outcome = outcomes[chance % len(outcomes)]
    words = FROZEN.menus.words
    values: dict[str, Value | tuple[Row, ...]] = {}
    for name in action.outcomes.get(outcome, ()):
        if name == "rows":
            values[name] = tuple({field: _value(words[field], chance) for field in action.row} for _ in range(3))
        else:
            values[name] = _value(words[name], chance)
    return Result(outcome, values)


def _value(word: Word, chance: int) -> Value:
    match word.type:
        case WordType.TEXT:
            return ("x" if chance & 1 else "ش") * word.max
        case WordType.WORD:
            return word.words[chance % len(word.words)]
        case WordType.NUMBER:
            return chance % int("9" * word.max)
        case WordType.AMOUNT:
            return word.amount(int("9" * word.max) - chance % 2)
        case WordType.DAY:
            return date(2026, 11, 1 + chance % 28)
        case WordType.MOMENT:
            return datetime.fromtimestamp(1_600_000_000 + chance % 10**8, UTC)
