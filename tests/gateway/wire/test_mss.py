"""Messages of mobile signature services: transcripts of both forms, every code, round trips, and what is hostile."""

import json
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire.mss import (
    ApInfo,
    Data,
    Fault,
    FaultCode,
    Form,
    JsonForm,
    Message,
    MimeType,
    MobileUser,
    Mode,
    ProfileRequest,
    ProfileResponse,
    ReceiptRequest,
    ReceiptResponse,
    Service,
    Signature,
    SignatureRequest,
    SignatureResponse,
    SoapForm,
    Standing,
    Status,
    StatusCode,
    StatusRequest,
    StatusResponse,
    decode,
)
from gateway.wire.mss.terms import PROFILES, Additional, Format
from gateway.wire.mss.values import BatchItem, NoSpamCode
from tests.gateway.wire.mss_transcripts import JSON, SOAP

FORMS: dict[str, Form] = {"json": JsonForm(), "soap": SoapForm()}
INSTANT = datetime(2015, 1, 1, 11, 0, tzinfo=UTC)
Built = TypeVar("Built")
EACH_FORM = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def standing(code: Status) -> Standing:
    return Standing(code=StatusCode(value=code), message=code.name)


AP = ApInfo(ap_id="mid://sso.example", password="secret", trans_id="REF0101120000", instant=INSTANT)
ECHO = ApInfo(ap_id="mid://sso.example", trans_id="REF0101120000", instant=INSTANT)
USER = MobileUser(msisdn="+41790000001")


@EACH_FORM
def test_a_request_is_written_as_services_document_it(form: Form) -> None:
    request = SignatureRequest(
        minor=2 if isinstance(form, JsonForm) else 1,
        mode=Mode.POLLED,
        timeout_s=80,
        ap=AP,
        user=USER,
        signed=Data(data="SSO: pay?", mime_type=MimeType.TEXT.value),
        profile="http://alauda.mobi/nonRepudiation",
        services=(Service.language("en"),),
        format=Format.CMS.value,
    )

    octets = form.encode(request)

    table = JSON if isinstance(form, JsonForm) else SOAP
    if isinstance(form, JsonForm):
        assert json.loads(octets) == json.loads(table["request"])
    else:
        assert octets.decode() == "".join(line.strip() for line in table["request"].splitlines())


@EACH_FORM
@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("signature", SignatureResponse, Status.SIGNATURE),
        ("taken", SignatureResponse, Status.REQUEST_OK),
        ("status", StatusResponse, Status.SIGNATURE),
        ("waiting", StatusResponse, Status.OUTSTANDING_TRANSACTION),
        ("profile", ProfileResponse, Status.REQUEST_OK),
        ("receipt", ReceiptResponse, Status.REQUEST_OK),
    ],
)
def test_answers_are_read_as_services_document_them(form: Form, name: str, kind: type[Message], status: Status) -> None:
    octets = (JSON if isinstance(form, JsonForm) else SOAP)[name].encode()

    answer = decode(form, octets, kind)

    assert isinstance(answer, (SignatureResponse, StatusResponse, ProfileResponse, ReceiptResponse))
    assert answer.standing.code.value is status
    assert answer.ap.trans_id == "REF0101120000"
    assert answer.ap.instant == INSTANT
    if isinstance(answer, (SignatureResponse, StatusResponse)):
        assert answer.user.msisdn == "+41790000001"
        assert answer.mssp_trans_id == "h4dhx"
        assert (answer.signature is not None) == (status is Status.SIGNATURE)
    if answer.standing.code.value is Status.SIGNATURE and isinstance(answer, StatusResponse):
        assert answer.signature is not None
        assert answer.signature.octets == b"0\x82\x08w\x06\t*\x86"


