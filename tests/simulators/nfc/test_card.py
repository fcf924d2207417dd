"""The card application: exchanges to the byte, the order of commands, Le, and bytes that no terminal would send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import emv_card
from simulators.nfc import Entry, Kernel, Limits
from simulators.nfc_phone import NfcPhone
from tests.simulators.nfc.commands import RECORD_1, RECORD_2, SELECT_AID, SELECT_PPSE, generate, gpo, second
from tests.simulators.tokens import TOKEN, phone_with_token

FCI = "6F318409F05441504449414C01A52450075441504449414C9F38189F66049F02069F03069F1A0295055F2A029A039C019F37049000"
# The cryptogram is `openssl mac`'s over the data of CDOL1, 1280, 0007 and 9F10, under the session key of counter 7.
RECORDS = (
    "70598C219F02069F03069F1A0295055F2A029A039C019F37049F35019F45029F4C089F34038D09910A8A0295059F3704"
    "8E0C00000000000000002F031F039F0702FF009F0D0500000000009F0E0500000000009F0F0500000000009000"
)
MCHIP = [
    (RECORD_1, "7022570C5814200000000001D29112015A0858142000000000015F24032911305F3401009000"),
    (RECORD_2, RECORDS),
]
FORMAT_1 = [
    (SELECT_AID, FCI),
    (gpo(), "800A128008010100100101009000"),
    *MCHIP,
    (generate(), "8017800007359B7621FB7A8EEA01A1800000002026000100009000"),
]
FORMAT_2 = [
    (SELECT_AID, FCI),
    (gpo(), "770E82021280940808010100100101009000"),
    *MCHIP,
    (generate(), "77239F2701809F360200079F2608359B7621FB7A8EEA9F100C01A1800000002026000100009000"),
]
# `openssl mac` over the ARQC and "00", under the same key, then the response code.
ISSUER = "5B81CCCF09145C4F3030"


def said(phone: NfcPhone, *commands: str) -> str:
    """The answer to the last of these."""
    return [phone.transceive(bytes.fromhex(one)).hex().upper() for one in commands][-1]


def mchip(**changes: object) -> NfcPhone:
    phone = phone_with_token(**changes)
    phone.setting.kernel = Kernel.MCHIP
    return phone


@pytest.mark.parametrize(("template", "exchanges"), [(False, FORMAT_1), (True, FORMAT_2)])
def test_the_five_commands_of_a_tap_with_records_answer_to_the_byte(
    *, template: bool, exchanges: list[tuple[str, str]]
) -> None:
    phone = mchip()
    phone.setting.template = template

    assert [said(phone, command) for command, _ in exchanges] == [answer for _, answer in exchanges]


def test_the_directory_lists_every_application_with_its_priority_and_the_others_are_not_here() -> None:
    phone = phone_with_token()
    other = Entry(bytes.fromhex("A0000000031010"), b"OTHER", 1)
    phone.setting.directory = (Entry(emv_card.AID, b"TAPDIAL", 2), other)

    ppse = phone.transceive(bytes.fromhex(SELECT_PPSE))[:-2]

    discretionary = emv_card.find(ppse, "BF0C") or b""
    listed = [emv_card.parse(item.value) for item in emv_card.parse(discretionary)]
    assert [(entry[0].value, entry[2].value[0]) for entry in listed] == [(emv_card.AID, 2), (other.aid, 1)]
    assert emv_card.find(phone.transceive(bytes.fromhex(SELECT_AID))[:-2], "87") == b"\2"
    assert said(phone, "00A4040007A000000003101000") == "6A82"


def test_a_blocked_application_says_so_and_makes_no_cryptogram() -> None:
    phone = phone_with_token()
    phone.setting.blocked = True

    assert said(phone, SELECT_AID) == FCI[:-4] + "6283"
    assert said(phone, gpo()) == "6985"
    assert phone.token == TOKEN


STATUS = [
    ("a chain", "10A4040009F05441504449414C0100", "6884"),
    ("extended length", "00A404000000000E325041592E5359532E4444463031", "6700"),
    ("a logical channel", "01A4040009F05441504449414C0100", "6E00"),
    ("our class, no such instruction", "00CA9F3600", "6E00"),
    ("SELECT by file identifier", "00A40000023F0000", "6A86"),
    ("SELECT of the next one", "00A4040209F05441504449414C0100", "6A82"),
    ("SELECT with a name of four bytes", "00A4040004F054415000", "6700"),
    ("SELECT without a name", "00A4040000", "6700"),
    ("GET RESPONSE when nothing waits", "00C0000000", "6985"),
    ("GET RESPONSE with parameters", "00C0010000", "6A86"),
    ("READ RECORD before GET PROCESSING OPTIONS", RECORD_1, "6985"),
    ("GENERATE AC before GET PROCESSING OPTIONS", generate(), "6985"),
    ("GET DATA before SELECT", "80CA9F3600", "6985"),
    ("no instruction at all", "00A4", "6700"),
]


@pytest.mark.parametrize(("label", "command", "status"), STATUS)
@pytest.mark.parametrize("kernel", list(Kernel))
def test_what_comes_first_and_does_not_fit_gets_its_status_word(
    label: str, command: str, status: str, kernel: Kernel
) -> None:
    phone = phone_with_token()
    phone.setting.kernel = kernel

    assert said(phone, command) == status, label
    assert phone.token == TOKEN


IN_A_TAP = [
    ("another GET PROCESSING OPTIONS", gpo(), "6985"),
    ("a file that is not there", "00B2012C00", "6A82"),
    ("a record that is not there", "00B2020C00", "6A83"),
    ("a record by identifier", "00B2010800", "6A86"),
    ("a record without Le", "00B2010C", "6700"),
    ("a record with another Le", "00B2010C10", "6C24"),
    ("cryptogram of no kind", generate("C0"), "6A86"),
    ("cryptogram with a bit that means nothing", generate("81"), "6A86"),
    ("GENERATE AC of another length", "80AE80000400000000", "6700"),
    ("amount that is not decimal", generate().replace("000000025000", "00000002500A", 1), "6985"),
    ("data that is not here", "80CA9F1700", "6A88"),
    ("the counter", "80CA9F3600", "9F360200079000"),
    ("the counter with another Le", "80CA9F3602", "6C05"),
    ("what may be spent offline", "80CA9F5D00", "9F5D060000000000009000"),
]


@pytest.mark.parametrize(("label", "command", "answer"), IN_A_TAP)
def test_what_does_not_fit_in_the_middle_of_a_tap_leaves_it_as_it_was(label: str, command: str, answer: str) -> None:
    phone = mchip()
    said(phone, SELECT_AID, gpo())

    assert said(phone, command) == answer, label
    assert said(phone, generate()) == FORMAT_1[-1][1]


def test_an_amount_that_is_not_decimal_spends_no_counter() -> None:
    phone = phone_with_token()

    assert said(phone, SELECT_AID, gpo().replace("000000025000", "00000002500A", 1)) == "6985"
    assert phone.token == TOKEN


def test_an_answer_without_le_waits_and_is_fetched_whole_or_in_parts() -> None:
    phone = phone_with_token()

    assert said(phone, SELECT_AID[:-2]) == "6133"
    assert said(phone, "00C0000033") == FCI
    assert said(phone, SELECT_AID[:-2], "00C0000010") == FCI[:32] + "6123"
    assert said(phone, "00C0000040") == "6C23", "more than is left"
    assert said(phone, "00C0000000") == FCI[32:]
    assert said(phone, "00C0000000") == "6985"


def test_a_cryptogram_that_waits_is_made_once() -> None:
    phone = phone_with_token()

    assert said(phone, SELECT_AID, gpo()[:-2]) == "6140"
    assert said(phone, "00C0000000").startswith("773E820200409F36020007")
    assert phone.token is not None
    assert phone.token.atc == TOKEN.atc + 1


def test_another_command_lets_the_answer_go_that_waited() -> None:
    assert said(phone_with_token(), SELECT_AID[:-2], SELECT_PPSE, "00C0000000") == "6985"


@pytest.mark.parametrize(
    ("asked", "issuer", "kind"),
    [("40", ISSUER, "40"), ("00", ISSUER, "00"), ("40", "00" * 10, "00"), ("80", ISSUER, "00")],
)
def test_the_second_cryptogram_approves_only_upon_the_issuers_own_word(asked: str, issuer: str, kind: str) -> None:
    phone = mchip(offline_uses=2, offline_minor=900)
    said(phone, SELECT_AID, gpo())
    ac = bytes.fromhex(said(phone, generate())[10:26])
    arpc = emv_card.issuer_cryptogram(bytes.fromhex(TOKEN.luk), 7, ac, b"00").hex() + "3030"

    answer = said(phone, second(arpc if issuer == ISSUER else issuer, asked))

    assert (answer[:4], answer[4:6], answer[6:10]) == ("8017", kind, "0007")
    assert phone.token is not None
    assert phone.token.offline_uses == (0 if issuer == ISSUER else 2)
    assert said(phone, second(arpc)) == "6985", "there is no third"


def test_the_issuers_word_is_the_one_that_openssl_computes() -> None:
    phone = mchip()
    said(phone, *(command for command, _ in FORMAT_1))

    assert said(phone, second(ISSUER))[4:6] == "40"


@pytest.mark.parametrize(
    ("label", "qualifiers", "minor", "limits", "unlocked", "kind"),
    [
        ("online is asked for", "36804000", 500, Limits(3, 1_000), True, "80"),
        ("offline is allowed", "36004000", 500, Limits(3, 1_000), True, "40"),
        ("offline would be too much", "36004000", 1_001, Limits(3, 1_000), True, "80"),
        ("offline is not for this phone", "36004000", 500, Limits(), True, "80"),
        ("offline without the owner's hand", "36004000", 500, Limits(3, 1_000), False, "80"),
        ("the key may not sign so much", "36804000", 60_000, Limits(), True, "00"),
    ],
)
def test_a_phone_answers_what_its_limits_allow(
    *, label: str, qualifiers: str, minor: int, limits: Limits, unlocked: bool, kind: str
) -> None:
    phone = phone_with_token(amount_max_minor=50_000)
    phone.setting.offline, phone.cdcvm = limits, unlocked

    answer = said(phone, SELECT_AID, gpo(minor, qualifiers))

    assert emv_card.find(bytes.fromhex(answer)[:-2], "9F27") == bytes.fromhex(kind), label
    assert phone.shown is not None
    assert (phone.shown.amount_minor, phone.shown.kind) == (minor, int(kind, 16))


def test_a_locked_phone_that_must_be_unlocked_shows_the_amount_and_spends_nothing() -> None:
    phone = phone_with_token()
    phone.cdcvm = False

    assert said(phone, SELECT_AID, gpo(25_000, "36404000")) == "6985"
    assert phone.token == TOKEN
    assert phone.shown is not None
    assert (phone.shown.amount_minor, phone.shown.kind) == (25_000, None)
    phone.cdcvm = True
    assert said(phone, SELECT_AID, gpo(25_000, "36404000")).endswith("9F6C0200809000")


def test_a_terminal_that_counts_on_a_hand_that_was_not_there_is_declined() -> None:
    phone = mchip()
    phone.cdcvm = False

    assert said(phone, SELECT_AID, gpo(), generate(cvm="010002"))[4:6] == "00"


LENGTHS = st.sampled_from([SELECT_PPSE, SELECT_AID, gpo(), generate(), second(ISSUER), RECORD_1, "80CA9F3600"])
KNOWN = {"9000", "6283", "6700", "6884", "6985", "6a82", "6a83", "6a86", "6a88", "6d00", "6e00"}


@given(
    prefix=st.lists(LENGTHS, max_size=3),
    command=LENGTHS,
    cut=st.integers(0, 300),
    more=st.binary(max_size=300),
    kernel=st.sampled_from(list(Kernel)),
)
def test_every_command_in_every_wrong_length_and_order_gets_a_status_word(
    prefix: list[str], command: str, cut: int, more: bytes, kernel: Kernel
) -> None:
    phone = phone_with_token()
    phone.setting.kernel = kernel
    for one in prefix:
        phone.transceive(bytes.fromhex(one))

    answer = phone.transceive(bytes.fromhex(command)[:cut] + more)

    status = answer[-2:].hex()
    assert status in KNOWN or status[:2] in {"61", "6c"}
    assert len(answer) == 2 or status in {"9000", "6283"} or status[:2] == "61"
