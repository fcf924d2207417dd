"""The SOAP form says the same as the JSON form."""

import pytest

from simulators.mssp import Habit
from tests.simulators.mssp.provider import ENVELOPE, FIRST, TEXT, Bench, found

USER = f"<mss:MobileUser><mss:MSISDN>{FIRST}</mss:MSISDN></mss:MobileUser>"
DATA = f'<mss:DataToBeSigned MimeType="text/plain" Encoding="UTF-8">{TEXT}</mss:DataToBeSigned>'
PROFILE = (
    "<mss:SignatureProfile><mss:mssURI>http://alauda.mobi/nonRepudiation</mss:mssURI></mss:SignatureProfile>"
    "<mss:AdditionalServices><mss:Service><mss:Description>"
    "<mss:mssURI>http://mss.ficom.fi/TS102204/v1.0.0#userLang</mss:mssURI></mss:Description>"
    "<fi:UserLang>EN</fi:UserLang></mss:Service></mss:AdditionalServices>"
)
SIGN = ("MSS_SignaturePort", "MSS_Signature", "MSS_SignatureReq")


async def test_a_signature_and_its_receipt(mss: Bench) -> None:
    mss.phone.habit = Habit.SIGNS

    answer = await mss.soap(*SIGN, USER + DATA + PROFILE, MessagingMode="synch", TimeOut="80")

    assert found(r'StatusCode Value="(\d+)"', answer) == "500"
    assert found(r"<mss:Base64Signature>([A-Za-z0-9+/=]+)<", answer)
    assert found(r"<mss:mssURI>(.*?)<", answer) == "http://alauda.mobi/nonRepudiation"
    name = found(r'MSSP_TransID="(.*?)"', answer)
    message = '<mss:Message MimeType="text/plain" Encoding="UTF-8">Done</mss:Message>'
    receipt = await mss.soap("MSS_ReceiptPort", "MSS_Receipt", "MSS_ReceiptReq", USER + message, MSSP_TransID=name)
    assert found(r'StatusCode Value="(\d+)"', receipt) == "100"
    assert list(mss.phone.receipts) == ["Done"]


async def test_an_asynchronous_signature_is_polled(mss: Bench) -> None:
    started = await mss.soap(*SIGN, USER + DATA, MessagingMode="asynchClientServer")
    name = found(r'MSSP_TransID="(.*?)"', started)
    port = ("MSS_StatusQueryPort", "MSS_StatusQuery", "MSS_StatusReq")

    before = await mss.soap(*port, "", MSSP_TransID=name)
    mss.phone.cancel()
    after = await mss.soap(*port, "", MSSP_TransID=name)

    assert found(r'StatusCode Value="(\d+)"', before) == "504"
    assert found(r"<soapenv:Value>mss:_(\d+)<", after) == "401"
    assert found(r"<soapenv:Text[^>]*>(\w+)<", after) == "USER_CANCEL"
    assert "soapenv:Receiver" in after


@pytest.mark.parametrize("port", ["MSS_ProfilePort", "MSS_ProfileQueryPort"])
async def test_a_profile_query(mss: Bench, port: str) -> None:
    answer = await mss.soap(port, "MSS_ProfileQuery", "MSS_ProfileReq", USER, Params="certs pinstatus")

    assert found(r'PinStatus Blocked="(\w+)"', answer) == "false"
    assert found(r"X509SubjectName>(.*?)<", answer).endswith("CN=Treasurer")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + ENVELOPE.format(
    wrapper="MSS_Signature", name="MSS_SignatureReq", attributes="", inner="&a;"
)


@pytest.mark.parametrize("body", ["", "<a>", "<MSS_SignatureReq/>", BOMB, "\ufffe", "<a>" + "<b/>" * 300 + "</a>"])
async def test_a_body_that_is_no_envelope_is_a_fault(mss: Bench, body: str) -> None:
    url = f"http://127.0.0.1:{mss.mssp.port}/soap/services/MSS_SignaturePort"
    async with mss.session.post(url, data=body.encode()) as response:
        assert response.status == 500
        assert found(r"mss:_(\d+)<", await response.text()) == "101"