@EACH_FORM
def test_a_profile_tells_what_the_person_signs_with(form: Form) -> None:
    octets = (JSON if isinstance(form, JsonForm) else SOAP)["profile"].encode()

    answer = decode(form, octets, ProfileResponse)

    assert isinstance(answer, ProfileResponse)
    assert answer.profiles == ("SIGNATURE_PROFILE_1", "SIGNATURE_PROFILE_2")
    detail = answer.standing.detail
    assert detail is not None
    assert detail.profile is not None
    sim, apps = detail.profile.sscds.sim, detail.profile.sscds.apps
    assert sim is not None
    assert (sim.state, sim.pin.blocked) == ("ACTIVE", True)
    assert sim.card is not None
    assert (sim.card.mcc, sim.card.mnc) == ("228", "01")
    assert [(one.algorithm, one.state, one.certificates) for one in sim.certificates] == [
        ("RSA", "ACTIVE", (b"user", b"ca")),
        ("EC", "INACTIVE", (b"other", b"ca")),
    ]
    assert [app.state for app in apps] == ["INACTIVE"]


@EACH_FORM
@pytest.mark.parametrize("code", FaultCode)
def test_every_fault_comes_back_as_it_was(form: Form, code: FaultCode) -> None:
    fault = Fault(code, code.name, "A <detail> & more", by_receiver=code is FaultCode.INTERNAL_ERROR)

    assert decode(form, form.encode(fault), SignatureResponse) == fault


@EACH_FORM
def test_a_fault_is_read_as_services_document_it(form: Form) -> None:
    octets = (JSON if isinstance(form, JsonForm) else SOAP)["fault"].encode()

    assert decode(form, octets, SignatureResponse) == Fault(FaultCode.WRONG_PARAM, "WRONG_PARAM", "Illegal msisdn")


@EACH_FORM
@pytest.mark.parametrize("status", Status)
def test_every_status_comes_back_as_it_was(form: Form, status: Status) -> None:
    answer = StatusResponse(ap=ECHO, mssp_trans_id="h4dhx", user=USER, standing=standing(status))

    assert decode(form, form.encode(answer), StatusResponse) == answer


def built(kind: type[Built], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Built]:
    """As `st.builds`, which would also fill in the names of the wire."""
    return st.fixed_dictionaries(fields).map(lambda given: kind(**given))


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=60)
IDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}", fullmatch=True)
INSTANTS = st.integers(0, 4_000_000_000_000).map(
    lambda milliseconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
NUMBERS = st.from_regex(r"\+[0-9]{5,15}", fullmatch=True).map(lambda number: MobileUser(msisdn=number))
APS = built(
    ApInfo,
    ap_id=st.just("mid://sso.example"),
    password=st.none() | TEXTS,
    trans_id=IDS,
    instant=INSTANTS,
    url=st.none() | st.just("https://gateway.example/mss/callback"),
)
DATA = built(Data, data=TEXTS, mime_type=st.sampled_from([one.value for one in MimeType]))
STANDINGS = st.sampled_from(Status).map(standing)
SERVICES = st.sampled_from(
    [
        Service.language("fa"),
        Service.event("TXN-3D5K"),
        Service(description=Additional.NO_SPAM.value, no_spam=NoSpamCode(code="A12", verify="yes")),
        Service(description=Additional.VALIDATE.value),
        Service(
            description=Additional.BATCH_SIGN.value,
            batch=(
                BatchItem(signed=Data(data="AAAA", mime_type=MimeType.SHA256.value, encoding="BASE64")),
                BatchItem(signed=Data(data="BBBB", mime_type=MimeType.SHA256.value, encoding="BASE64")),
            ),
        ),
    ]
)
SIGNATURES = st.none() | st.binary(min_size=1, max_size=80).map(lambda octets: Signature(octets=octets))
MADE: st.SearchStrategy[Message] = st.one_of(
    built(
        SignatureRequest,
        ap=APS,
        mode=st.sampled_from(Mode),
        user=NUMBERS,
        signed=DATA,
        displayed=st.none() | DATA,
        timeout_s=st.none() | st.integers(1, 600),
        validity=st.none() | INSTANTS,
        services=st.lists(SERVICES, max_size=3).map(tuple),
        profile=st.none() | st.sampled_from(sorted(PROFILES)),
        format=st.none() | st.sampled_from([one.value for one in Format]),
        comparison=st.none() | st.just("exact"),
    ),
    built(SignatureResponse, ap=APS, mssp_trans_id=IDS, user=NUMBERS, signature=SIGNATURES, standing=STANDINGS),
    built(StatusRequest, ap=APS, mssp_trans_id=IDS),
    built(StatusResponse, ap=APS, mssp_trans_id=IDS, user=NUMBERS, signature=SIGNATURES, standing=STANDINGS),
    built(ProfileRequest, ap=APS, user=NUMBERS, params=st.none() | st.just("certs pinstatus")),
    built(ProfileResponse, ap=APS, profiles=st.just(tuple(sorted(PROFILES))), standing=STANDINGS),
    built(ReceiptRequest, ap=APS, mssp_trans_id=IDS, user=NUMBERS, message=st.none() | DATA),
    built(ReceiptResponse, ap=APS, standing=STANDINGS),
)


@EACH_FORM
@given(MADE)
def test_what_is_written_is_read_as_it_was(form: Form, made: Message) -> None:
    assert decode(form, form.encode(made), type(made)) == made


@EACH_FORM
@given(st.data())
def test_octets_from_anywhere_are_read_or_refused(form: Form, data: st.DataObject) -> None:
    octets = bytearray((JSON if isinstance(form, JsonForm) else SOAP)["signature"].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))

    try:
        answer = decode(form, bytes(octets), SignatureResponse)
    except BadInput:
        pass
    else:
        assert isinstance(answer, (SignatureResponse, Fault))


