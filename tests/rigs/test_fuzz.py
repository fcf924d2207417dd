"""Every parser of the outside under mutated and random bytes: a value or its own refusal, soon, in little memory.

A failure prints the wire and the seed of its input; `FUZZ_SEED=<seed>` runs that one again. `HYPOTHESIS_PROFILE=soak`
is the long form.
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import PosixPath

import pytest
from pydantic import Field

from gateway.channels.api import answers, phone_models
from gateway.channels.console import forms
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.wire import BadForm, Inbound
from gateway.channels.ussd.wires import wire_of
from gateway.errors import BadInput, SettingsFault
from gateway.peers.smsc import LinkProfile
from gateway.peers.smsc.receipts import ERROR_MAX, MESSAGE_ID_MAX, receipt_of
from gateway.settings import load as load_settings
from gateway.wire import gsm, iso8583, smpp
from gateway.wire.iso8583 import Message
from gateway.wire.smpp import DataSm, DeliverSm, Tag, Tlv
from simulators import emv_card
from simulators.smsc import text as smsc_text
from simulators.smsc import wire as smsc_wire
from simulators.till import iso8583 as terminal_iso8583
from tests.rigs.dialogue import talk
from tests.rigs.fuzz import (
    HOSTILE_S_MAX,
    INPUT_S_MAX,
    KEPT_BYTES_MAX,
    PEAK_BYTES_MAX,
    Wire,
    cpu_s,
    hostile,
    input_of,
    kept_bytes,
    outcome_of,
    peak_bytes,
)
from tests.rigs.fuzz_iso8583 import iso8583_wires
from tests.rigs.nfc_wires import ICC, KEY, NFC_WIRES, PAN, PPSE
from tests.rigs.smpp_pdus import one_of_each
from wallet.heads import NotAHead, head_of, line_of

INPUTS = 2_000_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 20_000
ONE = os.environ.get("FUZZ_SEED")


def seeds_of(wire: Wire) -> range:
    """The numbers of a wire's inputs, or the one that is asked for."""
    return range(INPUTS * wire.share) if ONE is None else range(int(ONE), int(ONE) + 1)


TEXT = "Votre versement de 500 000 rials est arrivé {1} [€]. Réf. 998877665544"
RECEIPT = b"id:0123456789 sub:001 dlvrd:001 submit date:2611220800 done date:2611220801 stat:DELIVRD err:000 text:x"
HEAD = (
    b'{"version":1,"block":6,"position":5,"hash":"%b","booked_at":"2026-11-22T05:57:57.040789Z",'
    b'"published_at":"2026-11-22T05:57:59.611188Z","key_id":"%b","signature":"%b"}'
) % (b"ce8e" * 16, b"84d1" * 4, b"0270" * 32)
LONG = (
    *gsm.split("a€" * 100, reference=7),
    *gsm.split("سلام " * 30, reference=0x1234, style=gsm.Style(gsm.Splitting.UDH16)),
    *gsm.split("کد ۱۲۳ " * 30, reference=7, style=gsm.Style(languages=(gsm.Language.URDU,))),
)
PERSIAN = "ش\u200cم ۱۲۳ - سلام \U0001f600"
SETTINGS = b"""environment = "demo"\nhttp_port = 8081\nservice_code = "*1420#"\nregistry_timeout_s = 2.5
data_dir = "var/x"\nzone = 'Asia/Tehran'\nsend_max_minor = 50_000_000\n"""

