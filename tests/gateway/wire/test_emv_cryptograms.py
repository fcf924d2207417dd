"""Keys and cryptograms against published vectors of HSMs and peers, and against pyemv and psec at random."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput, KeyFault
from gateway.wire import emv
from gateway.wire.emv import CardKeys, Cvn, house
from gateway.wire.emv.keys import aes_ecb, des3_ecb

with warnings.catch_warnings():
    # Its last release is of 2021 and takes 3DES from where it no longer is.
    warnings.simplefilter("ignore")
    import psec
    import pyemv

pytestmark = pytest.mark.filterwarnings("ignore:::pyemv", "ignore:::psec")
IMK = "0123456789ABCDEFFEDCBA9876543210"
TWELVES = "12345678" * 4
R = "1234567890123456"
TEXT = "0123456789ABCDEF0123456789ABCDEF"
JPOS = "000000010000000000001000084000000010800840980704001111111158003456A08003242000"
VISA = "0000000040000000000000000124800004800001241911050152BF45851800001C"
GUIDE = "00000000010000000000000008400000000000084018123101ABCDEF1018000001"


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def kcv(key: bytes) -> str:
    return des3_ecb(key, bytes(8))[:2].hex().upper()


def quietly(call: Callable[..., bytes], *args: Any, **named: Any) -> bytes:  # noqa: ANN401 - any oracle's
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return call(*args, **named)


@pytest.mark.parametrize(
    ("option", "imk", "pan", "psn", "key"),
    [
        (emv.master_key_a, IMK, "99012345678901234", "45", "67F8292358083E5EA7AB7FDA58D53B6B"),
        (emv.master_key_a, IMK, "12345678901234567", "01", "73AD54688CEF2934B0979857E3C719F1"),
        (emv.master_key_b, IMK, "12345678901234567", "01", "AD406D7F6D7570916D75E5DCAB8CF737"),
        (
            emv.master_key_a,
            "0123456789ABCDEF0123456789ABCDEF",
            "43219876543210987",
            "00",
            "C8B507136D921FD05864C81F79F2D30B",
        ),
    ],
)
def test_a_cards_key_is_the_published_one(option: Callable[..., bytes], imk: str, pan: str, psn: str, key: str) -> None:
    assert option(octets(imk), pan, psn).hex().upper() == key


HsmRow = tuple[str, str, str, str | None, str, str, str, int, str, str | None]
HSM: tuple[HsmRow, ...] = (
    # option, PAN, PSN, KCV of MK, R, KCV of SK, data, padding, ARQC, ARPC 1 under MK
    ("a", "9901234567890123", "45", "1DA5", R, "0995", TEXT, 2, "4B46013359B7A58B", "F8C9CECAABD55AD1"),
    ("a", "9901234567890123", "45", "1DA5", R, "0995", TEXT + "01", 1, "2E141C6BC4A20DA8", "16A49AAB314B9262"),
    ("a", "9901234567890123", "45", "1DA5", R, "0995", TEXT, 1, "922F3E83125EB46B", "8AE6E836084B0E80"),
    ("a", "12345678901234567", "45", "FF08", R, "DF82", TEXT, 2, "19C1FBC83EBDC0D5", "78A372523FA35A03"),
    ("a", "12345678901234567", "00", None, R, "3F4F", TEXT, 2, "8698A7319324FD93", "BEA11C8F4A47EF6F"),
    ("b", "1234567890123456", "00", "BAB0", R, "BC19", TEXT, 2, "0CE77D211CB5459A", None),
    ("b", "12345678901234567", "45", "0BAF", R, "4262", TEXT, 2, "5760EE07B4FA65D1", None),
    ("b", "12345678901234567", "00", "4626", R, "7F36", TEXT, 2, "0BAA251EA8989442", None),
    ("b", "123456789012345679", "00", "C2F3", R, "7C35", TEXT, 2, "DC95BCE3EBBE0296", None),
    (
        *("b", "000000000000000005", "23", "DD73", "001C000000000000", "04F8"),
        *("000000004000000000000000012480000480000124191105015" + "2BF45851800001C06011203A0B800", 2),
        *("8CAD6F2489C640B1", None),
    ),
)


@pytest.mark.parametrize("row", HSM)
def test_key_and_cryptogram_are_those_of_an_hsm(row: HsmRow) -> None:
    option, pan, psn, mk_kcv, r, sk_kcv, data, padding, arqc, arpc = row
    mk = (emv.master_key_a if option == "a" else emv.master_key_b)(octets(IMK), pan, psn)
    sk = emv.session_key(mk, octets(r))
    assert mk_kcv in {None, kcv(mk)}
    assert kcv(sk) == sk_kcv
    assert emv.retail_mac(sk, octets(data), padding).hex().upper() == arqc
    assert arpc in {None, emv.arpc_1(mk, octets(arqc), b"\0\0").hex().upper()}


def test_a_longer_pan_takes_option_b_by_itself() -> None:
    for pan in ("12345678901234567", "1234567890123456"):
        assert emv.master_key(octets(IMK), pan, "45") == emv.master_key_b(octets(IMK), pan, "45")


@pytest.mark.parametrize(
    ("key", "arqc", "csu", "proprietary", "arpc"),
    [
        ("29B33180E567CE38EA4CBC9D753B0E61", "FA624250B008B59A", "00000000", "", "CB56FA40"),
        (("9901234567890123", "45", R), "4B46013359B7A58B", "00000000", "1234567890ABCDEF", "4962B76C"),
        (("9901234567890123", "45", R), "4B46013359B7A58B", "00000000", "", "7DFB1188"),
        (("000000000000000005", "23", "001C000000000000"), "8CAD6F2489C640B1", "00000000", "12345678", "E39F1876"),
        (("12345678901234567", "45", R), "5760EE07B4FA65D1", "00000000", "", "106B81D9"),
    ],
)
def test_arpc_by_method_2_is_the_published_one(
    key: str | tuple[str, str, str], arqc: str, csu: str, proprietary: str, arpc: str
) -> None:
    if isinstance(key, str):
        sk = octets(key)
    else:
        pan, psn, r = key
        sk = emv.session_key(emv.master_key(octets(IMK), pan, psn), octets(r))
    assert emv.arpc_2(sk, octets(arqc), octets(csu), octets(proprietary)).hex().upper() == arpc


TapRow = tuple[Cvn, str, str, str, str, str, str, str, str, str]
TAPS: tuple[TapRow, ...] = (
    # profile, IMK, PAN, PSN, ATC, UN, data, AC, ARC or CSU, ARPC
    (
        Cvn.CVN10,
        *(IMK, "1234567890123456", "00", "001C", ""),
        *(VISA + "03A06010", "29CCA15AE665FA2E", "3030", "28993816AFAE4AEB"),
    ),
    (
        Cvn.CVN18,
        *(IMK, "1234567890123456", "00", "001C", ""),
        *(VISA + "06011203A0B800", "7A788EA6B8A3E733", "00000000", "9AF514C1"),
    ),
    (
        Cvn.MCHIP,
        *(TWELVES, "1234567890123456", "00", "3456", "11111111"),
        *(JPOS, "AC8074C9E62EE6EF", "0012", "5B5B712F9A644774"),
    ),
    (
        Cvn.MCHIP,
        *(TWELVES, "1234567890123456", "00", "3456", ""),
        *(JPOS, "55BE45DD2C9E0CBF", "0012", "01BAE8DE6A0DE9E0"),
    ),
    (
        Cvn.CPA,
        *(TWELVES, "1234567890123456", "00", "3456", ""),
        *(JPOS, "55BE45DD2C9E0CBF", "00120000", "B4C698B6"),
    ),
    (
        Cvn.CVN10,
        *(TWELVES, "1234567890123456", "00", "3456", ""),
        *(JPOS, "26C8A1042D1CAF3E", "3030", "98DE7C7B3D80A831"),
    ),
)


@pytest.mark.parametrize("row", TAPS)
def test_a_profile_derives_keys_verifies_and_answers_as_published(row: TapRow) -> None:
    cvn, imk, pan, psn, atc, un, data, arqc, arc, arpc = row
    keys = CardKeys.derive(cvn, octets(imk), pan, psn, atc=octets(atc), un=octets(un))
    assert keys.cryptogram(octets(data)).hex().upper() == arqc
    assert keys.verify(octets(data), octets(arqc))
    assert not keys.verify(octets(data), octets(arqc)[:-1])
    if len(arc) == 4:
        assert emv.arpc_1(keys.arpc_key, octets(arqc), octets(arc)).hex().upper() == arpc
        assert keys.answer(octets(arqc), octets(arc)).hex().upper() == arpc + arc
    else:
        assert emv.arpc_2(keys.arpc_key, octets(arqc), octets(arc)).hex().upper() == arpc
    assert imk not in repr(keys).upper()


def test_an_answer_by_method_2_says_in_its_card_status_update_whether_it_is_yes() -> None:
    keys = CardKeys.derive(Cvn.CVN22, octets(IMK), "1234567890123456", "00", atc=b"\0\1")
    arqc = octets("7A788EA6B8A3E733")
    assert keys.answer(arqc, b"00") == emv.arpc_2(keys.arpc_key, arqc, emv.CSU_APPROVED) + emv.CSU_APPROVED
    assert keys.answer(arqc, b"51")[4:] == emv.CSU_DECLINED


KEYS = st.binary(min_size=16, max_size=16)
PANS = st.text("0123456789", min_size=12, max_size=19)
PSNS = st.text("0123456789", min_size=2, max_size=2)
ACS = st.binary(min_size=8, max_size=8)


@given(imk=KEYS, pan=PANS, psn=PSNS, r=ACS)
def test_keys_agree_with_pyemv(imk: bytes, pan: str, psn: str, r: bytes) -> None:
    a = emv.master_key_a(imk, pan, psn)
    assert a == quietly(pyemv.kd.derive_icc_mk_a, imk, pan, psn)
    assert emv.master_key_b(imk, pan, psn) == quietly(pyemv.kd.derive_icc_mk_b, imk, pan, psn)
    assert emv.session_key(a, r) == quietly(pyemv.kd.derive_common_sk, a, r)


@given(key=KEYS, data=st.binary(max_size=200), padding=st.sampled_from([1, 2]))
def test_macs_agree_with_pyemv_and_psec(key: bytes, data: bytes, padding: int) -> None:
    made = emv.retail_mac(key, data, padding)
    kind = pyemv.ac.PaddingType(padding)
    assert made == quietly(pyemv.ac.generate_ac, key, data, kind)
    assert made == quietly(psec.mac.generate_retail_mac, key[:8], key[8:], data, padding)


@given(key=KEYS, arqc=ACS, arc=st.binary(min_size=2, max_size=2), csu=st.binary(min_size=4, max_size=12))
def test_answers_agree_with_pyemv(key: bytes, arqc: bytes, arc: bytes, csu: bytes) -> None:
    assert emv.arpc_1(key, arqc, arc) == quietly(pyemv.ac.generate_arpc_1, key, arqc, arc)
    expected = quietly(pyemv.ac.generate_arpc_2, key, arqc, csu[:4], csu[4:])
    assert emv.arpc_2(key, arqc, csu[:4], csu[4:]) == expected


def test_aes_agrees_with_nist_and_the_house_profile_is_made_of_it() -> None:
    key = octets("2B7E151628AED2A6ABF7158809CF4F3C")
    # FIPS 197 appendix B's key on the first block of SP 800-38A F.1.1.
    block = octets("6BC1BEE22E409F96E93D7E117393172A")
    assert aes_ecb(key, block).hex().upper() == "3AD77BB40D7A3660A89ECAF32466EF97"
    luk = house.limited_use_key(key, "5814200000000002", "00", b"\1\2\3\4")
    assert luk == house.cmac(emv.master_key_aes(key, "5814200000000002", "00"), b"LUK\1\2\3\4")
    keys = CardKeys.derive(Cvn.HOUSE, key, "5814200000000002", "00", atc=b"\0\7", luk_id=b"\1\2\3\4")
    assert keys.cryptogram(b"data") == house.cryptogram(luk, 7, b"data")
    assert keys.answer(bytes(8), b"00") == house.cryptogram(luk, 7, bytes(8) + b"00")


def test_a_limited_use_key_of_an_id_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput):
        CardKeys.derive(Cvn.HOUSE, bytes(16), "5814200000000002", "00", atc=b"\0\7")


def test_aes_answers_are_the_block_cipher_and_the_mac_themselves() -> None:
    key, arqc = octets(IMK), octets("0102030405060708")
    block = octets("3132030405060708") + bytes(8)
    assert emv.arpc_1_aes(key, arqc, octets("3030")) == aes_ecb(key, block)[:8]
    assert emv.arpc_2_aes(key, arqc, bytes(4), b"\1") == house.cmac(key, arqc + bytes(4) + b"\1")[:4]


@pytest.mark.parametrize("size", [0, 8, 15, 17, 24, 32])
def test_a_key_of_another_length_is_a_key_fault(size: int) -> None:
    for call in (emv.master_key, emv.master_key_aes):
        with pytest.raises(KeyFault):
            call(bytes(size), "5814200000000002", "00")
    with pytest.raises(KeyFault):
        emv.retail_mac(bytes(size), b"")


@pytest.mark.parametrize(
    ("pan", "psn"), [("", "00"), ("1" * 20, "00"), ("12A4", "00"), ("1234", "0"), ("1234", "x0"), ("۱۲۳۴", "00")]
)
def test_what_is_no_pan_derives_no_key(pan: str, psn: str) -> None:
    for call in (emv.master_key, emv.master_key_a, emv.master_key_b, emv.master_key_aes):
        with pytest.raises(BadInput):
            call(octets(IMK), pan, psn)


def test_values_of_another_length_are_refused() -> None:
    calls: tuple[Callable[[], bytes], ...] = (
        lambda: emv.arpc_1(octets(IMK), bytes(7), bytes(2)),
        lambda: emv.arpc_1(octets(IMK), bytes(8), bytes(3)),
        lambda: emv.arpc_2(octets(IMK), bytes(8), bytes(3)),
        lambda: emv.arpc_2(octets(IMK), bytes(8), bytes(4), bytes(9)),
        lambda: emv.session_key(octets(IMK), bytes(7)),
        lambda: emv.session_key_csk(octets(IMK), bytes(3)),
        lambda: emv.session_key_aes(octets(IMK), bytes(3)),
        lambda: emv.session_key_mchip(octets(IMK), bytes(2), bytes(3)),
    )
    for call in calls:
        with pytest.raises(BadInput):
            call()


@given(key=KEYS)
def test_odd_parity_changes_lowest_bits_only(key: bytes) -> None:
    made = emv.odd_parity(key)
    assert all(byte.bit_count() % 2 for byte in made)
    assert all((one ^ other) <= 1 for one, other in zip(key, made, strict=True))
