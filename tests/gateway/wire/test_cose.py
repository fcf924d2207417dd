"""COSE_Sign1 and tokens: vectors of the working group and of RFC 8392, and everything that must be refused."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire import cose
from gateway.wire.cose import Algorithm, Claims, CoseRefusal, Sign1, SigningKey, VerifyKey, cbor

CONTENT = b"This is the content."


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=")


P256 = VerifyKey.p256(
    b"\x04" + b64("usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8") + b64("IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4")
)
P256_D = SigningKey.p256(b64("V8kgd2ZBRuh2dgyVINBUqpPDr7BOMGcF22CQMIUHtNM"))
ED = SigningKey.ed25519(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
TAIL = "A10442313154" + CONTENT.hex() + "5840EAE868ECC176883766C5DC5BA5B8DCA25DAB3C2E56A551CE5705B793914348E1"
PASS = TAIL + "9F43D6C6BA654472DA301B645B293C9BA939295B97C4BDB847782BFF384C5794"
AAD = TAIL + "55388B10C4F1B59A6733EAB416870A945111A4B2FBDBEF33A77234B1DEFF2F9B"
CTYP = TAIL + "72727F48461FABBBA2E343492DDECAC3983686250BC68E9F1A7A07D41225B59F"
EDDSA = (
    "D28445A201270300A10442313154546869732069732074686520636F6E74656E742E58407142FD2FF96D56DB85BEE905A76BA1D0"
    "B7321A95C8C4D3607C5781932B7AFB8711497DFA751BF40B58B3BCC32300B1487F3DB34085EEF013BF08F4A44D6FEF0D"
)

UNPROTECTED = (
    "D28441A0A201260442313154546869732069732074686520636F6E74656E742E5840EAE868ECC176883766C5DC5BA5B8DCA25DAB3C"
    "2E56A551CE5705B793914348E11A02E5F0344BF2D4EE5C7FD75A68A9F5E0B3CC1F1FC1409C189566586FF9D610"
)


@pytest.mark.parametrize(
    ("message", "key", "aad"),
    [
        ("8443A10126" + PASS, P256, ""),
        ("D28443A10126" + PASS, P256, ""),
        ("D83DD28443A10126" + PASS, P256, ""),
        ("D28443A10126" + AAD, P256, "11aa22bb33cc44dd55006699"),
        ("D28445A201260300" + CTYP, P256, ""),
        (EDDSA, ED.public, ""),
    ],
    ids=["sign-pass-03", "sign1-tests", "cwt-tag", "sign-pass-02", "ecdsa-sig-01", "eddsa-sig-01"],
)
def test_an_example_of_the_working_group_verifies(message: str, key: VerifyKey, aad: str) -> None:
    found = cose.verify1(bytes.fromhex(message), key, aad=bytes.fromhex(aad))
    assert isinstance(found, Sign1)
    assert (found.payload, found.kid) == (CONTENT, b"11")
    assert cose.verify1(bytes.fromhex(message), {b"11": key}, aad=bytes.fromhex(aad)) == found


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("D903E68443A10126" + PASS, CoseRefusal.MALFORMED),
        ("D28443A10126" + PASS.replace("546869732069", "546869732068"), CoseRefusal.WRONG_SIGNATURE),
        ("D2844AA10167756E6B6E6F776E" + PASS, CoseRefusal.ALGORITHM),
        ("D28445A201260300" + PASS, CoseRefusal.WRONG_SIGNATURE),
        ("D28441A0" + PASS, CoseRefusal.ALGORITHM),
        (UNPROTECTED, CoseRefusal.ALGORITHM),
    ],
    ids=["fail-01 tag", "fail-02 content", "fail-04 algorithm", "fail-06 added", "fail-07 emptied", "pass-01"],
)
def test_an_example_that_must_fail_is_refused_and_so_is_an_unprotected_algorithm(
    message: str, refusal: CoseRefusal
) -> None:
    assert cose.verify1(bytes.fromhex(message), P256) is refusal


def test_eddsa_signs_the_example_to_the_byte() -> None:
    assert cose.sign1(CONTENT, ED, kid=b"11", protected={3: 0}).hex().upper() == EDDSA
    assert ED.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_es256_signs_the_same_bytes_each_time_with_the_examples_key() -> None:
    made = cose.sign1(CONTENT, P256_D, kid=b"11", tagged=False)
    assert made == cose.sign1(CONTENT, P256_D, kid=b"11", tagged=False)
    assert made.hex().upper().startswith("8443A10126A10442313154")
    assert isinstance(cose.verify1(made, P256), Sign1)
    assert P256_D.public.raw == P256.raw


CWT = bytes.fromhex(
    "d28443a10126a104524173796d6d657472696345434453413235365850a70175636f61703a2f2f61732e6578616d706c652e636f6d0265"
    "6572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a5610d9f007420b7158"
    "405427c1ff28d23fbad1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08c8d4d4f96131680c429a01f85951ecee743a52b9b6"
    "3632c57209120e1c9e30"
)
CWT_KEY = bytes.fromhex(
    "a72358206c1382765aec5358f117733d281c1c7bdc39884d04a45a1e6c67c858bc206c1922582060f7f1a780d8a783bfb7a2dd6b2796e8"
    "128dbbcef9d3d168db9529971a36e7b9215820143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f20010102"
    "02524173796d6d657472696345434453413235360326"
)
START, END = datetime.fromtimestamp(1443944944, UTC), datetime.fromtimestamp(1444064944, UTC)
RFC = Claims("coap://as.example.com", "erikw", ("coap://light.example.com",), END, START, START, bytes.fromhex("0b71"))
SECOND = timedelta(seconds=1)


def rfc_cwt(now: datetime, leeway_s: int = 0, issuer: str = "", audience: str = "") -> Claims | CoseRefusal:
    key = VerifyKey.from_cose(CWT_KEY)
    return cose.verify_cwt(CWT, key, now=now, leeway_s=leeway_s, issuer=issuer, audience=audience)


def test_the_signed_token_of_rfc_8392_says_what_the_rfc_says() -> None:
    assert rfc_cwt(START) == RFC
    assert cose.write_claims(RFC) in CWT
    assert cose.verify_cwt(b"\xd8\x3d" + CWT, VerifyKey.from_cose(CWT_KEY), now=START, leeway_s=0) == RFC


@pytest.mark.parametrize(
    ("now", "leeway_s", "refusal"),
    [
        (START - SECOND, 0, CoseRefusal.NOT_YET_VALID),
        (START - SECOND, 1, None),
        (START - 61 * SECOND, 60, CoseRefusal.NOT_YET_VALID),
        (END - SECOND, 0, None),
        (END, 0, CoseRefusal.EXPIRED),
        (END, 1, None),
        (END + 60 * SECOND, 60, CoseRefusal.EXPIRED),
    ],
)
def test_a_token_counts_from_its_beginning_to_its_end_and_clocks_may_differ_by_the_leeway(
    now: datetime, leeway_s: int, refusal: CoseRefusal | None
) -> None:
    assert rfc_cwt(now, leeway_s) == (refusal or RFC)


def test_issuer_and_audience_are_who_they_must_be() -> None:
    assert rfc_cwt(START, issuer=RFC.issuer, audience=RFC.audience[0]) == RFC
    assert rfc_cwt(START, issuer="coap://other") is CoseRefusal.WRONG_ISSUER
    assert rfc_cwt(START, audience="coap://other") is CoseRefusal.WRONG_AUDIENCE


@pytest.mark.parametrize("leeway_s", [-1, 61])
def test_a_leeway_is_a_minute_at_most(leeway_s: int) -> None:
    with pytest.raises(AssertionError):
        rfc_cwt(START, leeway_s)


def test_a_token_without_an_end_is_refused() -> None:
    token = cose.sign_cwt(replace(RFC, expires_at=None), ED)
    assert cose.verify_cwt(token, ED.public, now=START, leeway_s=0) is CoseRefusal.NO_EXPIRY


def test_a_token_that_is_still_to_be_issued_is_refused() -> None:
    token = cose.sign_cwt(replace(RFC, not_before=None), ED, tagged=True)
    assert cose.verify_cwt(token, ED.public, now=START - SECOND, leeway_s=0) is CoseRefusal.NOT_YET_VALID


@pytest.mark.parametrize(
    "claims",
    [
        {1: 5, 4: 9},
        {1: b"x", 4: 9},
        {3: [1], 4: 9},
        {3: {}, 4: 9},
        {4: "9"},
        {4: True},
        {4: -1},
        {4: 2**63},
        {4: float("nan")},
        {4: float("inf")},
        {4: cbor2.CBORTag(1, 9)},
        {4: None},
        {4: 9, 5: "x"},
        {4: 9, 7: "x"},
        {True: 1, 4: 9},
        {b"x": 1, 4: 9},
        [],
        5,
    ],
)
def test_a_claim_of_another_type_is_refused(claims: object) -> None:
    payload = cbor2.dumps(claims)
    token = cose.sign1(payload, ED)
    assert cose.verify_cwt(token, ED.public, now=START, leeway_s=0) is CoseRefusal.CLAIMS
    with pytest.raises(BadInput):
        cose.read_claims(payload)


def test_an_empty_payload_has_no_claims() -> None:
    assert cose.verify_cwt(cose.sign1(b"", ED), ED.public, now=START, leeway_s=0) is CoseRefusal.CLAIMS


def message(protected: object, unprotected: object, payload: object = CONTENT, signature: object = None) -> bytes:
    raw = protected if isinstance(protected, bytes) else cbor2.dumps(protected)
    signed = ED.sign(cbor2.dumps(["Signature1", raw, b"", payload]))
    return b"\xd2" + cbor2.dumps([raw, unprotected, payload, signed if signature is None else signature])


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (message({1: -8}, {}), None),
        (message({1: -8, 2: [1]}, {}), None),
        (message({1: -8, 2: [1, 4], 4: b"11"}, {}), None),
        (message({1: -8, 2: [3], 3: 0}, {}), None),
        (message({1: -8, 2: [3]}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8, 2: [99], 99: 1}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8, 2: ["x"], "x": 1}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8, 2: []}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8, 2: 1}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8, 2: [True]}, {}), CoseRefusal.CRITICAL_HEADER),
        (message({1: -8}, {2: [1]}), CoseRefusal.MALFORMED),
        (message({1: -8}, {1: -8}), CoseRefusal.MALFORMED),
        (message({1: -8, 4: b"1"}, {4: b"1"}), CoseRefusal.MALFORMED),
        (message({1: -8}, {4: "11"}), CoseRefusal.MALFORMED),
        (message({1: -8}, {4: b""}), CoseRefusal.MALFORMED),
        (message({1: -8}, {4: b"1" * 65}), CoseRefusal.MALFORMED),
        (message({1: -8, b"x": 1}, {}), CoseRefusal.MALFORMED),
        (message({1: -8}, {True: 1}), CoseRefusal.MALFORMED),
        (message([1, -8], {}), CoseRefusal.MALFORMED),
        (message({1: -8}, []), CoseRefusal.MALFORMED),
        (message({1: -8}, {}, "text"), CoseRefusal.MALFORMED),
        (message({1: -8}, {}, None), CoseRefusal.MALFORMED),
        (message({1: -8}, {}, signature="x"), CoseRefusal.MALFORMED),
        (message({1: -8}, {}, signature=b""), CoseRefusal.WRONG_SIGNATURE),
        (message({1: -8}, {}, signature=bytes(64)), CoseRefusal.WRONG_SIGNATURE),
        (message({1: -7}, {}), CoseRefusal.ALGORITHM),
        (message({1: -257}, {}), CoseRefusal.ALGORITHM),
        (message({1: -8.0}, {}), CoseRefusal.ALGORITHM),
        (message({1: "EdDSA"}, {}), CoseRefusal.ALGORITHM),
        (message({1: [-8]}, {}), CoseRefusal.ALGORITHM),
        (message({}, {1: -8}), CoseRefusal.ALGORITHM),
        (message(b"", {1: -8}), CoseRefusal.ALGORITHM),
        (message(b"\xa2\x01\x27\x01\x27", {}), CoseRefusal.MALFORMED),
        (message(b"\xbf\x01\x27\xff", {}), CoseRefusal.MALFORMED),
        (message(b"\xa1\x01\x27\x00", {}), CoseRefusal.MALFORMED),
        (message({1: -8, 9: cbor2.CBORTag(35, "(")}, {}), CoseRefusal.MALFORMED),
        (message({1: -8}, {9: [[[[[[[[[]]]]]]]]]}), CoseRefusal.MALFORMED),
        (message({1: -8}, {}) + b"\0", CoseRefusal.MALFORMED),
        (b"\xd2" + message({1: -8}, {}), CoseRefusal.MALFORMED),
        (b"\xd8\x3d" + message({1: -8}, {})[1:], CoseRefusal.MALFORMED),
        (b"\xd8\x12" + message({1: -8}, {})[1:], CoseRefusal.MALFORMED),
        (message({1: -8}, {}, b"x" * 20_000), CoseRefusal.MALFORMED),
        (b"", CoseRefusal.MALFORMED),
        (b"\xd2", CoseRefusal.MALFORMED),
        (b"\x9b" + b"\xff" * 8, CoseRefusal.MALFORMED),
    ],
)
def test_a_hostile_message_is_refused_by_its_reason(sent: bytes, refusal: CoseRefusal | None) -> None:
    found = cose.verify1(sent, ED.public)
    if refusal is None:
        assert isinstance(found, Sign1)
    else:
        assert found is refusal


def test_the_key_is_the_one_that_the_message_names() -> None:
    sent = cose.sign1(CONTENT, ED, kid=b"a")
    assert isinstance(cose.verify1(sent, {b"a": ED.public, b"b": P256}), Sign1)
    assert cose.verify1(sent, {b"b": ED.public}) is CoseRefusal.UNKNOWN_KEY
    assert cose.verify1(cose.sign1(CONTENT, ED), {b"b": ED.public}) is CoseRefusal.UNKNOWN_KEY
    assert cose.verify1(sent, {b"a": P256}) is CoseRefusal.ALGORITHM
    other = SigningKey.ed25519(bytes(32))
    assert cose.verify1(sent, other.public) is CoseRefusal.WRONG_SIGNATURE


def test_a_detached_payload_is_given_and_only_then() -> None:
    sent = cose.sign1(CONTENT, ED, detached=True)
    assert isinstance(cose.verify1(sent, ED.public, payload=CONTENT), Sign1)
    assert cose.verify1(sent, ED.public, payload=b"other") is CoseRefusal.WRONG_SIGNATURE
    assert cose.verify1(sent, ED.public) is CoseRefusal.MALFORMED
    assert cose.verify1(cose.sign1(CONTENT, ED), ED.public, payload=CONTENT) is CoseRefusal.MALFORMED


@pytest.mark.parametrize("key", [ED, P256_D], ids=["eddsa", "es256"])
def test_a_changed_byte_is_never_taken(key: SigningKey) -> None:
    sent = cose.sign1(CONTENT, key, kid=b"11")
    # The key id is a hint outside the signature; and a tag in front may be there or not.
    free = {sent.index(b"11"), sent.index(b"11") + 1}
    for at in range(len(sent)):
        for change in (0x01, 0x20, 0x80, 0xFF):
            data = bytearray(sent)
            data[at] ^= change
            found = cose.verify1(bytes(data), {b"11": key.public})
            assert isinstance(found, CoseRefusal)
            if at in free:
                assert found in {CoseRefusal.UNKNOWN_KEY, CoseRefusal.MALFORMED}
        assert isinstance(cose.verify1(sent[:at], key.public), CoseRefusal)


@given(payload=st.binary(max_size=300), kid=st.binary(min_size=1, max_size=64), aad=st.binary(max_size=20))
def test_what_is_signed_verifies_and_is_read_back(payload: bytes, kid: bytes, aad: bytes) -> None:
    for key in (ED, P256_D):
        found = cose.verify1(cose.sign1(payload, key, kid=kid, aad=aad), key.public, aad=aad)
        assert isinstance(found, Sign1)
        assert (found.payload, found.kid) == (payload, kid)
        assert (
            cose.verify1(cose.sign1(payload, key, aad=aad), key.public, aad=aad + b"x") is CoseRefusal.WRONG_SIGNATURE
        )


TIMES = st.none() | st.integers(0, 32_503_680_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(
    claims=st.builds(
        Claims,
        issuer=st.text(max_size=9),
        subject=st.text(max_size=9),
        audience=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
        expires_at=TIMES,
        not_before=TIMES.map(lambda at: at and at.replace(microsecond=500_000)),
        cti=st.binary(max_size=9),
        others=st.dictionaries(st.integers(8, 99) | st.text(max_size=3), st.integers(-99, 99) | st.binary(max_size=4)),
    )
)
def test_claims_are_read_back_as_they_were_written(claims: Claims) -> None:
    written = cose.write_claims(claims)
    assert cose.read_claims(written) == claims
    assert cbor.encode(cbor.decode(written)) == written, "one form only"


@given(data=st.binary(max_size=200), head=st.sampled_from(["", "d284", "d28443a10127a0", "d83dd28443a10126a1"]))
def test_any_bytes_are_refused_and_raise_nothing_else(data: bytes, head: str) -> None:
    sent = bytes.fromhex(head) + data
    assert isinstance(cose.verify1(sent, ED.public), CoseRefusal)
    try:
        cose.read1(sent)
    except BadInput:
        return


@pytest.mark.parametrize(
    "key",
    [
        {1: 1, -1: 6, -2: bytes(31)},
        {1: 1, -1: 5, -2: bytes(32)},
        {1: 1, -1: 6, -2: "x"},
        {1: 1, -1: 6, -2: ED.public.raw, 3: -7},
        {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)},
        {1: 2, -1: 2, -2: P256.raw[1:33], -3: P256.raw[33:]},
        {1: 2, -1: 1, -2: P256.raw[1:33], -3: P256.raw[33:], 3: -8},
        {1: 2, -1: 1, -2: P256.raw[1:33], -3: True},
        {1: 4, -1: b"secret"},
        {},
        [],
    ],
)
def test_what_is_no_key_of_ours_is_refused(key: object) -> None:
    with pytest.raises(BadInput):
        VerifyKey.from_cose(cbor2.dumps(key))


def test_keys_are_read_from_every_form() -> None:
    assert VerifyKey.from_cose(cbor2.dumps({1: 1, -1: 6, -2: ED.public.raw, 3: -8})).raw == ED.public.raw
    even = b"\x02" if P256.raw[-1] % 2 == 0 else b"\x03"
    assert VerifyKey.p256(even + P256.raw[1:33]).raw == P256.raw
    assert (ED.algorithm, P256_D.algorithm) == (Algorithm.EDDSA, Algorithm.ES256)
    for call in (VerifyKey.p256, VerifyKey.ed25519):
        with pytest.raises(BadInput):
            call(b"\x04" + bytes(64))
    assert "9d61" not in repr(ED)
