"""NDEF: published messages, ndeflib as a second opinion, and every contradiction refused."""

import ndef as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import ndef
from gateway.wire.ndef import Container, Record, Text, Tnf

NAMES = st.text("abcxyzABC019", min_size=1, max_size=20)
BEFORE = {Tnf.WELL_KNOWN: "", Tnf.MEDIA: "application/", Tnf.URI: "http://x/", Tnf.EXTERNAL: ""}
NAMED = st.builds(
    lambda tnf, name, payload, ident: Record(tnf, BEFORE[tnf] + name, payload, ident),
    st.sampled_from(sorted(BEFORE)),
    NAMES,
    st.binary(max_size=300),
    st.binary(max_size=10),
)
RECORDS = st.lists(
    NAMED
    | st.builds(Record, tnf=st.just(Tnf.UNKNOWN), payload=st.binary(max_size=9), id=st.binary(max_size=3))
    | st.just(Record(Tnf.EMPTY)),
    min_size=1,
    max_size=6,
)


CHUNKED = Record(Tnf.WELL_KNOWN, "U", b"\x04/b", b"1")
OCTETS = b"application/octet-stream".hex()


@pytest.mark.parametrize(
    ("message", "records"),
    [
        ("D00000", [Record(Tnf.EMPTY)]),
        ("C00000000000", [Record(Tnf.EMPTY)]),
        ("D8000000", [Record(Tnf.EMPTY)]),
        ("900000100000500000", [Record(Tnf.EMPTY)] * 3),
        ("D1010F55046578616D706C652E636F6D2F6162", [ndef.uri("https://example.com/ab")]),
        ("D101085402656E48656C6C6F", [ndef.text("Hello", "en")]),
        (f"D21801{OCTETS}61", [ndef.media("application/octet-stream", b"a")]),
        ("D901020155310461", [Record(Tnf.WELL_KNOWN, "U", b"\x04a", b"1")]),
        ("D500026162", [Record(Tnf.UNKNOWN, "", b"ab")]),
        ("B50001613600016256000163", [Record(Tnf.UNKNOWN, "", b"abc")]),
        ("B90101015531041600022F6251010054", [CHUNKED, Record(Tnf.WELL_KNOWN, "T")]),
        ("B50000260000000000560000", [Record(Tnf.UNKNOWN)]),
    ],
)
def test_a_published_message_is_read(message: str, records: list[Record]) -> None:
    assert list(ndef.decode(bytes.fromhex(message))) == records


@pytest.mark.parametrize(
    "message",
    [
        "",
        "D0",
        "D000",
        "D00001",
        "D0000000",
        "D70000",
        "D10000",
        "D20000",
        "D0010055",
        "D0000161",
        "D800000161",
        "D5010055",
        "D50001",
        "C10100000001",
        "C101FFFFFFFF55",
        "500000",
        "900000",
        "900000D00000",
        "900000900000500000",
        "D60000",
        "B000005600" + "00",
        "B50001611600" + "0162",
        "B50001615500" + "0162",
        "B50001615601000055",
        "B500016156080000",
        "B50001615E00000155",
        "B5000161760001" + "62",
        "D101005500",
        "D10100FF",
        "D1010009",
    ],
)
def test_what_contradicts_itself_is_refused(message: str) -> None:
    with pytest.raises(BadInput):
        ndef.decode(bytes.fromhex(message))


@given(records=RECORDS)
def test_what_is_written_is_read_back_and_ndeflib_reads_the_same(records: list[Record]) -> None:
    message = ndef.encode(records)
    assert list(ndef.decode(message)) == records
    theirs = list(oracle.message_decoder(message, known_types={}))
    assert [(other.name.encode("latin-1"), other.data) for other in theirs] == [
        (record.id, record.payload) for record in records
    ]
    assert b"".join(oracle.message_encoder(theirs)) == message


@given(
    parts=st.lists(st.binary(max_size=40), min_size=2, max_size=6),
    name=NAMES,
    ident=st.binary(min_size=1, max_size=4),
    short=st.booleans(),
)
def test_a_chunked_record_is_the_record_of_its_chunks(
    parts: list[bytes], name: str, ident: bytes, *, short: bool
) -> None:
    message = b""
    for at, part in enumerate(parts):
        flags = (0x80 | 0x08 | 0x02 if at == 0 else 0x06) | (0x10 if short else 0)
        flags |= 0x40 if at == len(parts) - 1 else 0x20
        head = bytes([flags, len(name) if at == 0 else 0]) + len(part).to_bytes(1 if short else 4)
        message += head + (bytes([len(ident)]) + name.encode() + ident if at == 0 else b"") + part
    assert ndef.decode(message) == (Record(Tnf.MEDIA, name, b"".join(parts), ident),)


