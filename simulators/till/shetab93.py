"""The dialect of 1993 as we model it after a public table of Shetab's elements; the scheme's own is not public.

Everything is text, chip data and MAC too. What the terminal keeps in the house's words is written in those of 1993:
other message types, DE12 with date and time, DE24 for what a message is about, DE39 of three digits, DE56 for DE90.
"""

from collections.abc import Mapping
from datetime import date

from simulators.till.iso8583 import COMMON, DIGITS, Codec, Field, IsoError, Message

CODEC = Codec(
    {
        **COMMON,
        12: Field(0, 12, DIGITS),
        22: Field(0, 12, r"[0-9A-Za-z]*"),
        26: Field(0, 4, DIGITS),
        30: Field(0, 24, DIGITS),
        39: Field(0, 3, DIGITS),
        56: Field(2, 35, DIGITS),
    },
    hex_binary=True,
    high_mac=True,
)
CONTACTLESS = "M1010LM00140"
"""DE22 of a chip read without contact."""
PART_OK = "200"
"""DE24 of the house: the terminal can sell a part."""

_NETWORK: Mapping[str, str] = {"001": "801", "002": "802", "301": "831"}
"""DE70 of the house to DE24."""
_CODES: Mapping[str, str] = {theirs: ours for ours, theirs in _NETWORK.items()}
_MANAGEMENT: Mapping[str, str] = {"0800": "1804", "0810": "1814"}
_FUNCTIONS: Mapping[str, str] = {"1100": "100", "1120": "100", "1200": "200", "1320": "300", "1500": "500"}
_PARTS: Mapping[str, str] = {"1100": "180", "1200": "280"}
_ACTIONS: Mapping[str, str] = {
    "000": "00",
    "400": "00",
    "500": "00",
    "800": "00",
    "002": "10",
    "100": "05",
    "101": "54",
    "102": "59",
    "104": "62",
    "106": "75",
    "109": "03",
    "110": "13",
    "111": "14",
    "112": "70",
    "115": "40",
    "116": "51",
    "117": "55",
    "119": "57",
    "120": "58",
    "121": "61",
    "123": "65",
    "200": "04",
    "208": "41",
    "209": "43",
    "902": "12",
    "904": "30",
    "907": "91",
    "909": "96",
    "911": "68",
    "913": "94",
    "914": "25",
    "916": "97",
    "501": "95",
}
"""DE39 of 1993 to the house's."""
_DONE = "800"
"""DE39 of an answer to network management that says yes: the only one that a terminal gives."""
_OURS_ALONE = frozenset({12, 13, 22, 24, 25, 39, 70, 90, 95})


def encode(message: Message, key: bytes, today: date) -> bytes:
    """The house's message in the bytes of this dialect; `today` is near its DE13, which has no year.

    Raises:
        IsoError: A value that has not the form of its data element.
    """
    return CODEC.encode(to_wire(message, today), key)


def decode(data: bytes, key: bytes) -> Message:
    """The house's message of these bytes, after the MAC was checked.

    Raises:
        IsoError: Wrong MAC, wrong form, or a word that is not in the dialect's table.
    """
    return from_wire(CODEC.decode(data, key))


def to_wire(message: Message, today: date) -> Message:
    """What a message of the house says, in the elements of 1993."""
    mti = _MANAGEMENT.get(message.mti, f"1{message.mti[1:]}")
    fields = {number: value for number, value in message.fields.items() if number not in _OURS_ALONE}
    if message[12]:
        fields[12] = f"{_year(message[13], today) % 100:02d}{message[13]}{message[12]}"
    if message[22]:
        fields[22] = CONTACTLESS
    fields[24] = _function(message, mti)
    if message[39]:
        fields[39] = _DONE
    if message[90]:
        acquirer = message[90][20:31].lstrip("0")
        fields[56] = f"1{message[90][1:4]}{message[90][4:10]}{fields[12]}{len(acquirer):02d}{acquirer}"
    if message[95]:
        fields[4], fields[30] = message[95][:12], f"{message.was_minor:012d}{0:012d}"
    return Message(mti, fields, message.icc)


def from_wire(message: Message) -> Message:
    """What an answer, or the acquirer's echo, says in the house's elements.

    Raises:
        IsoError: A word that is not in the dialect's table.
    """
    management = {theirs: ours for ours, theirs in _MANAGEMENT.items()}
    mti = management.get(message.mti, f"0{message.mti[1:]}")
    fields = {number: value for number, value in message.fields.items() if number not in {12, 22, 24, 26, 30, 39, 56}}
    if message[12]:
        fields[12], fields[13] = message[12][6:], message[12][2:6]
    if message.mti in management and message[24] in _CODES:
        fields[70] = _CODES[message[24]]
    if message[39]:
        if message[39] not in _ACTIONS:
            raise IsoError(f"DE39: no action {message[39]}")
        fields[39] = _ACTIONS[message[39]]
    return Message(mti, fields, message.icc)


def _function(message: Message, mti: str) -> str:
    match mti:
        case "1804" | "1814":
            return _NETWORK[message[70]]
        case "1220" if message[90]:
            return "201" if message.was_minor in (0, int(message[4])) else "202"
        case "1220":
            return "200"
        case "1400" | "1420" | "1421":
            return "401" if message[95] else "400"
        case _ if message[24] == PART_OK and mti in _PARTS:
            return _PARTS[mti]
        case _:
            return _FUNCTIONS[mti]


def _year(month_day: str, today: date) -> int:
    """The year in which a day MMDD lies nearest to today: around New Year that is not always this one."""

    def distance(year: int) -> int:
        # The 29th of February counts as the day before the 1st of March.
        month, day = int(month_day[:2]), int(month_day[2:])
        return abs((date(year, month, min(day, 28)) - today).days)

    return min((today.year - 1, today.year, today.year + 1), key=distance)
