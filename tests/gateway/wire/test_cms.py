"""Signatures are verified by five checks, and every way to fail one is refused by its name."""

import hashlib
from collections.abc import Callable

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire.cms import CmsRefusal, Roots, Verified, verify
from gateway.wire.cms.der import is_positive
from tests.gateway.wire.pki import DAY, NOW, TEXT, Holder, Making, ec_key, issue, rsa_key

ROOT = issue("Root", ec_key(), ca=True)
BETWEEN = issue("Between", ec_key(), ROOT, ca=True, path=0)
PERSON = issue("Leila", ec_key(), BETWEEN)
CHAIN = (PERSON.der, BETWEEN.der)
RSA_PERSON = issue("Reza", rsa_key(), ROOT)
ROOTS = Roots([ROOT.der])
GOOD = Making(PERSON, certificates=CHAIN)
GOOD_OCTETS = GOOD.octets()


def checked(octets: bytes, roots: Roots = ROOTS, content: bytes = TEXT) -> Verified | CmsRefusal:
    return verify(octets, roots, NOW, content=content)


MADE: dict[str, Making] = {
    "attached": GOOD,
    "detached": GOOD.but(attached=None),
    "by key identifier": GOOD.but(by_key_id=True),
    "P-384 and SHA-384": Making(issue("P", ec_key(ec.SECP384R1()), ROOT), digest="sha384"),
    "RSA": Making(RSA_PERSON),
    "RSA and SHA-512": Making(RSA_PERSON, digest="sha512"),
    "RSA-PSS": Making(RSA_PERSON, pss=True),
    "the root in the message too": GOOD.but(certificates=(ROOT.der, *CHAIN)),
    "one certificate twice": GOOD.but(certificates=(*CHAIN, PERSON.der)),
    "no key usage": Making(issue("P", ec_key(), ROOT, uses=[])),
    "digital signature": Making(issue("P", ec_key(), ROOT, uses=["digital_signature"])),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_good_signature_names_its_signer(made: Making) -> None:
    answer = checked(made.octets())

    assert isinstance(answer, Verified)
    assert answer.serial == str(made.signer.certificate.serial_number)
    assert answer.subject == made.signer.certificate.subject.rfc4514_string()
    assert answer.certificate == made.signer.der


@pytest.mark.parametrize("attached", [TEXT, None])
def test_a_digest_stands_for_the_content_that_it_is_of(attached: bytes | None) -> None:
    octets = GOOD.but(attached=attached).octets()

    good = verify(octets, ROOTS, NOW, digest=hashlib.sha256(TEXT).digest())
    other = verify(octets, ROOTS, NOW, digest=hashlib.sha256(b"another batch").digest())

    assert isinstance(good, Verified)
    assert other is CmsRefusal.CONTENT


def _doubled(made: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    return [*made, made[2]]


def _two_values(made: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    values = [made[2]["values"][0], b"\0" * 32]
    return [*made[:2], cms.CMSAttribute({"type": "message_digest", "values": values})]


def _wrong_type(made: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    return [cms.CMSAttribute({"type": "content_type", "values": ["enveloped_data"]}), *made[1:]]


def _chain(*, ca: bool = True, path: int | None = None, **changes: object) -> Making:
    """A signer under an authority between, which has something wrong with it."""
    between = issue("Between", ec_key(), ROOT, ca=ca, path=path, **changes)  # type: ignore[arg-type]
    person = issue("P", ec_key(), between)
    return Making(person, certificates=(person.der, between.der))


def _too_long_for_its_path() -> Making:
    first = issue("First", ec_key(), ROOT, ca=True, path=0)
    second = issue("Second", ec_key(), first, ca=True)
    person = issue("P", ec_key(), second)
    return Making(person, certificates=(person.der, second.der, first.der))


def _under(**changes: object) -> Making:
    return Making(issue("P", ec_key(), ROOT, **changes))  # type: ignore[arg-type]


def _self_made() -> Making:
    root = issue("Root", ec_key(), ca=True)
    person = issue("P", ec_key(), root)
    return Making(person, certificates=(person.der, root.der))


STAMPS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
CONSTRAINED = x509.NameConstraints([x509.DNSName("example.org")], None)
BAD: dict[str, tuple[CmsRefusal, Callable[[], Making]]] = {
    "two signers": (CmsRefusal.SIGNERS, lambda: GOOD.but(signers=2)),
    "no signer": (CmsRefusal.SIGNERS, lambda: GOOD.but(signers=0)),
    "no certificate": (CmsRefusal.NO_CERTIFICATE, lambda: GOOD.but(certificates=(BETWEEN.der,))),
    "another's certificate": (CmsRefusal.NO_CERTIFICATE, lambda: GOOD.but(certificates=(RSA_PERSON.der,))),
    "no signed attributes": (CmsRefusal.TYPE, lambda: GOOD.but(attributes=lambda _made: [], signed=lambda _set: TEXT)),
    "another type of content": (CmsRefusal.TYPE, lambda: GOOD.but(attributes=_wrong_type)),
    "a doubled attribute": (CmsRefusal.MALFORMED, lambda: GOOD.but(attributes=_doubled)),
    "an attribute of two values": (CmsRefusal.MALFORMED, lambda: GOOD.but(attributes=_two_values)),
    "no message digest": (CmsRefusal.MALFORMED, lambda: GOOD.but(attributes=lambda made: made[:2])),
    "no content type": (CmsRefusal.MALFORMED, lambda: GOOD.but(attributes=lambda made: made[1:])),
    "nine certificates": (CmsRefusal.MALFORMED, lambda: GOOD.but(certificates=[PERSON.der] * 9)),
    "expired": (CmsRefusal.DATE, lambda: _under(days=(-30, -1))),
    "not yet valid": (CmsRefusal.DATE, lambda: _under(days=(1, 30))),
    "for encryption": (CmsRefusal.USAGE, lambda: _under(uses=["key_encipherment"])),
    "an authority that signs": (CmsRefusal.USAGE, lambda: _under(ca=True, uses=["digital_signature"])),
    "an unknown critical extension": (CmsRefusal.USAGE, lambda: _under(extra=CONSTRAINED)),
    "a time stamp's": (CmsRefusal.USAGE, lambda: _under(extra=STAMPS)),
    "SHA-1 in the signature": (CmsRefusal.WEAK, lambda: Making(RSA_PERSON, digest="sha1")),
    "SHA-1 under SHA-256": (CmsRefusal.WEAK, lambda: Making(RSA_PERSON, signature_hash="sha1")),
    "a mixture of hashes": (CmsRefusal.WEAK, lambda: GOOD.but(signature_hash="sha384")),
    "RSA of 1024 bits": (CmsRefusal.WEAK, lambda: Making(issue("P", rsa_key(bits=1024), ROOT))),
    "another curve": (CmsRefusal.WEAK, lambda: Making(issue("P", ec_key(ec.SECP256K1()), ROOT))),
    "SHA-1 in the path": (CmsRefusal.PATH, lambda: Making(_sha1_signed(), digest="sha256")),
    "another root of the same name": (CmsRefusal.PATH, _self_made),
    "nothing between": (CmsRefusal.PATH, lambda: GOOD.but(certificates=(PERSON.der,))),
    "between is no authority": (CmsRefusal.PATH, lambda: _chain(ca=False)),
    "between says nothing": (CmsRefusal.PATH, lambda: _chain(constraints=False)),
    "between may not issue": (CmsRefusal.PATH, lambda: _chain(uses=["crl_sign"])),
    "between is expired": (CmsRefusal.PATH, lambda: _chain(days=(-30, -1))),
    "between is constrained": (CmsRefusal.PATH, lambda: _chain(extra=CONSTRAINED)),
    "between is constrained, by the way": (CmsRefusal.PATH, lambda: _chain(extra=CONSTRAINED, critical=False)),
    "too long a path": (CmsRefusal.PATH, _too_long_for_its_path),
    "a name that leads elsewhere": (CmsRefusal.PATH, lambda: _under(issuer_name="Other")),
    "another's key": (CmsRefusal.SIGNATURE, lambda: GOOD.but(key=ec_key())),
    "an RSA signature under an EC certificate": (CmsRefusal.SIGNATURE, lambda: GOOD.but(key=rsa_key())),
    "signed as it lay, not as a set": (
        CmsRefusal.SIGNATURE,
        lambda: GOOD.but(signed=lambda octets: b"\xa0" + octets[1:]),
    ),
    "another text": (CmsRefusal.CONTENT, lambda: GOOD.but(content=b"other", attached=b"other")),
    "another text, detached": (CmsRefusal.CONTENT, lambda: GOOD.but(content=b"other", attached=None)),
    "signed another than is inside": (CmsRefusal.CONTENT, lambda: GOOD.but(content=b"other")),
    "inside another than is signed": (CmsRefusal.CONTENT, lambda: GOOD.but(attached=b"other")),
}


def _sha1_signed() -> Holder:
    """No library here signs so any more: the certificate is told to be so afterwards, its path is looked at first."""
    holder = issue("P", ec_key(), ROOT)
    # ecdsa-with-SHA256 (1.2.840.10045.4.3.2) becomes ecdsa-with-SHA224 (…4.3.1), of the same length and as weak.
    der = holder.der.replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040301"))
    return Holder(x509.load_der_x509_certificate(der), holder.key)


@pytest.mark.parametrize(("refusal", "made"), BAD.values(), ids=BAD)
def test_what_fails_a_check_is_refused_by_its_name(refusal: CmsRefusal, made: Callable[[], Making]) -> None:
    assert checked(made().octets()) is refusal


def test_a_signature_of_then_is_still_good_when_its_certificate_has_expired() -> None:
    assert isinstance(verify(GOOD_OCTETS, ROOTS, NOW, content=TEXT), Verified)
    assert verify(GOOD_OCTETS, ROOTS, NOW + 31 * DAY, content=TEXT) is CmsRefusal.DATE


def test_a_heap_of_authorities_of_one_name_costs_no_time() -> None:
    heap = [issue("Root", ec_key(), ca=True).der for _ in range(7)]
    person = issue("P", ec_key(), issue("Root", ec_key(), ca=True))

    assert checked(Making(person, certificates=(person.der, *heap)).octets()) is CmsRefusal.PATH


INDEFINITE = b"\x30\x80" + GOOD_OCTETS[4:] + b"\0\0"
LONG = b"\x30\x83\0" + GOOD_OCTETS[2:4] + GOOD_OCTETS[4:]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x05\x00",
        b"\x00" * 100,
        GOOD_OCTETS[:-1],
        GOOD_OCTETS + b"\0",
        GOOD_OCTETS * 2,
        INDEFINITE,
        LONG,
        b"\x30\x80" * 30_000,
        b"\x30\x84\xff\xff\xff\xff" * 1_000,
        b"\x30\x82\xff\xfa" + b"\x05\x00" * 32_765,
        b"\0" * 5_000_000,
        PERSON.der,
    ],
    ids=range(15),
)
def test_what_is_no_signed_data_in_der_is_refused(octets: bytes) -> None:
    assert checked(octets) in {CmsRefusal.MALFORMED, CmsRefusal.TYPE}


@pytest.mark.parametrize(
    ("element", "positive"),
    [
        (b"\x02\x01\x01", True),
        (b"\x02\x02\x00\x80", True),
        (b"\x02\x01\x00", False),
        (b"\x02\x01\x80", False),
        (b"\x02\x00", False),
        (b"\x04\x01\x01", False),
        (b"", False),
    ],
)
def test_a_serial_number_is_above_zero(element: bytes, *, positive: bool) -> None:
    assert is_positive(element) is positive


@settings(max_examples=60)
@given(st.data())
def test_whatever_is_changed_in_a_signature_refuses_it_or_changes_nothing_that_is_signed(data: st.DataObject) -> None:
    octets = bytearray(GOOD_OCTETS)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))

    answer = checked(bytes(octets))

    if isinstance(answer, Verified):
        assert answer.serial == str(PERSON.certificate.serial_number)


def test_every_octet_that_is_flipped_is_refused_or_lies_outside_what_is_signed() -> None:
    """Never an exception, and never another signer or content: all of it, one bit an octet."""
    for at in range(len(GOOD_OCTETS)):
        octets = bytearray(GOOD_OCTETS)
        octets[at] ^= 1 << (at % 8)
        answer = checked(bytes(octets))
        assert not isinstance(answer, Verified) or answer.serial == str(PERSON.certificate.serial_number)


def test_roots_are_authorities_with_strong_keys() -> None:
    for raw in (PERSON.der, b"\x30\x00", issue("Weak", rsa_key(bits=1024), ca=True).der):
        with pytest.raises(BadInput):
            Roots([raw])
    with pytest.raises(BadInput):
        Roots.of_pem(b"nothing")
    assert isinstance(verify(GOOD_OCTETS, Roots.of_pem(ROOT.pem), NOW, content=TEXT), Verified)
