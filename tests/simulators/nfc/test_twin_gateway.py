"""The phone's card and the gateway's reading of DE55, written apart from one text: they understand each other."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import emv
from gateway.wire.emv import house
from simulators import emv_card
from simulators.nfc import Kernel, Limits, personal
from simulators.nfc_phone import NfcPhone
from tests.simulators.nfc.commands import SELECT_AID, generate, gpo
from tests.simulators.tokens import LUK, TOKEN, phone_with_token

TOLD = {
    "9F03": "000000000000",
    "9F1A": "0364",
    "5F2A": "0364",
    "9A": "261122",
    "9C": "00",
    "9F37": "CAFEBABE",
    "84": emv_card.AID.hex(),
}


def tapped(phone: NfcPhone, minor: int) -> Mapping[str, bytes]:
    """What a terminal has of a tap: what it told and what the card said, by tag."""
    told = {tag: bytes.fromhex(value) for tag, value in TOLD.items()}
    told |= {"9F02": bytes.fromhex(f"{minor:012d}"), "95": bytes(5)}
    phone.transceive(bytes.fromhex(SELECT_AID))
    processed = phone.transceive(bytes.fromhex(gpo(minor)))[:-2]
    if phone.setting.kernel is Kernel.GPO:
        inner = emv_card.find(processed, "77") or b""
        return told | {item.tag: item.value for item in emv_card.parse(inner)}
    told |= {"82": personal.AIP_MCHIP, "5F34": bytes.fromhex(TOKEN.psn), "95": bytes.fromhex("0000008000")}
    inner = emv_card.find(phone.transceive(bytes.fromhex(generate(minor=minor)))[:-2], "77") or b""
    return told | {item.tag: item.value for item in emv_card.parse(inner)}


@given(
    minor=st.integers(0, 10**12 - 1),
    kernel=st.sampled_from(list(Kernel)),
    unlocked=st.booleans(),
    offline=st.sampled_from([Limits(), Limits(3, 10**12)]),
)
def test_the_gateway_reads_and_verifies_every_tap_of_the_phone(
    *, minor: int, kernel: Kernel, unlocked: bool, offline: Limits
) -> None:
    phone = phone_with_token()
    phone.setting.kernel, phone.setting.template, phone.setting.offline = kernel, True, offline
    phone.cdcvm = unlocked

    values = tapped(phone, minor)
    icc = emv.parse_icc(b"".join(emv_card.tlv(tag, values[tag]) for tag in emv.REQUEST_TAGS))

    assert (icc.atc, icc.amount_minor, icc.iad.dki, icc.iad.luk_id.hex()) == (7, minor, 1, TOKEN.luk_id)
    assert icc.iad.cvn is emv.Cvn.HOUSE
    assert icc.iad.cdcvm_done is unlocked
    assert icc.is_arqc is (kernel is Kernel.MCHIP or not unlocked or offline == Limits())
    covered = b"".join(icc.values[tag] for tag in emv.AC_TAGS)
    assert house.cryptogram(bytes.fromhex(LUK), icc.atc, covered) == icc.cryptogram


@pytest.mark.parametrize("items", [personal.PDOL, personal.CDOL1, personal.CDOL2])
def test_both_read_the_cards_lists_alike(items: tuple[tuple[str, int], ...]) -> None:
    written = emv_card.dol(items)

    assert tuple((one.tag, one.length) for one in emv.parse_dol(written)) == items == emv_card.parse_dol(written)


ASKED = sorted({tag for tag, _ in (*personal.PDOL, *personal.CDOL1, *personal.CDOL2)} | {"57", "5A", "5F24", "9F7C"})


@given(
    items=st.lists(st.tuples(st.sampled_from(ASKED), st.integers(0, 12)), max_size=6),
    values=st.dictionaries(st.sampled_from(ASKED), st.binary(max_size=14)),
)
def test_both_fill_a_list_alike(items: list[tuple[str, int]], values: dict[str, bytes]) -> None:
    written = emv_card.dol(tuple(items))

    assert emv_card.fill(tuple(items), values) == emv.fill_dol(emv.parse_dol(written), values)


def test_the_proof_of_the_last_use_is_a_cryptogram_of_the_house() -> None:
    phone = phone_with_token()
    phone.wallet.number = "00004711"
    tapped(phone, 25_000)

    luk_id, atc, _, proof = phone.wallet.proof()

    data = b"TDLUK" + b"00004711" + bytes.fromhex(luk_id) + atc.to_bytes(2)
    assert proof == house.cryptogram(bytes.fromhex(LUK), atc, data)
