"""Where messages begin and end: every way of writing a length, headers, session control, bad and slow lengths."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.channels.nfc.framing import Dropped, DropReason, Frame, Framing, LengthKind, Silent, read_frame
from gateway.wire.iso8583 import BODY_BYTES_MAX

BODY = b"0800" + b"x" * 40
TPDU = bytes.fromhex("6000120034")
CASES = [
    (Framing(), b"\x00\x2c", b""),
    (Framing(LengthKind.BINARY4), b"\x00\x00\x00\x2c", b""),
    (Framing(LengthKind.ASCII4), b"0044", b""),
    (Framing(LengthKind.BCD2), b"\x00\x44", b""),
    (Framing(LengthKind.VMLH), b"\x00\x2c\x00\x00", b""),
    (Framing(inclusive=True), b"\x00\x2e", b""),
    (Framing(LengthKind.ASCII4, inclusive=True), b"0048", b""),
    (Framing(header_bytes=5, tpdu=True), b"\x00\x31", TPDU),
    (Framing(LengthKind.BCD2, header_bytes=3), b"\x00\x47", b"abc"),
]


async def read(framing: Framing, data: bytes, *, end: bool = True) -> Frame | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    if end:
        reader.feed_eof()
    return await read_frame(reader, framing, asyncio.timeout(0.05), 28)


@pytest.mark.parametrize(("framing", "head", "header"), CASES)
async def test_a_message_is_behind_its_length(framing: Framing, head: bytes, header: bytes) -> None:
    assert await read(framing, head + header + BODY) == Frame(BODY, header)
    swapped = header[:1] + header[3:] + header[1:3] if framing.tpdu else header
    assert framing.frame(BODY, header) == head + swapped + BODY


@settings(max_examples=40)
@given(size=st.integers(28, BODY_BYTES_MAX), kind=st.sampled_from(LengthKind), inclusive=st.booleans())
async def test_every_length_that_a_message_has_goes_there_and_back(
    size: int,
    kind: LengthKind,
    inclusive: bool,  # noqa: FBT001 - drawn
) -> None:
    framing = Framing(kind, inclusive, header_bytes=2)
    assert await read(framing, framing.frame(bytes(size))) == Frame(bytes(size), bytes(2))


@pytest.mark.parametrize(
    ("framing", "head"),
    [
        (Framing(), b"\x00\x00"),
        (Framing(), b"\x08\x01"),
        (Framing(inclusive=True), b"\x00\x01"),
        (Framing(LengthKind.ASCII4), b"00 4"),
        (Framing(LengthKind.ASCII4), b"9999"),
        (Framing(LengthKind.ASCII4), b"-044"),
        (Framing(LengthKind.BCD2), b"\x00\xa4"),
        (Framing(LengthKind.BINARY4), b"\xff\xff\xff\xff"),
        (Framing(LengthKind.VMLH), b"\x08\x01\x00\x00"),
        (Framing(header_bytes=5), b"\x00\x20"),
    ],
)
async def test_a_length_that_no_message_has_drops_the_line(framing: Framing, head: bytes) -> None:
    with pytest.raises(Dropped) as caught:
        await read(framing, head + BODY)
    assert caught.value.reason is DropReason.BAD_LENGTH


async def test_session_control_is_sent_back_as_it_came() -> None:
    came = b"\x00\x04\x00\x20ping"
    assert await read(Framing(LengthKind.VMLH), came) == Frame(b"", send_back=came)
    assert await read(Framing(LengthKind.VMLH), b"\x00\x00\x00\x20") == Frame(b"", send_back=b"\x00\x00\x00\x20")


async def test_an_end_in_the_middle_is_an_end_and_silence_is_silence() -> None:
    for cut in range(len(BODY) + 2):
        assert await read(Framing(), (b"\x00\x2c" + BODY)[:cut]) is None
    with pytest.raises(Silent):
        await read(Framing(), b"\x00", end=False)


async def test_a_body_that_does_not_come_drops_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.channels.nfc.framing.BODY_S", 0.02)
    with pytest.raises(Dropped) as caught:
        await read(Framing(), b"\x00\x2c" + BODY[:-1], end=False)
    assert caught.value.reason is DropReason.SLOW


@pytest.mark.parametrize("wrong", [{"header_bytes": -1}, {"header_bytes": 65}, {"header_bytes": 4, "tpdu": True}])
def test_a_header_has_a_size_that_it_can_have(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="header"):
        Framing(**wrong)  # type: ignore[arg-type]
