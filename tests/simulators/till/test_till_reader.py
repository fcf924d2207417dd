"""The reader against the simulators' phone in both styles and formats, and against cards of other kinds."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from simulators import emv_card
from simulators.nfc import HOUSE, Entry, InProcess, Kernel, PhoneServer, TcpTransport, TornOff
from simulators.nfc_phone import NfcPhone
from simulators.till.deny import DenyList
from simulators.till.kernel import Asked, Limits, Rules
from simulators.till.reader import Chip, Failure, Reader, Sale
from tests.simulators.till.bench import offline_phone
from tests.simulators.tokens import LUK, PAN, TOKEN

TODAY = date(2026, 11, 27)
KERNELS = [(Kernel.GPO, False), (Kernel.MCHIP, False), (Kernel.MCHIP, True)]
OTHER = bytes.fromhex("A0000000041010")


def reader(**limits: int) -> Reader:
    return Reader(Rules(Limits(**limits)), DenyList())


async def read(phone: NfcPhone, amount: int = 25_000, *, online: bool = True, **limits: int) -> Chip | Failure:
    return await reader(**limits).read(InProcess(phone), Sale(amount, TODAY, online))


@pytest.mark.parametrize(("kernel", "template"), KERNELS)
async def test_every_style_brings_a_cryptogram_over_what_the_terminal_told(kernel: Kernel, *, template: bool) -> None:
    chip = await read(offline_phone(kernel, template=template))

    assert isinstance(chip, Chip)
    assert (chip.kind, chip.pan, chip.expiry) == (Asked.ARQC, PAN, "2911")
    assert chip.values["9F26"] == emv_card.cryptogram(bytes.fromhex(LUK), chip.values)
    assert (chip.values["95"].hex(), chip.values["9F34"].hex()) == ("8000008000", "1f0302")
    assert int.from_bytes(chip.values["DF8101"]) < 500


@pytest.mark.parametrize(("kernel", "template"), KERNELS)
async def test_below_the_floor_limit_and_without_a_line_the_phone_may_approve(
    kernel: Kernel, *, template: bool
) -> None:
    phone = offline_phone(kernel, template=template, uses_max=1)
    chip = await read(phone, 1_000, online=False, floor_minor=1_000)
    assert isinstance(chip, Chip)
    assert (chip.kind, chip.values["95"].hex()) == (Asked.TC, "8000000000")

    # Its counter is at its end: it wants its issuer now, and there is no line to it.
    assert await read(phone, 1_000, online=False, floor_minor=1_000) is Failure.ONLINE_ONLY


@pytest.mark.parametrize("kernel", list(Kernel))
async def test_above_the_limit_a_locked_phone_is_to_be_unlocked_first(kernel: Kernel) -> None:
    phone = offline_phone(kernel)
    phone.cdcvm = False
    assert await read(phone, 5_000_001) is Failure.SEE_PHONE
    phone.cdcvm = True
    chip = await read(phone, 5_000_001)
    assert isinstance(chip, Chip)
    assert chip.values["9F34"].hex() == "010002"


async def test_a_tap_above_the_most_that_is_taken_is_refused_before_the_phone_is_asked() -> None:
    phone = offline_phone()
    assert await read(phone, 1_001, cdcvm_max_minor=1_000) is Failure.TOO_LARGE
    assert phone.token == TOKEN


@pytest.mark.parametrize("kernel", list(Kernel))
async def test_a_token_on_the_deny_list_gets_nothing_even_online(kernel: Kernel) -> None:
    denied = Reader(Rules(), DenyList(endings=(PAN[-6:],)))
    assert await denied.read(InProcess(offline_phone(kernel)), Sale(1_000, TODAY, online=True)) is Failure.DENIED


@pytest.mark.parametrize("kernel", list(Kernel))
async def test_an_expired_token_is_told_to_the_house_and_sold_nothing_without_it(kernel: Kernel) -> None:
    phone = offline_phone(kernel)
    phone.token = replace(TOKEN, expiry="2610")
    chip = await read(phone)
    assert isinstance(chip, Chip)
    assert chip.values["95"][1] == (0x40 if kernel is Kernel.MCHIP else 0), "known before the cryptogram or not"
    assert await read(phone, 1_000, online=False, floor_minor=1_000) is Failure.ONLINE_ONLY


async def test_of_several_applications_the_first_that_both_know_is_taken_by_priority() -> None:
    phone = offline_phone()
    phone.setting.directory = (Entry(OTHER, b"OTHER", 1), replace(HOUSE, priority=2))
    chip = await read(phone)
    assert isinstance(chip, Chip)
    assert chip.values["84"] == emv_card.AID
    phone.setting.directory = (Entry(OTHER, b"OTHER", 1),)
    assert await read(phone) is Failure.REFUSED


async def test_a_blocked_application_is_refused() -> None:
    phone = offline_phone()
    phone.setting.blocked = True
    assert await read(phone) is Failure.REFUSED


COMMANDS = {Kernel.GPO: 3, Kernel.MCHIP: 6}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("kernel", "number"), [(kernel, at + 1) for kernel, count in COMMANDS.items() for at in range(count)]
)
async def test_torn_off_at_any_command_the_next_tap_brings_another_counter(
    kernel: Kernel, number: int, *, after: bool
) -> None:
    phone = offline_phone(kernel)
    phone.faults.tear_at, phone.faults.tear_after, phone.faults.tears_max = number, after, 1
    assert await read(phone) is Failure.TORN_OFF
    spent = phone.token.atc if phone.token else 0

    chip = await read(phone)
    assert isinstance(chip, Chip)
    assert int.from_bytes(chip.values["9F36"]) == spent + 1


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_an_answer_in_pieces_is_a_phone_that_is_gone(number: int) -> None:
    phone = offline_phone()
    phone.faults.truncate_at = number
    assert await read(phone) is Failure.TORN_OFF
    phone.faults.truncate_to = 9
    assert await read(phone) in {Failure.REFUSED, Failure.SEE_PHONE}


async def test_a_relay_shows_in_the_slowest_command() -> None:
    phone = offline_phone()
    phone.faults.delay_ms = 30
    chip = await read(phone)
    assert isinstance(chip, Chip)
    assert int.from_bytes(chip.values["DF8101"]) >= 30


@pytest.mark.parametrize("kernel", list(Kernel))
async def test_over_tcp_it_is_the_same_tap(kernel: Kernel) -> None:
    server = PhoneServer(offline_phone(kernel))
    await server.start("127.0.0.1", 0)
    try:
        chip = await reader().read(TcpTransport("127.0.0.1", server.port), Sale(25_000, TODAY, online=True))
    finally:
        await server.stop()
    assert isinstance(chip, Chip)
    assert chip.values["9F26"] == emv_card.cryptogram(bytes.fromhex(LUK), chip.values)


@dataclass
class Script:
    """A card that says what it is told to, command by command, and then nothing."""

    answers: list[bytes]
    heard: list[bytes] = field(default_factory=list)

    async def activate(self) -> None:
        self.heard.clear()

    async def transceive(self, apdu: bytes) -> bytes:
        self.heard.append(apdu)
        if len(self.heard) > len(self.answers):
            raise TornOff("the script is over")
        return self.answers[len(self.heard) - 1]

    async def deactivate(self) -> None:
        return


def tlv(tag: str, *parts: bytes) -> bytes:
    return emv_card.tlv(tag, b"".join(parts))


ENTRY = tlv("61", tlv("4F", emv_card.AID), tlv("87", b"\x01"))
DIRECTORY = tlv("6F", tlv("A5", tlv("BF0C", ENTRY))) + b"\x90\x00"
SELECTED = tlv("6F", tlv("84", emv_card.AID)) + b"\x90\x00"
STRIPE = [
    DIRECTORY,
    SELECTED,
    tlv("77", tlv("82", b"\x00\x00"), tlv("94", bytes.fromhex("08010100"))) + b"\x90\x00",
    tlv("70", tlv("9F6B", b"\x58\x14")) + b"\x90\x00",
]


@pytest.mark.parametrize(
    ("label", "answers", "failure"),
    [
        ("magnetic-stripe mode", STRIPE, Failure.STRIPE),
        ("nobody at home", [], Failure.TORN_OFF),
        ("no PPSE", [b"\x6a\x82"], Failure.REFUSED),
        ("an empty directory", [tlv("6F") + b"\x90\x00"], Failure.REFUSED),
        ("no TLV", [b"\x6f\x55\x90\x00"], Failure.REFUSED),
        (
            "a one-step answer without a cryptogram",
            [DIRECTORY, SELECTED, tlv("77", tlv("82", b"\0\0")) + b"\x90\x00"],
            Failure.REFUSED,
        ),
    ],
)
async def test_a_card_that_is_no_phone_of_ours_is_refused(label: str, answers: list[bytes], failure: Failure) -> None:
    assert await reader().read(Script(answers), Sale(1_000, TODAY, online=True)) is failure, label


async def test_an_answer_that_waits_is_fetched_and_a_wrong_length_is_put_right() -> None:
    directory = DIRECTORY[:-2]
    card = Script([b"\x61" + bytes([len(directory)]), DIRECTORY, b"\x6c\x0b", SELECTED])
    assert await reader().read(card, Sale(1_000, TODAY, online=True)) is Failure.TORN_OFF
    assert card.heard[1].hex() == f"00c00000{len(directory):02x}"
    assert card.heard[3] == card.heard[2][:-1] + b"\x0b"


async def test_a_card_that_points_at_endless_records_is_left() -> None:
    endless = tlv("80", bytes.fromhex("12800801FF00")) + b"\x90\x00"
    record = tlv("70", tlv("5A", b"\x58")) + b"\x90\x00"
    card = Script([DIRECTORY, SELECTED, endless, *[record] * 300])
    assert await reader().read(card, Sale(1_000, TODAY, online=True)) is Failure.REFUSED
    assert len(card.heard) < 25


class Liar(InProcess):
    """A phone that says another byte in one of its answers, or stops there."""

    def __init__(self, phone: NfcPhone, at: int, place: int, byte: int | None) -> None:
        super().__init__(phone)
        self.at, self.place, self.byte = at, place, byte
        self.lied = False

    async def transceive(self, apdu: bytes) -> bytes:
        answer = bytearray(await super().transceive(apdu))
        self.at -= 1
        if self.at == 0 and self.place < len(answer):
            self.lied = True
            answer[self.place :] = b"" if self.byte is None else bytes([self.byte]) + answer[self.place + 1 :]
        return bytes(answer)


@pytest.mark.parametrize(("kernel", "template"), KERNELS)
async def test_whatever_a_phone_says_the_reader_has_a_cryptogram_or_a_reason(kernel: Kernel, *, template: bool) -> None:
    for at in range(1, 7):
        for byte in (None, 0x00, 0x04, 0xC0, 0xFF):
            for place in range(256):
                phone = offline_phone(kernel, template=template)
                liar = Liar(phone, at, place, byte)
                chip = await reader().read(liar, Sale(25_000, TODAY, online=place % 2 == 0))
                if not liar.lied:
                    break
                if isinstance(chip, Chip):
                    assert (chip.pan.isdigit(), len(chip.expiry), len(chip.values["9F26"])) == (True, 4, 8)