SIGNATURE = json.loads(JSON["signature"])["MSS_SignatureResp"]


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("AP_Info.AP_TransID", {"AP_Info": SIGNATURE["AP_Info"] | {"AP_TransID": "1abc"}}),
        ("AP_Info.Instant", {"AP_Info": SIGNATURE["AP_Info"] | {"Instant": "2015-01-01T11:00:00"}}),
        ("AP_Info.Instant", {"AP_Info": SIGNATURE["AP_Info"] | {"Instant": 1420110000}}),
        ("AP_Info.Instant", {"AP_Info": SIGNATURE["AP_Info"] | {"Instant": "2015-02-30T11:00:00Z"}}),
        ("AP_Info.Instant", {"AP_Info": SIGNATURE["AP_Info"] | {"Instant": "0001-01-01T00:00:00+14:00"}}),
        ("AP_Info", {"AP_Info": None}),
        ("AP_Info", {"AP_Info": []}),
        ("MSSP_TransID", {"MSSP_TransID": 7}),
        ("MSSP_TransID", {"MSSP_TransID": "x" * 65}),
        ("MSSP_TransID", {"MSSP_TransID": ["h4dhx"]}),
        ("MobileUser.MSISDN", {"MobileUser": {"MSISDN": "+41790000001 or another"}}),
        ("MobileUser.MSISDN", {"MobileUser": {"MSISDN": "a+41790"}}),
        ("MobileUser.MSISDN", {"MobileUser": {"MSISDN": "+41790000001\n"}}),
        ("Status.StatusCode.Value", {"Status": {"StatusCode": {"Value": "999"}}}),
        ("Status.StatusCode.Value", {"Status": {"StatusCode": {"Value": True}}}),
        ("Status.StatusCode", {"Status": {}}),
        ("Status", {"Status": None}),
        ("MSS_Signature.Base64Signature", {"MSS_Signature": {"Base64Signature": "***"}}),
        ("MSS_Signature.Base64Signature", {"MSS_Signature": {"Base64Signature": "A" * 131_073}}),
        ("MSS_Signature.Base64Signature", {"MSS_Signature": {}}),
        ("SignatureProfile", {"SignatureProfile": "x" * 513}),
        ("MajorVersion", {"MajorVersion": "-1"}),
    ],
)
def test_a_field_that_is_wrong_is_named_without_what_stands_in_it(field: str, changed: dict[str, object]) -> None:
    with pytest.raises(BadInput) as refused:
        decode(JsonForm(), json.dumps({"MSS_SignatureResp": SIGNATURE | changed}).encode(), SignatureResponse)

    assert str(refused.value).startswith(f"MSS_SignatureResp.{field}: ")
    assert "another" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(SIGNATURE))