PDUS = tuple(
    smpp.encode(pdu)
    for pdu in (
        smpp.BindTransceiver(sequence=1, system_id="tapdial", password="demo", address_range="^98"),
        smpp.SubmitSm(sequence=2, source="1420", dest="989120000001", short_message=TEXT.encode("latin-1", "replace")),
        smpp.DeliverSm(sequence=3, source="989120000001", dest="1420", esm_class=4, short_message=RECEIPT),
        smpp.DataSm(sequence=4, dest="989120000001", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 300), Tlv(0x1400, b""))),
        smpp.SubmitSmResp(sequence=5, message_id="ab-0123456789"),
        smpp.QuerySm(sequence=6, message_id="ab-0123456789", source="1420"),
        smpp.EnquireLink(sequence=7),
    )
)
EVERY_PDU = tuple(map(smpp.encode, one_of_each(seed=1)))
COMMON = {7: "1122080000", 11: "000042", 41: "TERM0001"}
TAP = {
    **COMMON,
    **dict(zip((3, 4, 12, 13, 32), ("000000", "000000012345", "113000", "1122", "581420"), strict=True)),
    **dict(zip((37, 42, 49), ("632600000042", "581420000000019", "364"), strict=True)),
}
ORIGINAL = "0100" + "000042" + "1122080000" + "00000581420" + "0" * 11
MESSAGES: tuple[tuple[str, dict[int, str], bytes], ...] = (
    ("0100", {**TAP, 2: PAN, 14: "2911", 22: "071", 25: "00"}, ICC),
    ("0220", {**TAP, 38: "A1B2C3", 90: ORIGINAL}, b""),
    ("0420", {**TAP, 90: ORIGINAL}, b""),
    ("0800", {**COMMON, 70: "001"}, b""),
)
CALLBACK = (
    b"sessionId=ATUid_0123456789&phoneNumber=%2B989120000001&networkCode=63902&serviceCode=%2A1420%23"
    b"&text=1%2A09120000002%2A500000"
)
TOKEN = {
    "msisdn": "+989120000001",
    "activation_code": "12345678",
    "device_key": "A" * 43 + "=",
    "seal_key": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
}


class EveryField(forms.Form):
    """A form with each type that the console's forms are made of."""

    code: forms.Digits = ""
    amount: forms.Whole = Field(1, ge=1, le=10**15)
    name: forms.Line = "-"
    reason: forms.Phrase = "---"
    form_key: forms.BusinessId = "inv_0"
    msisdn: forms.Msisdn = "+989120000001"
    national_number: forms.NationalNumber = "0499370899"
    after: forms.Position = 0
    roles: list[str] = Field(default_factory=list, max_length=5)


FORM = (
    b"code=123456&amount=500%2C000&name=Jane&reason=paid+in&form_key=inv_01ABC&msisdn=%2B989120000001"
    b"&national_number=%DB%B0499370899&after=7&roles=administrator&roles=finance"
)


class _Written(PosixPath):
    """A file that is only its bytes: the rig reads settings far more often than a disk would like."""

    octets = b""

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        return self.octets.decode(encoding or "utf-8", errors or "strict")


def _smpp_stream(data: bytes) -> str | None:
    decoder, reasons = smpp.Decoder(), list[str]()
    for part in (data[:7], data[7:40], data[40:]):
        reasons += [repr(pdu) for pdu in decoder.feed(part) if isinstance(pdu, smpp.BrokenPdu)]
    return " ".join(reasons) or None


def _smpp_pdu(data: bytes) -> str | None:
    pdu = smpp.decode(data)
    # A response may leave its body out and is then read as an empty one.
    assert smpp.encode(pdu) == data or (pdu.is_response and len(data) == 16)
    return None


def _gsm(data: bytes) -> str | None:
    text, units = gsm.decode(data), gsm.decode_ucs2(data)
    assert len(text) <= len(data)
    assert len(units) <= len(data)
    assert gsm.decode_ucs2(gsm.encode_ucs2(units)) == units
    if len(data) < 1_000:
        for part in gsm.split(gsm.transliterate(units)):
            assert len(part.header) + len(part.data) <= 160
    return None


def _user_data(data: bytes) -> str | None:
    found = gsm.user_data(data, udhi=True)
    assert data.endswith(found.octets)
    assert found.place is None or 1 <= found.place.number <= found.place.total <= 255
    text = gsm.decode(found.octets, locking=found.locking, single=found.single)
    assert len(text) <= len(found.octets)
    return None


def _iso8583(data: bytes) -> str | None:
    message = iso8583.decode(data)
    assert iso8583.encode(message).upper() == data.upper()
    assert PAN not in repr(message)
    return None


_USSD = wire_of("africastalking", "africastalking", Codes(["*1420#"]))


def _callback(data: bytes) -> str | None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    found = _USSD.parse(Inbound("POST", "", "", headers, data))
    return found.value if isinstance(found, BadForm) else None


