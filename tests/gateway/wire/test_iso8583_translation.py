"""What other dialects say, in the house's words and back: tables, round trips, and words that do not exist."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.iso8583 import (
    DIALECTS,
    HOUSE,
    BadMessage,
    Message,
    answer_mti,
    decode,
    encode,
    from_house,
    is_request,
    to_house,
)

SHETAB = DIALECTS["shetab93"]
MAC = b"\x01\x02\x03\x04\x05\x06\x07\x08"
Fields = dict[int, str | bytes]
COMMON: Fields = {3: "000000", 7: "1122080000", 11: "000042", 32: "581420", 37: "632600000042", 41: "TERM0001",
                  42: "581420000000019", 49: "364", 60: "000007"}  # fmt: skip
HERE: Fields = {**COMMON, 12: "261122113000"}
THERE: Fields = {**COMMON, 12: "113000", 13: "1122"}
CHIP = b"\x82\x02\x00\x40"
ORIGINAL = "110000004126112211290006581420"
DE90 = "0100" + "000041" + "1122112900" + "00000581420" + "0" * 11
REQUESTS: list[tuple[str, Fields, str, Fields]] = [
    ("1100", {2: "5814200000000002", 4: "000000012345", 14: "2911", 22: "M1010LM00140", 24: "100", 55: CHIP},
     "0100", {2: "5814200000000002", 4: "000000012345", 14: "2911", 22: "071", 25: "00", 55: CHIP}),
    ("1100", {4: "000000012345", 24: "180"}, "0100", {4: "000000012345", 24: "200", 25: "00"}),
    ("1200", {4: "000000012345", 24: "200", 26: "5912"}, "0200", {4: "000000012345", 18: "5912", 25: "00"}),
    ("1220", {4: "000000012345", 24: "200", 38: "ABC123", 56: ORIGINAL},
     "0220", {4: "000000012345", 25: "00", 38: "ABC123", 90: DE90}),
    ("1420", {4: "000000012345", 24: "400", 56: ORIGINAL}, "0420", {4: "000000012345", 90: DE90}),
    ("1421", {4: "000000000300", 24: "401", 30: "000000012345" + "0" * 12, 56: ORIGINAL},
     "0421", {4: "000000012345", 90: DE90, 95: "000000000300" + "0" * 30}),
    ("1320", {4: "000000012345", 24: "300", 38: "ABC123", 56: ORIGINAL},
     "0320", {4: "000000012345", 38: "ABC123", 90: DE90}),
    ("1500", {24: "500",
      74: "0000000001", 76: "0000000002", 86: "0" * 16, 88: "0" * 15 + "9", 97: "D" + "0" * 15 + "9"},
     "0500", {74: "0000000001", 76: "0000000002", 86: "0" * 16, 88: "0" * 15 + "9", 97: "D" + "0" * 15 + "9"}),
    ("1804", {24: "801"}, "0800", {70: "001"}),
    ("1804", {24: "802"}, "0800", {70: "002"}),
    ("1804", {24: "811"}, "0800", {70: "101"}),
    ("1804", {24: "831"}, "0800", {70: "301"}),
]  # fmt: skip


@pytest.mark.parametrize(("mti", "here", "house_mti", "there"), REQUESTS)
def test_a_request_says_the_same_in_the_house_and_back(mti: str, here: Fields, house_mti: str, there: Fields) -> None:
    number = 128 if max(here) > 64 else 64
    came = decode(encode(Message(mti, {**HERE, **here, number: MAC}), SHETAB), SHETAB)
    house = to_house(came, SHETAB)
    assert house == Message(house_mti, {**THERE, **there, 64: MAC})
    assert decode(encode(house)) == house
    back = from_house(house, SHETAB, came)
    assert back == Message(mti, {**HERE, **here})


@pytest.mark.parametrize(("mti", "here", "house_mti", "there"), REQUESTS)
def test_its_answer_has_what_the_house_does_not_keep(mti: str, here: Fields, house_mti: str, there: Fields) -> None:
    came = Message(mti, {**HERE, **here})
    echoed = {n: value for n, value in {**THERE, **there}.items() if n not in {2, 14, 22, 24, 25, 55, 95}}
    answer = from_house(Message(answer_mti(house_mti), {**echoed, 39: "00", 64: MAC}), SHETAB, came)
    assert answer.mti == answer_mti(mti)
    for number in (7, 11, 12, 24, 37, 41, 56, 4, 30):
        assert answer.fields.get(number) == came.fields.get(number), number
    code = {"1430": "400", "1410": "400", "1510": "500", "1814": "800"}.get(answer.mti, "000")
    assert answer.fields[39] == code
    assert to_house(answer, SHETAB).fields[39] == "00"


@pytest.mark.parametrize(
    ("mti", "house", "action"),
    [
        ("0110", "00", "000"), ("0110", "10", "002"), ("0110", "51", "116"), ("0110", "94", "913"),
        ("0210", "14", "111"),
        ("0110", "58", "120"), ("0510", "95", "501"), ("0430", "30", "904"),
        ("0110", "68", "911"), ("0230", "96", "909"),
        ("0110", "Z9", "909"),
    ],
)  # fmt: skip
def test_a_response_code_has_its_action_code(mti: str, house: str, action: str) -> None:
    request = Message("1" + mti[1] + "00", dict(HERE))
    answer = from_house(Message(mti, {**THERE, 39: house}), SHETAB, request)
    assert answer.fields[39] == action
    if house != "Z9":
        assert to_house(answer, SHETAB).fields[39] == house


@pytest.mark.parametrize(
    ("mti", "fields", "named"),
    [
        ("1600", {}, "message type"),
        ("1100", {22: "X" * 12}, "DE22"),
        ("1100", {24: "999"}, "DE24"),
        ("1110", {39: "777"}, "DE39"),
        ("1420", {56: "1100000041"}, "DE56"),
        ("1420", {56: "990000004126112211290006581420"}, "DE56"),
        ("1420", {56: "110000004126112211290007581420"}, "DE56"),
        ("1420", {24: "401", 4: "000000000001"}, "DE30"),
        ("1220", {56: "11000000412613221129006581420"}, "DE56"),
    ],
)
def test_what_the_house_has_no_word_for_is_refused(mti: str, fields: Fields, named: str) -> None:
    with pytest.raises(BadMessage, match=named) as caught:
        to_house(Message(mti, {**HERE, **fields}), SHETAB)
    assert "5814" not in str(caught.value)


def test_an_answer_without_its_request_has_no_year() -> None:
    with pytest.raises(BadMessage, match="needs its request"):
        from_house(Message("0110", {**THERE, 39: "00"}), SHETAB)


@pytest.mark.parametrize("name", ["iso87_ascii", "iso87_mixed", "iso87_binary", "iso87_ebcdic"])
@settings(max_examples=20)
@given(amount=st.integers(0, 10**12 - 1), chip=st.binary(min_size=1, max_size=200), high=st.booleans())
def test_where_only_the_encoding_differs_every_word_is_the_same(
    name: str,
    amount: int,
    chip: bytes,
    high: bool,  # noqa: FBT001 - drawn
) -> None:
    dialect = DIALECTS[name]
    fields: Fields = {**THERE, 4: f"{amount:012d}", 55: chip, **({90: DE90} if high else {})}
    seal = {128 if high else 64: MAC}
    came = decode(encode(Message("0420", {**fields, **seal}), dialect), dialect)
    house = to_house(came, dialect)
    assert house == Message("0420", {**fields, 64: MAC})
    assert from_house(house, dialect, came).fields == fields


def test_the_houses_own_is_not_touched() -> None:
    message = Message("0100", {**THERE, 64: MAC})
    assert to_house(message, HOUSE) is message
    assert from_house(message, HOUSE) is message


@pytest.mark.parametrize(
    ("mti", "answer", "asks"),
    [
        ("0100", "0110", True), ("0101", "0110", True), ("0421", "0430", True), ("1804", "1814", True),
        ("0110", "", False), ("0430", "", False), ("0180", "", False), ("", "", False), ("01A0", "", False),
    ],
)  # fmt: skip
def test_a_type_says_whether_it_asks_and_what_answers(mti: str, answer: str, asks: bool) -> None:  # noqa: FBT001
    assert is_request(mti) is asks
    if asks:
        assert answer_mti(mti) == answer
