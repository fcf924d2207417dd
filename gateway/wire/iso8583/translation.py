"""Messages of other dialects in the house's words and back, by the tables of the dialect.

What a number of 1993 says elsewhere in 1987 is moved (DE12 apart into 12 and 13, DE56 to 90, DE30 and 4 to 4 and 95),
codes are looked up (message type, DE22, DE24, DE39), the MAC is DE64. The rest stays as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.wire.iso8583.codec import encode_span
from gateway.wire.iso8583.dialect import HOUSE, Dialect
from gateway.wire.iso8583.message import BadMessage, Message, is_request

_MAC = 64
_ZEROS = "0" * 30
"""What stands behind the new amount in DE95, and less of it behind the old one in DE30."""
_HOUSE_OWN = frozenset({12, 13, 22, 24, 25, 39, 70, 90, 95, _MAC})
_DIALECT_OWN = frozenset({12, 22, 24, 39, 56})

_Values = dict[int, str | bytes]


def to_house(message: Message, dialect: Dialect) -> Message:
    """What a message says, as a message of the house's dialect; its MAC, unchecked, as DE64.

    Raises:
        BadMessage: It says something that the house's dialect has no word for.
    """
    if dialect is HOUSE:
        return message
    plain = Message(message.mti, {n: value for n, value in message.fields.items() if n not in dialect.mac_fields})
    said = _to_house(plain, dialect) if dialect.house else plain
    fields = {number: value for number, value in said.fields.items() if number in HOUSE.fields}
    for number in dialect.mac_fields:
        if number in message.fields:
            fields[_MAC] = message.fields[number]
    house = Message(said.mti, MappingProxyType(fields))
    # Services keep messages as the house writes them: what cannot be written is refused here.
    encode_span(house)
    return house


def from_house(message: Message, dialect: Dialect, request: Message | None = None) -> Message:
    """A message of the house in another dialect, without its MAC.

    An answer needs the `request` that it answers, as it came: the year of DE12, DE24 and DE56 are in no message of the
    house.

    Raises:
        BadMessage: There is no word for what it says.
    """
    if dialect is HOUSE:
        return message
    plain = Message(message.mti, {n: value for n, value in message.fields.items() if n != _MAC})
    if not dialect.house:
        return Message(plain.mti, {n: value for n, value in plain.fields.items() if dialect.field_of(n)})
    return _from_house(plain, dialect, request)


def action_of(code: str, mti: str, dialect: Dialect) -> str:
    """DE39 as an answer `mti` of this dialect has it, of the house's response code."""
    if not dialect.house:
        return code
    actions = dialect.house["actions"]
    codes = {**actions["any"], **actions.get(mti, {})}
    return str(codes.get(code, codes["*"]))


def _to_house(message: Message, dialect: Dialect) -> Message:
    table = dialect.house
    mti = table["mti"].get(message.mti)
    if mti is None:
        raise BadMessage("the house has no such message type", message.mti)
    rename = {int(here): there for here, there in table.get("rename", {}).items()}
    kept = {rename.get(n, n): value for n, value in message.fields.items() if n not in {*table["drop"], *_DIALECT_OWN}}
    fields: _Values = {**{int(n): value for n, value in table.get("add", {}).get(mti, {}).items()}, **kept}
    text = message.text
    if moment := text(12):
        fields[12], fields[13] = moment[6:], moment[2:6]
    if entry := text(22):
        fields[22] = _found(table["entry"], entry, "DE22", message.mti)
    if code := text(24):
        function = _function(message, code, dialect)
        fields |= {int(number): value for number, value in function.get("house", {}).items()}
        if function.get("partial"):
            _need(message, 4, 30)
            fields[4], fields[95] = text(30)[:12], text(4) + _ZEROS
    if action := text(39):
        fields[39] = _de39(message.mti, action, table["actions"])
    if text(56):
        fields[90] = _de90(message, table["mti"])
    return Message(mti, fields)