@given(data=st.binary(max_size=80))
def test_any_bytes_are_read_as_ndeflib_reads_them_or_refused(data: bytes) -> None:
    try:
        records = ndef.decode(data)
    except BadInput:
        return
    try:
        theirs = list(oracle.message_decoder(data, known_types={}))
    except ValueError:
        # What a media type or a URI looks like is not the message's business.
        assert any(record.tnf in {Tnf.MEDIA, Tnf.URI} for record in records)
        return
    assert b"".join(record.payload for record in records) == b"".join(other.data for other in theirs)


@pytest.mark.parametrize(
    ("tnf", "name", "payload", "ident"),
    [
        (Tnf.UNCHANGED, "", b"", b""),
        (Tnf.WELL_KNOWN, "", b"", b""),
        (Tnf.UNKNOWN, "x", b"", b""),
        (Tnf.EMPTY, "x", b"", b""),
        (Tnf.EMPTY, "", b"x", b""),
        (Tnf.EMPTY, "", b"", b"x"),
        (Tnf.MEDIA, "é", b"", b""),
        (Tnf.MEDIA, "a\n", b"", b""),
        (Tnf.MEDIA, "a" * 256, b"", b""),
        (Tnf.MEDIA, "a", b"", b"x" * 256),
    ],
)
def test_a_record_that_no_format_allows_is_not_made(tnf: Tnf, name: str, payload: bytes, ident: bytes) -> None:
    with pytest.raises(BadInput):
        Record(tnf, name, payload, ident)


def test_a_message_has_a_record_and_fits_a_file() -> None:
    with pytest.raises(BadInput):
        ndef.encode([])
    with pytest.raises(BadInput):
        ndef.encode([Record(Tnf.UNKNOWN, "", bytes(0xFFFE))])
    with pytest.raises(BadInput):
        ndef.decode(bytes(0xFFFF))


@pytest.mark.parametrize(
    ("address", "payload"),
    [
        ("https://example.com/ab", b"\x04example.com/ab"),
        ("http://www.nfc.com", b"\x01nfc.com"),
        ("https://www.x.y", b"\x02x.y"),
        ("tel:*1420#", b"\x05*1420#"),
        ("mailto:a@b.c", b"\x06a@b.c"),
        ("urn:epc:id:1", b"\x1e1"),
        ("urn:epc:1", b"\x221"),
        ("urn:nfc:1", b"\x231"),
        ("urn:x", b"\x13x"),
        ("tapdial:x", b"\x00tapdial:x"),
        ("https://داروخانه.example", b"\x04" + "داروخانه.example".encode()),
    ],
)
def test_an_address_has_its_shortest_form(address: str, payload: bytes) -> None:
    record = ndef.uri(address)
    assert (record.tnf, record.type, record.payload) == (Tnf.WELL_KNOWN, "U", payload)
    assert ndef.uri_of(record) == address
    # A longer form says the same.
    assert ndef.uri_of(Record(Tnf.WELL_KNOWN, "U", b"\0" + address.encode())) == address


@given(address=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), code=st.integers(0, 35))
def test_addresses_and_texts_agree_with_ndeflib(address: str, code: int) -> None:
    payload = bytes([code]) + address.encode()
    (theirs,) = oracle.message_decoder(b"\xc1\x01" + len(payload).to_bytes(4) + b"U" + payload)
    ours = ndef.uri_of(Record(Tnf.WELL_KNOWN, "U", payload))
    assert ours == theirs.iri
    message = ndef.encode([ndef.uri(ours), ndef.text(address, "fa")])
    uri, text = oracle.message_decoder(message)
    assert (uri.iri, text.text, text.language) == (ours, address, "fa")