def test_a_field_that_is_missing_is_named_unless_it_may_be(name: str) -> None:
    octets = json.dumps({"MSS_SignatureResp": {key: one for key, one in SIGNATURE.items() if key != name}}).encode()

    if name in {"AP_Info", "MSSP_TransID", "Status"}:
        with pytest.raises(BadInput, match=f"MSS_SignatureResp.{name}: missing"):
            decode(JsonForm(), octets, SignatureResponse)
    else:
        assert isinstance(decode(JsonForm(), octets, SignatureResponse), SignatureResponse)


def test_what_nobody_knows_is_passed_over() -> None:
    octets = json.dumps({"MSS_SignatureResp": SIGNATURE | {"New": {"deep": [1]}}, "More": 1}).encode()

    assert decode(JsonForm(), octets, SignatureResponse) == decode(
        JsonForm(), JSON["signature"].encode(), SignatureResponse
    )


HOSTILE_XML = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "<a>" * 100 + "</a>" * 100,
    "<a>" + "<b/>" * 1_000 + "</a>",
    SOAP["signature"].replace("soapenv:Body", "soapenv:Head"),
    SOAP["signature"].replace("MSS_SignatureResp ", "MSS_Other "),
    SOAP["signature"].replace("</mss:MSS_SignatureResp>", ""),
    '<?xml version="1.0" encoding="utf-16"?><a/>',
)


@pytest.mark.parametrize(
    ("form", "octets"),
    [
        *[
            (JsonForm(), octets)
            for octets in (b"", b"[]", b"null", b"7", b"\xff", b"{", b"[" * 100_000, b"1" * 5_000, b'{"a": 1e999}')
        ],
        (JsonForm(), b'{"MSS_SignatureResp": []}'),
        (JsonForm(), b'{"Fault": null}'),
        (JsonForm(), b'{"Fault": {"Code": {"SubCode": {"Value": "_999"}}}}'),
        (JsonForm(), b'{"Fault": {"Code": {"SubCode": {"Value": 401}}}}'),
        (JsonForm(), b" " * 262_145),
        (SoapForm(), b""),
        (SoapForm(), b"{}"),
        *[(SoapForm(), text.encode()) for text in HOSTILE_XML],
        (SoapForm(), SOAP["fault"].replace("mss:_101", "mss:101a").encode()),
        (SoapForm(), SOAP["fault"].replace("Subcode", "Sub").encode()),
    ],
)
def test_what_is_no_message_is_refused(form: Form, octets: bytes) -> None:
    with pytest.raises(BadInput):
        decode(form, octets, SignatureResponse)


def test_xml_does_not_carry_what_it_cannot() -> None:
    request = ReceiptRequest(ap=AP, mssp_trans_id="a", user=USER, message=Data(data="a\0b", mime_type="text/plain"))

    with pytest.raises(BadInput):
        SoapForm().encode(request)


@EACH_FORM
def test_lines_of_a_text_survive(form: Form) -> None:
    request = ReceiptRequest(
        ap=AP, mssp_trans_id="a", user=USER, message=Data(data="a\r\n b\n", mime_type="text/plain")
    )

    assert decode(form, form.encode(request), ReceiptRequest) == request


def test_no_value_tells_a_secret_by_its_name() -> None:
    request = ReceiptRequest(ap=AP, mssp_trans_id="a", user=USER, message=Data(data="secret", mime_type="text/plain"))

    assert "secret" not in repr(request)
    assert "4179" not in repr(request)
