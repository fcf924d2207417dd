"""Published heads: the line's exact form, the signature over every field, and what a set of them proves."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.wallet.books import fund, send
from wallet.clock import ManualClock
from wallet.heads import (
    LINE_BYTES_MAX,
    HeadCheck,
    HeadFault,
    NotAHead,
    SignedHead,
    bytes_of,
    head_of,
    in_book,
    key_id,
    line_of,
    lines_in,
)
from wallet.ledger import Ledger

KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))
PUBLIC = KEY.public_key().public_bytes_raw()
KEYS = {key_id(PUBLIC): PUBLIC}
AT = datetime(2026, 11, 22, 8, 0, 0, 250, tzinfo=UTC)


def signed(head: SignedHead, key: Ed25519PrivateKey = KEY) -> SignedHead:
    return replace(head, signature=key.sign(bytes_of(head)))


HEAD = signed(SignedHead(7, 19, bytes(range(32)), AT, AT + timedelta(seconds=9), key_id(PUBLIC)))
LINE = line_of(HEAD).encode()

heads = st.builds(
    SignedHead,
    block=st.integers(1, 2**63 - 1),
    position=st.integers(0, 2**63 - 1),
    hash=st.binary(min_size=32, max_size=32),
    booked_at=st.datetimes(timezones=st.just(UTC)),
    published_at=st.datetimes(timezones=st.just(UTC)),
    key_id=st.just(key_id(PUBLIC)),
).map(signed)


def test_the_form_never_changes() -> None:
    assert line_of(HEAD) == (
        '{"version":1,"block":7,"position":19,'
        '"hash":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
        '"booked_at":"2026-11-22T08:00:00.000250Z","published_at":"2026-11-22T08:00:09.000250Z",'
        '"key_id":"34750f98bd59fcfc","signature":"' + HEAD.signature.hex() + '"}'
    )
    fields = (
        "7461706469616c206c6564676572206865616400",
        "01",
        "0000000000000007",
        "0000000000000013",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "000660d8dd2a40fa",
        "000660d8ddb3953a",
        "34750f98bd59fcfc",
    )
    assert bytes_of(HEAD).hex() == "".join(fields)


@given(head=heads)
def test_a_head_comes_back_from_its_line_and_its_signature_holds(head: SignedHead) -> None:
    line = line_of(head).encode()

    assert len(line) < LINE_BYTES_MAX - 2
    assert head_of(line) == head_of(line + b"\n") == head_of(line + b"\r\n") == head
    assert HeadCheck(KEYS).signed(head) is None


@given(head=heads, place=st.integers(0, LINE_BYTES_MAX), byte=st.integers(0, 255))
def test_no_line_with_another_byte_is_signed(head: SignedHead, place: int, byte: int) -> None:
    line = bytearray(line_of(head).encode())
    place %= len(line)
    line[place] = byte if byte != line[place] else byte ^ 1

    try:
        changed = head_of(bytes(line))
    except NotAHead:
        return
    assert HeadCheck(KEYS).signed(changed) in (HeadFault.BAD_SIGNATURE, HeadFault.UNKNOWN_KEY)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}",
        b"[" * 5000,
        b"\xff\xfe",
        b" " + LINE,
        LINE + b" ",
        LINE + b"\n\n",
        LINE + LINE,
        LINE + b" " * LINE_BYTES_MAX,
        LINE.replace(b'"version":1', b'"version":2'),
        LINE.replace(b'"block":7', b'"block":07'),
        LINE.replace(b'"block":7', b'"block":0'),
        LINE.replace(b'"block":7', b'"block":-7'),
        LINE.replace(b'"block":7', b'"block":7.0'),
        LINE.replace(b'"block":7', b'"block":9223372036854775808'),
        LINE.replace(b'"block":7', b'"block":7,"block":7'),
        LINE.replace(b'"block":7', '"block":٧'.encode()),
        LINE.replace(b'"block":7,', b""),
        LINE.replace(b'"position"', b'"more":1,"position"'),
        LINE.replace(b"0a0b", b"0A0B"),
        LINE.replace(b"2026-11-22", b"2026-11-31"),
        LINE.replace(b"T08:", b"T24:"),
        LINE.replace(b"000250Z", b"00025Z"),
        LINE.replace(b"000250Z", b"000250+00:00"),
    ],
)
def test_what_is_not_exactly_a_head_is_none(line: bytes) -> None:
    assert line != LINE
    with pytest.raises(NotAHead):
        head_of(line)


def test_a_line_without_an_end_is_read_in_bounded_pieces() -> None:
    pieces = list(lines_in(io.BytesIO(LINE + b"\n" + b"x" * 2000)))

    assert pieces[0] == LINE + b"\n"
    assert max(map(len, pieces)) == LINE_BYTES_MAX + 1
    with pytest.raises(NotAHead):
        head_of(pieces[1])


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (HEAD, None),
        (signed(replace(HEAD, published_at=AT + timedelta(days=1))), None),
        (signed(replace(HEAD, block=8, position=20, hash=bytes(32))), None),
        (signed(replace(HEAD, hash=bytes(32))), HeadFault.CONTRADICTION),
        (signed(replace(HEAD, position=20)), HeadFault.CONTRADICTION),
        (replace(HEAD, hash=bytes(32)), HeadFault.BAD_SIGNATURE),
        (signed(replace(HEAD, hash=bytes(32)), OTHER_KEY), HeadFault.BAD_SIGNATURE),
        (signed(replace(HEAD, key_id="0" * 16), OTHER_KEY), HeadFault.UNKNOWN_KEY),
    ],
)
def test_two_signed_heads_agree_or_prove_tampering(second: SignedHead, fault: HeadFault | None) -> None:
    check = HeadCheck(KEYS)

    assert check.signed(HEAD) is None
    assert check.signed(second) is fault


async def test_every_block_of_the_book_answers_for_its_head(ledger: Ledger, clock: ManualClock) -> None:
    opened = (await ledger.head()).block
    # The third is refused: a block of refusals alone ends where the one before did.
    for number, position, transfer in (
        (1, 1, fund(clock, 100)),
        (2, 2, send(clock, 30)),
        (3, 2, send(clock, 5000)),
        (4, 3, send(clock, 1)),
    ):
        await ledger.post(transfer)
        end = await ledger.head()
        head = SignedHead(end.block, end.position, end.hash, end.booked_at, clock.now(), key_id(PUBLIC))
        block = await ledger.block(opened + number)

        assert (head.block, head.position) == (opened + number, position)
        assert in_book(head, block) is None
        assert in_book(replace(head, hash=bytes(32)), block) is HeadFault.REWRITTEN
        assert in_book(replace(head, position=head.position + 1), block) is HeadFault.REWRITTEN

    assert await ledger.block(opened + 5) is None
    assert in_book(replace(HEAD, block=5), None) is HeadFault.BLOCK_MISSING