@pytest.mark.parametrize(
    "record",
    [
        Record(Tnf.WELL_KNOWN, "U", b""),
        Record(Tnf.WELL_KNOWN, "U", b"\x00"),
        Record(Tnf.WELL_KNOWN, "U", b"\x24a"),
        Record(Tnf.WELL_KNOWN, "U", b"\x04\xff"),
        Record(Tnf.WELL_KNOWN, "U", b"\x04a b"),
        Record(Tnf.WELL_KNOWN, "U", b"\x04a\n"),
        Record(Tnf.WELL_KNOWN, "T", b"\x02ena"),
        Record(Tnf.EXTERNAL, "U", b"\x04a"),
    ],
)
def test_what_is_no_address_is_refused(record: Record) -> None:
    with pytest.raises(BadInput):
        ndef.uri_of(record)
    for address in ("", "a b", "a\n"):
        with pytest.raises(BadInput):
            ndef.uri(address)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"\x02enHello", Text("Hello", "en")),
        (b"\x05en-USHello", Text("Hello", "en-US")),
        (b"\x02fa" + "سلام".encode(), Text("سلام", "fa")),
        (b"\x82fa" + "سلام".encode("utf-16-be"), Text("سلام", "fa")),
        (b"\x82fa" + "سلام".encode("utf-16"), Text("سلام", "fa")),
        (b"\x02fa", Text("", "fa")),
    ],
)
def test_a_text_is_read_in_its_encoding(payload: bytes, text: Text) -> None:
    assert ndef.text_of(Record(Tnf.WELL_KNOWN, "T", payload)) == text


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"\x00a", b"\x42en", b"\x05en", b"\x02e\xff", b"\x02e-"),
        *(b"\x02en\xff", b"\x82en\x00", b"\x82en\xd8\x00"),
    ],
)
def test_what_is_no_text_is_refused(payload: bytes) -> None:
    with pytest.raises(BadInput):
        ndef.text_of(Record(Tnf.WELL_KNOWN, "T", payload))
    with pytest.raises(BadInput):
        ndef.text_of(Record(Tnf.WELL_KNOWN, "U", b"\x02en"))
    for language in ("", "e_n", "a" * 64, "fa-"):
        with pytest.raises(BadInput):
            ndef.text("x", language)


CC = "000F20003B00340406E10400320000"


def test_a_published_container_is_read_and_written() -> None:
    container = ndef.read_container(bytes.fromhex(CC))
    assert container == Container(0xE104, 0x32, 0x3B, 0x34, writable=True)
    assert container.encode().hex().upper() == CC
    assert ndef.read_container(bytes.fromhex("001720003B00340406E104003200FF0506E10500328283")).writable is False
    assert (ndef.AID.hex().upper(), ndef.CC_FILE, ndef.NDEF_FILE) == ("D2760000850101", 0xE103, 0xE104)


@pytest.mark.parametrize(
    "file",
    [
        "",
        CC[:-2],
        CC + "00",
        "000E20003B00340406E104003200",
        "000F10003B00340406E10400320000",
        "000F20000E00340406E10400320000",
        "000F20003B00000406E10400320000",
        "000F20003B00340506E10400320000",
        "000F20003B00340405E10400320000",
        "000F20003B00340406E10300320000",
        "000F20003B00340406E10400040000",
        "000F20003B00340406E104FFFF0000",
        "000F20003B00340406E10400328000",
        "000F20003B00340406E10400320080",
        "001020003B00340406E1040032000005",
        "001120003B00340406E10400320000050100"[:34],
    ],
)
def test_a_container_of_another_layout_is_refused(file: str) -> None:
    with pytest.raises(BadInput):
        ndef.read_container(bytes.fromhex(file))


@given(records=RECORDS)
def test_a_file_has_the_length_of_its_message_and_no_byte_more(records: list[Record]) -> None:
    file = ndef.write_file(tuple(records))
    assert ndef.read_file(file) == tuple(records)
    for bad in (file + b"\0", file[:-1], file[:1], b""):
        with pytest.raises(BadInput):
            ndef.read_file(bad)
    with pytest.raises(BadInput):
        ndef.write_file(tuple(records), size_max=len(file) - 1)
    with pytest.raises(BadInput):
        ndef.read_file(file, size_max=len(file) - 1)


def test_an_empty_tag_has_no_record() -> None:
    assert ndef.write_file(()) == b"\0\0"
    assert ndef.read_file(b"\0\0") == ()


def test_the_repr_shows_no_payload() -> None:
    assert "secret" not in repr(ndef.media("text/plain", b"secret"))
