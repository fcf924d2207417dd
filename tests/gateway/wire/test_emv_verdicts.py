"""DE55 in, a verdict out: what verifies, and what never does."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput, KeyFault
from gateway.wire import emv, tlv
from gateway.wire.emv import AcReason, CardKeys, Cvn, house
from gateway.wire.tlv import Tlv

IMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TWELVES = bytes.fromhex("12345678" * 4)
PAN, PSN = "1234567890123456", "00"
HSM = {
    "9F02": "000000004000",
    "9F03": "000000000000",
    "9F1A": "0124",
    "95": "8000048000",
    "5F2A": "0124",
    "9A": "191105",
    "9C": "01",
    "9F37": "52BF4585",
    "82": "1800",
    "9F36": "001C",
    "9F27": "80",
    "5F34": "00",
}
JPOS = {
    "9F02": "000000010000",
    "9F03": "000000001000",
    "9F1A": "0840",
    "95": "0000001080",
    "5F2A": "0840",
    "9A": "980704",
    "9C": "00",
    "9F37": "11111111",
    "82": "5800",
    "9F36": "3456",
    "9F27": "80",
    "5F34": "00",
}


@dataclass(frozen=True)
class Tap:
    """A DE55 whose cryptogram is good under `imk`."""

    name: str
    values: dict[str, str]
    imk: bytes
    cvn: Cvn

    @property
    def de55(self) -> bytes:
        return tlv.encode(Tlv(tag, bytes.fromhex(value)) for tag, value in self.values.items())


def made(name: str, iad: str, imk: bytes, cvn: Cvn, kind: str = "80") -> Tap:
    """A tap that we make ourselves, step by step."""
    values = {**HSM, "9F27": kind, "84": house_aid(cvn), "9F10": iad, "9F26": "00" * 8}
    icc = emv.parse_icc(Tap(name, values, imk, cvn).de55)
    atc = icc.values["9F36"]
    keys = CardKeys.derive(cvn, imk, PAN, PSN, atc=atc, un=icc.key_un, luk_id=icc.iad.luk_id)
    return Tap(name, {**values, "9F26": keys.cryptogram(emv.ac_data(icc)).hex()}, imk, cvn)


def house_aid(cvn: Cvn) -> str:
    return emv.AID.hex() if cvn is Cvn.HOUSE else "A0000000031010"


PUBLISHED = (
    Tap("cvn10", {**HSM, "9F10": "06010A03A06010", "9F26": "29CCA15AE665FA2E"}, IMK, Cvn.CVN10),
    Tap("cvn18", {**HSM, "9F10": "06011203A0B800", "9F26": "7A788EA6B8A3E733"}, IMK, Cvn.CVN18),
    Tap(
        "mchip 10",
        {**JPOS, "9F10": "0110A08003242000DAC10000000000000000", "9F26": "AC8074C9E62EE6EF"},
        TWELVES,
        Cvn.MCHIP,
    ),
    Tap(
        "mchip 14",
        {**JPOS, "9F10": "0114A08003242000DAC10000000000000000", "9F26": "55BE45DD2C9E0CBF"},
        TWELVES,
        Cvn.MCHIP,
    ),
)
OURS = (
    made("cvn10 with data", "06010A03A020000F04000000000000000000006232E4F9", IMK, Cvn.CVN10),
    made("cvn22", "1F22010020000000000000000007717300000000000000000000000000000000", IMK, Cvn.CVN22),
    made("cpa", "0FA501A031C0020000000000000000000F110601010000000000000000000000", IMK, Cvn.CPA),
    made("mchip 11", "0111A50000044000DAC11122334455667788", IMK, Cvn.MCHIP),
    made("mchip 15", "0115A00003220000B6A41122334455667788112233445566778800FF", IMK, Cvn.MCHIP),
    made("house", "01A180800000512700010000", IMK, Cvn.HOUSE),
)
TAPS = (*PUBLISHED, *OURS)
every_tap = pytest.mark.parametrize("tap", TAPS, ids=lambda tap: tap.name)


@every_tap
def test_a_good_cryptogram_is_good_by_the_profile_inside_9f10(tap: Tap) -> None:
    verdict = emv.verify_de55(tap.de55, PAN, PSN, tap.imk)
    assert (verdict.good, verdict.cvn, verdict.reasons) == (True, tap.cvn, ())
    assert verdict.icc is not None
    assert verdict.icc.amount_minor == int(tap.values["9F02"])
    assert tap.values["9F26"].lower() not in repr(verdict).lower()


@every_tap
def test_the_key_is_the_one_of_the_index_that_9f10_names(tap: Tap) -> None:
    assert emv.verify_de55(tap.de55, PAN, PSN, {1: tap.imk, 2: bytes(16)}).good
    verdict = emv.verify_de55(tap.de55, PAN, PSN, {2: tap.imk})
    assert (verdict.good, verdict.reasons) == (False, (AcReason.UNKNOWN_KEY,))


LEFT_OUT = {
    "cvn10 with data": range(8, 23),
    "mchip 10": range(8, 18),
    "mchip 11": range(8, 10),
    "mchip 14": range(8, 18),
    "mchip 15": (8, 9, 26, 27),
}
"""Bytes of 9F10 that its profile's cryptogram does not cover, and that choose no key: issuer's data, DAC, counters."""


def uncovered(tap: Tap) -> set[int]:
    """Offsets in DE55 that no cryptogram covers and no rule fixes."""
    data = tap.de55
    start = data.index(bytes.fromhex(tap.values["9F10"]))
    # Only the house demands that its cards have a sequence number.
    sequence = () if tap.cvn is Cvn.HOUSE else (data.index(b"\x5f\x34\x01"), data.index(b"\x5f\x34\x01") + 1)
    return {*sequence, *(start + at for at in LEFT_OUT.get(tap.name, ()))}


@every_tap
@pytest.mark.parametrize("change", [0x01, 0x80, 0x20, 0xC0, 0xFF])
def test_a_changed_byte_of_de55_is_never_good(tap: Tap, change: int) -> None:
    aid = bytes.fromhex(tap.values["84"]) if "84" in tap.values else None
    free = uncovered(tap)
    for at in range(len(tap.de55)):
        data = bytearray(tap.de55)
        data[at] ^= change
        verdict = emv.verify_de55(bytes(data), PAN, PSN, {1: tap.imk}, aid=aid)
        assert verdict.good == (not verdict.reasons)
        assert at in free or not verdict.good, f"offset {at}"


@every_tap
def test_a_changed_index_names_a_key_that_is_not_there(tap: Tap) -> None:
    raw = bytes.fromhex(tap.values["9F10"])
    at = tap.de55.index(raw) + (1 if raw[0] == 6 else 2 if len(raw) == 32 else 0)
    data = bytearray(tap.de55)
    data[at] = 9
    assert not emv.verify_de55(bytes(data), PAN, PSN, {1: tap.imk}).good


@every_tap
def test_a_cut_de55_is_never_good(tap: Tap) -> None:
    data = tap.de55
    for size in range(len(data)):
        assert not emv.verify_de55(data[:size], PAN, PSN, tap.imk).good


@every_tap
@pytest.mark.parametrize("tag", ["95", "9F02", "9F36", "9F37", "9F1A", "82"])
def test_a_swapped_value_is_a_wrong_cryptogram(tap: Tap, tag: str) -> None:
    other = bytes(len(tap.values[tag]) // 2)
    values = {**tap.values, tag: other.hex() if other.hex() != tap.values[tag] else "11" * len(other)}
    verdict = emv.verify_de55(Tap("", values, tap.imk, tap.cvn).de55, PAN, PSN, tap.imk)
    assert verdict.reasons == (AcReason.WRONG_CRYPTOGRAM,)


@every_tap
def test_another_card_or_another_key_is_a_wrong_cryptogram(tap: Tap) -> None:
    wrong = (AcReason.WRONG_CRYPTOGRAM,)
    assert emv.verify_de55(tap.de55, PAN[:-1] + "7", PSN, tap.imk).reasons == wrong
    assert emv.verify_de55(tap.de55, PAN + "0", PSN, tap.imk).reasons == wrong
    mixed = tap.imk[8:] + tap.imk[:8]
    if mixed != tap.imk:
        assert emv.verify_de55(tap.de55, PAN, PSN, mixed).reasons == wrong
    assert emv.verify_de55(tap.de55, PAN, PSN, tap.imk[:8] + bytes(8)).reasons == wrong


@every_tap
def test_every_reason_is_told(tap: Tap) -> None:
    values = {**tap.values, "5F34": "01", "9F27": "40", "9F26": "00" * 8, "84": "A0000000999999"}
    verdict = emv.verify_de55(Tap("", values, tap.imk, tap.cvn).de55, PAN, PSN, tap.imk, aid=b"\xa0")
    assert verdict.reasons == (
        *(AcReason.WRONG_KIND, AcReason.WRONG_SEQUENCE, AcReason.WRONG_APPLICATION, AcReason.WRONG_CRYPTOGRAM),
    )


KINDS = {
    "house": "01A180{}0000512700010000 80 40 00",
    "cvn10": "06010A03{}A010 A0 90 80",
    "cvn18": "06011203{}B800 A0 90 80",
    "cvn22": "1F220100{}000000000000000000007717300000000000000000000000000000 A0 90 80",
    "cpa": "0FA501{}31C0020000000000000000000F110601010000000000000000000000 A0 60 80",
}
"""9F10 with a gap for what the card says that it gave: an ARQC, a TC or an AAC."""


@pytest.mark.parametrize("cvn", [Cvn(name) for name in KINDS])
def test_no_kind_of_cryptogram_passes_for_another(cvn: Cvn) -> None:
    layout, *codes = KINDS[cvn].split()
    for code, given_kind in zip(codes, ("80", "40", "00"), strict=True):
        tap = made("", layout.format(code), IMK, cvn, given_kind)
        for said in ("80", "40", "00", "C0", "88"):
            told = Tap("", {**tap.values, "9F27": said}, tap.imk, tap.cvn)
            for wanted in (emv.CID_ARQC, emv.CID_TC):
                verdict = emv.verify_de55(told.de55, PAN, PSN, tap.imk, kind=wanted)
                assert verdict.good == (said == given_kind == f"{wanted:02X}"), (code, said, wanted)
                assert verdict.good or verdict.reasons == (AcReason.WRONG_KIND,)


def test_an_mchip_card_may_say_nothing_of_the_kind() -> None:
    tap = made("", "0114000100000000000000E0DB2E438900FF", IMK, Cvn.MCHIP)
    assert emv.verify_de55(tap.de55, PAN, PSN, tap.imk).good
    assert emv.verify_de55(tap.de55, PAN, PSN, tap.imk, kind=emv.CID_TC).reasons == (AcReason.WRONG_KIND,)


@pytest.mark.parametrize("missing", emv.VERIFIED_TAGS)
def test_what_is_missing_or_doubled_is_named(missing: str) -> None:
    tap = PUBLISHED[0]
    short = Tap("", {tag: value for tag, value in tap.values.items() if tag != missing}, tap.imk, tap.cvn)
    verdict = emv.verify_de55(short.de55, PAN, PSN, tap.imk)
    assert (verdict.reasons, verdict.detail) == ((AcReason.MALFORMED,), f"DE55 lacks {missing}")
    doubled = tap.de55 + tlv.encode_one(missing, bytes.fromhex(tap.values[missing]))
    assert emv.verify_de55(doubled, PAN, PSN, tap.imk).detail == f"DE55: {missing} occurs more than once"


def test_a_luk_of_another_id_makes_another_cryptogram() -> None:
    tap = OURS[-1]
    values = {**tap.values, "9F10": "01A180800000512700020000"}
    assert emv.verify_de55(Tap("", values, tap.imk, tap.cvn).de55, PAN, PSN, tap.imk).reasons == (
        AcReason.WRONG_CRYPTOGRAM,
    )
    luk = house.limited_use_key(tap.imk, PAN, PSN, bytes.fromhex("51270001"))
    icc = emv.parse_icc(tap.de55)
    assert house.cryptogram(luk, icc.atc, emv.ac_data(icc)) == icc.cryptogram


def test_what_terminal_and_card_say_is_read_where_it_is_there() -> None:
    tap = PUBLISHED[1]
    extra = {"9F34": "1F0302", "9F66": "36004000", "9F6C": "0080", "9F33": "E0F8C8", "9F35": "22", "DF01": "AA"}
    icc = emv.parse_icc(Tap("", {**tap.values, **extra}, tap.imk, tap.cvn).de55, emv.VERIFIED_TAGS)
    assert icc.cvm is not None
    assert icc.cvm.method is emv.CvmMethod.NONE_REQUIRED
    assert icc.ttq is not None
    assert emv.TerminalQualifiers.CDCVM in icc.ttq
    assert icc.ctq is emv.CardQualifiers.CDCVM_DONE
    assert icc.tvr == emv.Tvr.ODA_NOT_PERFORMED | emv.Tvr.ONLINE_PIN_ENTERED | emv.Tvr.FLOOR_LIMIT_EXCEEDED
    bare = emv.parse_icc(tap.de55, emv.VERIFIED_TAGS)
    assert (bare.cvm, bare.ttq, bare.ctq) == (None, None, None)
    for tag in ("9F34", "9F66", "9F6C"):
        bad = {**tap.values, **extra, tag: extra[tag] + "00"}
        with pytest.raises(BadInput, match=tag):
            emv.parse_icc(Tap("", bad, tap.imk, tap.cvn).de55, emv.VERIFIED_TAGS)


def test_a_bad_pan_or_key_is_the_callers_fault_and_not_a_verdict() -> None:
    tap = PUBLISHED[0]
    with pytest.raises(BadInput):
        emv.verify_de55(tap.de55, "12x", PSN, tap.imk)
    with pytest.raises(KeyFault):
        emv.verify_de55(tap.de55, PAN, PSN, tap.imk[:8])


@given(data=st.binary(max_size=300))
def test_any_de55_gets_a_verdict(data: bytes) -> None:
    verdict = emv.verify_de55(data, PAN, PSN, IMK)
    assert not verdict.good
    assert verdict.reasons


@given(at=st.integers(0, 200), more=st.binary(min_size=1, max_size=20), tap=st.sampled_from(TAPS))
def test_inserted_bytes_get_a_verdict(at: int, more: bytes, tap: Tap) -> None:
    data = tap.de55
    changed = data[: at % len(data)] + more + data[at % len(data) :]
    assert isinstance(emv.verify_de55(changed, PAN, PSN, tap.imk).good, bool)


def test_a_long_de55_takes_time_in_proportion() -> None:
    def cpu_s(count: int) -> float:
        data = PUBLISHED[1].de55 + b"\xdf\x01\x00" * count
        started = time.thread_time()
        emv.verify_de55(data, PAN, PSN, IMK)
        return time.thread_time() - started

    cpu_s(10)
    short = min(cpu_s(5_000) for _ in range(3))
    assert min(cpu_s(40_000) for _ in range(3)) < 24 * max(short, 0.001)
