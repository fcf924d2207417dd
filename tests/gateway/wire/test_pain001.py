"""pain.001 as XSDs of another hand read it, the same octets for the same order, and no letter a bank would refuse."""

import importlib.resources
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.services.banking import BankPayment
from gateway.wire.iso20022 import Disagreement, Head, Letters, Profile, Version, Writer, written
from tests.gateway.wire.bank_files import IBAN
from wallet.money import EUR, Asset, Money, irr

PROFILE = Profile(
    Version.V09, "Social Security", IBAN, bic="BKMTIRTHXXX", initiator_id="SSO1", local_instrument="PAYA",
    category_purpose="SSBE", batch_booking=True,
)  # fmt: skip
PAYMENTS = (
    BankPayment("E1", irr(2_500_000), "Reza Mohammadi", IBAN, "Benefit S-12345674", "SSBE"),
    BankPayment("E2", irr(1), "رضا محمّدی", IBAN, "کمک هزینه"),
)


def head(payments: tuple[BankPayment, ...], asset: Asset = PAYMENTS[0].amount.asset) -> Head:
    total = Money(sum(payment.amount.minor for payment in payments), asset)
    return Head("ord_01KB", datetime(2026, 11, 27, 8, 30, tzinfo=UTC), date(2026, 11, 28), len(payments), total)


def octets(profile: Profile, payments: tuple[BankPayment, ...] = PAYMENTS, promised: Head | None = None) -> bytes:
    file = io.BytesIO()
    writer = Writer(file, profile, promised or head(payments, payments[0].amount.asset))
    writer.begin()
    for payment in payments:
        writer.add([payment])
    writer.finish()
    return file.getvalue()


@pytest.fixture(scope="module")
def schemas() -> dict[Version, etree.XMLSchema]:
    folder = importlib.resources.files("sepaxml") / "schemas"
    return {
        version: etree.XMLSchema(etree.fromstring((folder / f"{version.value}.xsd").read_bytes()))
        for version in Version
    }


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    "profile",
    [
        PROFILE,
        replace(PROFILE, bic="", initiator_id="", local_instrument="", category_purpose="", batch_booking=None),
        replace(PROFILE, service_level="URGP", batch_booking=False, letters=Letters.LATIN, name_max=70),
    ],
)
def test_what_is_written_is_valid_by_the_schema(
    schemas: dict[Version, etree.XMLSchema], version: Version, profile: Profile
) -> None:
    profile = replace(profile, version=version, uetr=version is Version.V09)

    schemas[version].assertValid(etree.fromstring(octets(profile)))


def test_rials_have_no_decimals_and_euros_have_two() -> None:
    euros = (replace(PAYMENTS[0], amount=Money(1250, EUR)),)

    assert b'<InstdAmt Ccy="IRR">2500000</InstdAmt>' in octets(PROFILE)
    assert b"<NbOfTxs>2</NbOfTxs><CtrlSum>2500001</CtrlSum>" in octets(PROFILE)
    assert b'<InstdAmt Ccy="EUR">12.50</InstdAmt>' in octets(PROFILE, euros)


def test_the_day_is_a_choice_in_the_new_version_and_a_day_in_the_old() -> None:
    assert b"<ReqdExctnDt><Dt>2026-11-28</Dt></ReqdExctnDt>" in octets(PROFILE)
    assert b"<ReqdExctnDt>2026-11-28</ReqdExctnDt>" in octets(replace(PROFILE, version=Version.V03))


def test_the_same_order_is_the_same_octets() -> None:
    assert octets(replace(PROFILE, uetr=True)) == octets(replace(PROFILE, uetr=True))


@pytest.mark.parametrize("promised", [replace(head(PAYMENTS), count=3), replace(head(PAYMENTS), total=irr(5))])
def test_payments_that_are_not_those_that_were_promised_make_no_file(promised: Head) -> None:
    with pytest.raises(Disagreement):
        octets(PROFILE, promised=promised)


def test_a_file_says_again_what_was_ordered() -> None:
    lines = octets(PROFILE).splitlines()

    assert list(written(lines)) == [("E1", irr(2_500_000)), ("E2", irr(1))]


@pytest.mark.parametrize(
    ("name", "in_latin"),
    [
        ("Reza Mohammadi", "Reza Mohammadi"),
        ("رضا محمدی", "Rza Mhmdi"),
        ("Zoë Łódź & Söhne", "Zoe Lodz + Sohne"),
        ("علی‌اکبر ۱۲", "Ali akbr 12"),
        ("<script>", ".script."),
        ("李", "."),
        ("", "-"),
        ("a\tb\nc", "a b c"),
    ],
)
def test_a_name_in_the_letters_of_a_bank_that_knows_latin_alone(name: str, in_latin: str) -> None:
    written_as = octets(replace(PROFILE, letters=Letters.LATIN), (replace(PAYMENTS[0], name=name),))

    assert f"<Cdtr><Nm>{in_latin}</Nm></Cdtr>".encode() in written_as


@given(name=st.text(max_size=200), remittance=st.text(max_size=200), letters=st.sampled_from(Letters))
def test_no_text_makes_a_file_that_is_no_xml(name: str, remittance: str, letters: Letters) -> None:
    payment = replace(PAYMENTS[0], name=name, remittance=remittance)

    root = etree.fromstring(octets(replace(PROFILE, letters=letters), (payment,)))
    found = root.findtext(".//{*}Cdtr/{*}Nm")
    assert found
    assert len(found) <= 140
    assert letters is Letters.ANY or found.isascii()
