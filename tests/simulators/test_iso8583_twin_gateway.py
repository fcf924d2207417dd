"""Twins: what phone and terminal send, read by the gateway's own implementation, and the other way round."""

import asyncio
import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.tokens import sealing
from gateway.wire import emv
from gateway.wire import iso8583 as gateway_iso
from gateway.wire.emv import house
from simulators import emv_card
from simulators.faults import Faults
from simulators.nfc_phone import unseal
from simulators.terminal import Terminal, TerminalConfig
from simulators.till import iso8583
from simulators.till.iso8583 import Message
from simulators.trace import Trace
from tests.simulators.acquirer import KEY, Acquirer
from tests.simulators.tokens import LUK, PAN, TOKEN, phone_with_token

ROOT_KEY = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
"""Both the issuer's master key and the acquirer's key of these vectors."""


def mac_of(span: bytes) -> bytes:
    return house.cmac(house.terminal_key(ROOT_KEY, "TERM0001"), span)[:8]


def test_both_derive_the_keys_that_openssl_derived() -> None:
    luk = house.limited_use_key(ROOT_KEY, PAN, "00", bytes.fromhex("20260001"))

    assert luk.hex() == LUK
    assert house.terminal_key(ROOT_KEY, "TERM0001") == KEY
    assert emv.session_key_aes(luk, b"\0\7") == emv_card.session_key(luk, 7)
    assert emv.AC_TAGS == emv_card.AC_DATA
    assert emv.AID == emv_card.AID


async def test_the_gateway_reads_every_message_of_a_tap_and_of_a_reversal() -> None:
    async with Acquirer().listening() as acquirer, asyncio.TaskGroup() as tasks:
        config = TerminalConfig("TERM0001", "PHARMACY000001", "Moradi Pharmacy", KEY)
        faults = Faults()
        terminal = Terminal(config, host="127.0.0.1", port=acquirer.port, faults=faults, trace=Trace())
        task = tasks.create_task(terminal.run())
        await terminal.pay(25_000, phone_with_token())
        faults.terminal_line_cut = True
        await terminal.pay(1_000, phone_with_token())
        async with asyncio.timeout(5):
            await terminal.drained()
        task.cancel()

    assert {message.mti for message in acquirer.got} == {"0800", "0100", "0220", "0420"}
    for raw, own in zip(acquirer.raw, acquirer.got, strict=True):
        span, mac = gateway_iso.split_mac(raw)
        read = gateway_iso.decode(raw)
        assert mac == mac_of(span)
        assert read.mti == own.mti
        assert {number: read.text(number) for number in read.fields if number not in (55, 64)} == own.fields
        assert read.binary(55) == own.icc
        assert gateway_iso.encode(read) == raw, "written again it has the same bytes"


async def test_the_gateway_verifies_the_cryptogram_that_the_phone_made() -> None:
    async with Acquirer().listening() as acquirer, asyncio.TaskGroup() as tasks:
        config = TerminalConfig("TERM0001", "PHARMACY000001", "Moradi Pharmacy", KEY)
        terminal = Terminal(config, host="127.0.0.1", port=acquirer.port, faults=Faults(), trace=Trace())
        task = tasks.create_task(terminal.run())
        await terminal.pay(25_000, phone_with_token())
        task.cancel()
    tap = emv.parse_icc(acquirer.of("0100")[0].icc)

    data = emv.ac_data(tap)

    assert tap.is_arqc
    assert tap.iad.cdcvm_done
    assert (tap.atc, tap.amount_minor, tap.iad.luk_id.hex()) == (7, 25_000, "20260001")
    assert house.cryptogram(bytes.fromhex(LUK), tap.atc, data) == tap.cryptogram


@pytest.mark.parametrize("mti", ["0110", "0430", "0810"])
def test_the_terminal_reads_what_the_gateway_writes(mti: str) -> None:
    fields: dict[int, str | bytes] = {11: "000007", 39: "00", 41: "TERM0001"}
    fields |= {55: bytes.fromhex("91081122334455667788")} if mti == "0110" else {}
    fields |= {90: iso8583.original_data("0100", "000001", "1122080000", "581420")} if mti == "0430" else {}
    fields |= {70: "001"} if mti == "0810" else {}
    span = gateway_iso.encode_span(gateway_iso.Message(mti, fields))

    read = iso8583.decode(span + mac_of(span), KEY)

    assert read.mti == mti
    assert read.fields == {number: value for number, value in fields.items() if number != 55}
    assert read.icc == fields.get(55, b"")


@given(
    pan=st.text("0123456789", min_size=12, max_size=19),
    amount=st.integers(0, 10**12 - 1),
    icc=st.binary(min_size=1, max_size=255),
    reference=st.booleans(),
)
def test_both_write_the_same_bytes_for_the_same_values(pan: str, amount: int, icc: bytes, *, reference: bool) -> None:
    fields = {2: pan, 3: "000000", 4: f"{amount:012d}", 41: "TERM0001", 42: f"{'SHOP':<15}"}
    fields |= {90: iso8583.original_data("0100", "000001", "1122080000", "581420")} if reference else {}

    ours = iso8583.encode(Message("0100", fields, icc), KEY)
    span = gateway_iso.encode_span(gateway_iso.Message("0100", {**fields, 55: icc}))

    assert ours == span + mac_of(span)


def test_the_phone_opens_what_the_gateway_sealed_to_it_and_nothing_bound_to_another_token() -> None:
    key = X25519PrivateKey.generate()
    luk = bytes.fromhex(LUK)
    sealed = sealing.seal_to(key.public_key().public_bytes_raw(), luk, TOKEN.token_id.encode())
    ephemeral_key, box = (base64.b64encode(part).decode() for part in sealed)

    assert unseal(key, ephemeral_key, box, TOKEN.token_id) == luk
    with pytest.raises(InvalidTag):
        unseal(key, ephemeral_key, box, "tok_of_somebody_else")
