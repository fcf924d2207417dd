"""What the NFC wires are given by the fuzz rig: valid values of each, and what reads them."""

from datetime import UTC, datetime

from gateway.errors import BadInput
from gateway.wire import cose, emv, ndef, tlv
from simulators import emv_card
from tests.rigs.fuzz import Wire

KEY = bytes(range(16))
PAN = "5814200000000002"
ICC = tlv.encode(
    tlv.Tlv(tag, bytes.fromhex(value))
    for tag, value in (
        *(("82", "0040"), ("84", "F05441504449414C01"), ("95", "0000000000"), ("9A", "261122"), ("9C", "00")),
        *(("5F2A", "0364"), ("5F34", "00"), ("9F02", "000000012345"), ("9F03", "000000000000"), ("9F1A", "0364")),
        *(("9F10", "01A180800000512700010000"), ("9F26", "1122334455667788"), ("9F27", "80"), ("9F36", "0102")),
        *(("9F37", "A1B2C3D4"), ("DF01", "AA")),
    )
)
IADS = tuple(
    bytes.fromhex(text)
    for text in (
        *("06010A03A020000F04000000000000000000006232E4F9", "06011203A0B800", "0110250000044000DAC10000000000000000"),
        *("1F220100200000" + "00" * 25, "0FA506A231C002" + "00" * 9 + "0F" + "00" * 15, "01A180800000512700010000"),
        "0115A00003220000B6A41122334455667788112233445566778800FF",
    )
)
SIGNER = cose.SigningKey.ed25519(bytes(range(32)))
TOKEN_CLAIMS = cose.Claims("tapdial", PAN, ("pharmacy",), datetime(2026, 11, 29, tzinfo=UTC), cti=b"1")
SIGNED = (
    cose.sign_cwt(TOKEN_CLAIMS, SIGNER, kid=b"11", tagged=True),
    cose.sign1(b"voucher", SIGNER, kid=b"11", protected={3: 0, 2: [3]}),
    cose.sign1(cose.write_claims(TOKEN_CLAIMS), cose.SigningKey.p256(bytes(31) + b"\1"), tagged=False),
)
TAG_MESSAGE = ndef.encode(
    [
        ndef.uri("https://tapdial.example/rx/1"),
        ndef.text("نسخه", "fa"),
        ndef.media("application/vnd.tapdial.rx+cwt", SIGNED[0]),
        ndef.Record(ndef.Tnf.UNKNOWN, payload=b"x" * 300, id=b"1"),
    ]
)
CHUNKED = bytes.fromhex("B90101015531041600022F6251010054")
PPSE = emv_card.tlv(
    "6F", emv_card.tlv("84", b"2PAY.SYS.DDF01") + emv_card.tlv("A5", emv_card.tlv("9F38", emv_card.dol(emv_card.PDOL)))
)


def _tlv(data: bytes) -> str | None:
    for item in tlv.decode(data):
        assert len(item.value) <= len(data)
        if item.is_constructed:
            item.children()
    return None


def _tap_data(data: bytes) -> str | None:
    tap = emv.parse_icc(data)
    assert 0 <= tap.atc <= 0xFFFF
    assert tap.amount_minor >= 0
    assert len(tap.cryptogram) == 8
    assert len(emv.ac_data(tap)) == 45
    return None


def _issuer_data(data: bytes) -> str | None:
    iad = emv.Iad.parse(data)
    assert iad.raw == data
    assert len(iad.covered) <= len(data)
    assert isinstance(iad.flags.cdcvm_done, bool)
    return None


def _cryptogram(data: bytes) -> str | None:
    verdict = emv.verify_de55(data, PAN, "00", KEY)
    assert not verdict.good, "this one was never signed"
    return None if verdict.icc is not None else verdict.detail


def _object_list(data: bytes) -> str | None:
    items = emv.parse_dol(data)[:100]
    filled = emv.fill_dol(items, {"9F02": b"\0\0\0\1\x23\x45", "9A": b"\x26\x11\x22", "5A": bytes.fromhex(PAN)})
    assert len(filled) == sum(item.length for item in items)
    return None


def _signed(data: bytes) -> str | None:
    found = cose.verify_cwt(data, SIGNER.public, now=datetime(2026, 11, 28, tzinfo=UTC), leeway_s=0)
    assert isinstance(found, cose.CoseRefusal) or found == TOKEN_CLAIMS, "what was not signed is not believed"
    if isinstance(found, cose.CoseRefusal):
        cose.read1(data)
        return found.value
    return None


def _claims(data: bytes) -> str | None:
    claims = cose.read_claims(data)
    assert cose.read_claims(cose.write_claims(claims)) == claims or claims.others
    return None


def _tag_message(data: bytes) -> str | None:
    records = ndef.decode(data)
    assert ndef.decode(ndef.encode(records)) == records
    for record in records:
        if record.type == "U":
            ndef.uri_of(record)
        if record.type == "T":
            ndef.text_of(record)
    return None


def _tag_file(data: bytes) -> str | None:
    if data[:2] == b"\0\x0f":
        assert ndef.read_container(data).encode() == data
    else:
        assert len(ndef.write_file(ndef.read_file(data))) <= len(data)
    return None


NFC_WIRES = (
    Wire("tlv", (ICC, PPSE), _tlv, (BadInput,)),
    Wire("tap data", (ICC,), _tap_data, (BadInput,)),
    Wire("cryptogram", (ICC,), _cryptogram),
    Wire("issuer data", IADS, _issuer_data, (BadInput,)),
    Wire("object list", (b"\x9f\x02\x06\x9a\x03\x5a\x0a\xdf\x81\x23\x06", b"\x9f\x37\x04"), _object_list, (BadInput,)),
    Wire("signed", SIGNED, _signed, (BadInput,)),
    Wire("claims", (cose.write_claims(TOKEN_CLAIMS),), _claims, (BadInput,)),
    Wire("ndef", (TAG_MESSAGE, CHUNKED), _tag_message, (BadInput,)),
    Wire("ndef file", (ndef.Container().encode(), ndef.write_file((ndef.uri("tel:*1420#"),))), _tag_file, (BadInput,)),
)
"""One row for each parser of a tap, of what is signed, and of what a tag holds."""