def _form(data: bytes) -> str | None:
    form = forms.parsed(EveryField, forms._fields(data))
    return f"refused: {form.fields}" if isinstance(form, forms.FormProblems) else None


def _token_request(data: bytes) -> str | None:
    try:
        asked = answers.parsed(phone_models.TokenRequest, data)
    except answers.Refused as refused:
        return refused.problem.model_dump_json()
    made = asked.to_request()
    assert asked.activation_code not in repr(asked)
    assert (len(made.device_key) in {32, 33, 65}, len(made.seal_key)) == (True, 32)
    return None


def _published_head(data: bytes) -> str | None:
    assert line_of(head_of(data)).encode() == data.rstrip(b"\r\n"), "one head has one line"
    return None


_SMSC = LinkProfile("smsc", "127.0.0.1", 2775, "tapdial", "demo", "1420")


def _receipt(data: bytes) -> str | None:
    kept = (Tlv(Tag.RECEIPTED_MESSAGE_ID, data[:70]), Tlv(Tag.MESSAGE_STATE, data[-1:]))
    error = Tlv(Tag.NETWORK_ERROR_CODE, data[:3])
    found = [
        receipt_of(_SMSC, DeliverSm(esm_class=4, short_message=data)),
        receipt_of(_SMSC, DataSm(esm_class=0x20, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, data), error))),
        receipt_of(_SMSC, DeliverSm(short_message=data, tlvs=kept)),
    ]
    for receipt in found:
        if receipt is not None:
            assert 0 < len(receipt.message_id) <= MESSAGE_ID_MAX
            assert len(receipt.error) <= ERROR_MAX
            assert (receipt.message_id + receipt.error).isprintable(), "a store takes no control characters"
    return None if any(found) else "no receipt"


def _settings(data: bytes) -> str | None:
    file = _Written("tapdial.toml")
    file.octets = data
    load_settings(file, environ={})
    return None


def _terminal_message(data: bytes) -> str | None:
    # What the terminal checks first is the MAC: with a good one the rest is reached.
    terminal_iso8583.decode(data + emv_card.mac8(KEY, data), KEY).shown()
    return None


def _card(data: bytes) -> str | None:
    emv_card.parse(data)
    emv_card.find(data, "9F38")
    return None


def _card_list(data: bytes) -> str | None:
    items = emv_card.parse_dol(data)[:100]
    filled = emv_card.fill(items, {"9F02": b"\0\0\0\1\x23\x45", "9A": b"\x26\x11\x22"})
    assert len(filled) == sum(size for _, size in items)
    emv_card.split(items, filled)
    return None


def _smsc_simulator(data: bytes) -> str | None:
    refused = ""
    for frame in smsc_wire.frames(bytearray(data)):
        pdu = smsc_wire.read(frame)
        if isinstance(pdu, smsc_wire.Refused):
            refused = repr(pdu)
            continue
        piece = smsc_text.piece_of(pdu)
        shown = smsc_text.text_of(piece.octets, pdu.number("data_coding"))
        smsc_text.Joiner().joined("1420", "+989120000001", piece, shown)
    return refused or None


def _framed(mti: str, fields: dict[int, str], icc: bytes) -> bytes:
    values: dict[int, str | bytes] = {**fields, 64: bytes(8)}
    return iso8583.encode(Message(mti, {**values, 55: icc} if icc else values))


def _unsealed(mti: str, fields: dict[int, str], icc: bytes) -> bytes:
    return terminal_iso8583.encode(terminal_iso8583.Message(mti, fields, icc), KEY)[:-8]