def _from_house(message: Message, dialect: Dialect, request: Message | None) -> Message:
    table = dialect.house
    mti = _found({there: here for here, there in table["mti"].items()}, message.mti, "the message type", message.mti)
    rename = {there: int(here) for here, there in table.get("rename", {}).items()}
    drop = {*table["drop"], *_HOUSE_OWN}
    fields: _Values = {rename.get(n, n): value for n, value in message.fields.items() if n not in drop}
    text = message.text
    echoed = {12: 12 in message.fields, 24: True, 56: 90 in message.fields}
    if request is not None:
        fields |= {n: request.fields[n] for n, wanted in echoed.items() if wanted and n in request.fields}
    elif is_request(mti):
        fields |= _asked(message, mti, dialect)
    if request is not None and 4 in fields and _partial(request, dialect):
        fields |= {number: request.fields[number] for number in (4, 30) if number in request.fields}
    if any(wanted and number not in fields for number, wanted in echoed.items() if number != 24):
        raise BadMessage("an answer in this dialect needs its request", message.mti)
    if is_request(mti) and text(22):
        entries = {there: here for here, there in reversed(table["entry"].items())}
        fields[22] = _found(entries, text(22), "DE22", message.mti)
    if text(39):
        fields[39] = action_of(text(39), mti, dialect)
    return Message(mti, fields)


def _asked(message: Message, mti: str, dialect: Dialect) -> _Values:
    """DE24 of a request that we make, and the amounts of one that takes a part back."""
    fields: _Values = {}
    partial = 95 in message.fields
    fitting = [
        function
        for function in dialect.house["function"]
        if mti in function["mti"]
        and bool(function.get("partial")) == partial
        and all(message.text(int(number)) == value for number, value in function.get("house", {}).items())
    ]
    if fitting:
        fields[24] = max(fitting, key=lambda function: len(function.get("house", {})))["code"]
    if partial:
        fields[4], fields[30] = message.text(95)[:12], message.text(4) + _ZEROS[:12]
    return fields


def _partial(request: Message, dialect: Dialect) -> bool:
    return any(
        function.get("partial") and function["code"] == request.text(24) and request.mti in function["mti"]
        for function in dialect.house["function"]
    )


def _function(message: Message, code: str, dialect: Dialect) -> Mapping[str, Any]:
    if not is_request(message.mti):
        return {}
    for function in dialect.house["function"]:
        if message.mti in function["mti"] and function["code"] == code:
            return dict(function)
    raise BadMessage("DE24: not for this message type", message.mti)


def _de39(mti: str, action: str, actions: Mapping[str, Mapping[str, str]]) -> str:
    # Its own codes first, and of the common ones the first in the file.
    for codes in (actions.get(mti, {}), actions["any"]):
        for code, its_action in codes.items():
            if its_action == action and code != "*":
                return code
    raise BadMessage("DE39: the house has no such code", mti)


def _de90(message: Message, types: Mapping[str, str]) -> str:
    """DE56 (type, STAN, local date and time, acquirer behind its length) as DE90; its time is then the local one."""
    text = message.text(56)
    mti, stan, moment, length, acquirer = text[:4], text[4:10], text[10:22], text[22:24], text[24:]
    if len(acquirer) > 11 or not length or int(length) != len(acquirer):
        raise BadMessage("DE56: not type, trace number, date and time, acquirer", message.mti)
    original = _found(types, mti, "DE56", message.mti)
    return f"{original}{stan}{moment[2:]}{acquirer:0>11}{'0' * 11}"


def _need(message: Message, *numbers: int) -> None:
    for number in numbers:
        if number not in message.fields:
            raise BadMessage(f"DE{number} is missing", message.mti)


def _found(table: Mapping[str, str], key: str, name: str, mti: str) -> str:
    value = table.get(key)
    if value is None:
        raise BadMessage(f"{name}: there is no word for it", mti)
    return value