PHONES = tuple(
    text.encode()
    for text in (
        "0499370899*123456*1234*1234",
        "1*1234*0",
        "2*09120000002*500000*1*1234",
        "۴*۱*۱۴۰۵۰۸۰۱*16112026*1",
        "00",
    )
)
UNSEALED = tuple(_unsealed(*row) for row in MESSAGES)
WIRES = (
    Wire("smpp stream", (*PDUS, *EVERY_PDU, b"".join(PDUS)), _smpp_stream, (smpp.FrameFault,), share=5),
    Wire("smpp pdu", (*PDUS, *EVERY_PDU), _smpp_pdu, (smpp.PduFault,), share=5),
    Wire("user data", tuple(part.header + part.data for part in LONG), _user_data, total=True),
    Wire("gsm", (gsm.encode(TEXT.replace("é", "e")) or b"", gsm.encode_ucs2(PERSIAN)), _gsm, total=True),
    Wire("iso8583", tuple(_framed(*row) for row in MESSAGES), _iso8583, (iso8583.BadMessage,)),
    *NFC_WIRES,
    *iso8583_wires(MESSAGES, PAN),
    Wire("africastalking", (CALLBACK,), _callback),
    Wire("console form", (FORM, b"989120000001=x&" + FORM), _form, (BadInput,)),
    Wire("api", (json.dumps(TOKEN).encode(), json.dumps({**TOKEN, "989120000001": [1]}).encode()), _token_request),
    Wire("receipts", (RECEIPT, b'ID:"ab-CD" STAT:undeliv ERR:EC-12', b"id: 42 stat: EXPIRED"), _receipt),
    Wire("published head", (HEAD, HEAD + b"\r\n"), _published_head, (NotAHead,)),
    Wire("ussd menus", PHONES, talk, total=True),
    Wire("settings", (SETTINGS,), _settings, (SettingsFault,), names_input=True, hostile_bytes=4_096),
    Wire("simulator iso8583", UNSEALED, _terminal_message, (terminal_iso8583.IsoError,)),
    Wire("simulator tlv", (ICC, PPSE), _card, (emv_card.TlvError,)),
    Wire("simulator dol", (emv_card.dol(emv_card.PDOL), b"\x9f\x02\x00\x9a\x03"), _card_list, (emv_card.TlvError,)),
    Wire("simulator smsc", (*PDUS, b"".join(PDUS)), _smsc_simulator, (smsc_wire.Unframed,)),
)


@pytest.fixture(autouse=True)
def _quiet_smpplib() -> Iterator[None]:
    """It warns of each parameter that it does not know, and pytest would keep every word."""
    logger = logging.getLogger("smpplib.command")
    before, logger.disabled = logger.disabled, True
    yield
    logger.disabled = before


every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name.replace(" ", "-"))


@pytest.mark.rig
@every_wire
def test_mutated_bytes_give_a_value_or_the_wires_own_refusal(wire: Wire) -> None:
    values = refusals = 0
    for seed in seeds_of(wire):
        data = input_of(wire, seed)
        try:
            if outcome_of(wire, data) is None:
                values += 1
            else:
                refusals += 1
        except Exception as problem:
            problem.add_note(f"{wire.name}: FUZZ_SEED={seed} {data[:400].hex()}")
            raise
    if ONE is None:
        assert values > 0, "the mutations never leave a valid input"
        assert wire.total or refusals > 0


@pytest.mark.rig
@every_wire
def test_no_input_takes_long(wire: Wire) -> None:
    for seed in seeds_of(wire)[:2_000]:
        assert cpu_s(wire, input_of(wire, seed), bound_s=INPUT_S_MAX) <= INPUT_S_MAX, f"FUZZ_SEED={seed}"


@pytest.mark.rig
@every_wire
def test_a_long_hostile_input_takes_time_in_proportion_and_little_memory(wire: Wire) -> None:
    short = list(hostile(wire, wire.hostile_bytes // 8))
    for at, data in enumerate(hostile(wire, wire.hostile_bytes)):
        shown = f"{wire.name}: hostile input {at}, {data[:40]!r}"
        short_s = max(cpu_s(wire, short[at], bound_s=0), 0.002)
        # Eight times the bytes: a quadratic reader would take 64 times as long.
        bound_s = min(HOSTILE_S_MAX, 24 * short_s)
        assert cpu_s(wire, data, bound_s=bound_s) <= bound_s, shown
        assert peak_bytes(wire, data) <= PEAK_BYTES_MAX, shown


@pytest.mark.rig
@every_wire
def test_inputs_leave_no_memory_behind(wire: Wire) -> None:
    outcome_of(wire, wire.seeds[0])
    assert kept_bytes(wire, range(1_000)) <= KEPT_BYTES_MAX
