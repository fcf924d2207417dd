"""Samples of operators' own gateways: Comviva Flares, 6D, MADAPI and XML-RPC in two dialects."""

import json
import re
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape, unescape

from tests.gateway.channels.ussd.sampling import (
    NO_TIMEOUT,
    SILENT,
    XML,
    Call,
    Case,
    Sample,
    Sent,
    Shown,
    got,
    posted_json,
)

STAR = "1420"


def _flares(call: Call) -> Sent:
    typed = call.dialled.strip("*#") if call.begins else call.typed
    return got({
        "userid": "tapdial",
        "password": "s3cret",
        "SessionID": f"f{call.session}",
        "MSISDN": call.msisdn,
        "MSC": "98911",
        "input": typed,
    })  # fmt: skip


def _flares_clean(call: Call, case: Case) -> Sent:
    del case
    return got({"SessionID": f"f{call.session}", "msisdn": call.msisdn, "clean": "clean-session", "error": "523"})


def _flares_read(body: str) -> Shown:
    flow, _, text = body.partition("\0")
    assert flow in {"FC", "FB"}
    return Shown(text, flow == "FC")


def _sixdee(call: Call, params: str = "") -> Sent:
    """Params in an order of their own: only their ids say what they are."""
    user = call.dialled if call.begins and call.suffix else "" if call.begins else call.typed
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><USSDDynMenuRequest>'
        f"<requestId>{call.session}</requestId><sessionId>x{call.session}</sessionId><msisdn>{call.msisdn}</msisdn>"
        f"<starCode>{STAR}</starCode><keyWord>{STAR}</keyWord><dataSet>"
        f"<param><id>CIRCLE_ID</id><value>7</value></param>{params}"
        f"<param><id>DIAL-CODE</id><value>{STAR}</value></param></dataSet>"
        f"<userData>{escape(user)}</userData><timeStamp>2026/01/24 08:23:28</timeStamp></USSDDynMenuRequest>"
    )
    return Sent(headers=XML, body=xml.encode())


def _sixdee_read(body: str) -> Shown:
    assert "<ErrCode>1</ErrCode>" in body
    found = re.search(r"<value>(.*?)</value><rspFlag>([12])</rspFlag>", body, re.DOTALL)
    assert found is not None
    return Shown(unescape(found[1]), found[2] == "1")


def _madapi(call: Call, kind: str = "") -> Sent:
    return posted_json({
        "sessionId": f"m{call.session}",
        "messageType": kind or ("0" if call.begins else "1"),
        "msisdn": call.msisdn,
        "serviceCode": STAR,
        "ussdString": call.entered,
        "imsi": "432110000000001",
        "language": None,
    })  # fmt: skip


def _madapi_read(body: str) -> Shown:
    members = json.loads(body)
    assert members["statusCode"] == "0000"
    data = members["data"]
    assert data["userInputRequired"] == (data["messageType"] == "1")
    return Shown(data["inboundResponse"], data["userInputRequired"])


def _call(method: str, members: Mapping[str, object]) -> Sent:
    struct = "".join(
        f"<member><name>{name}</name><value>{_value(value)}</value></member>" for name, value in members.items()
    )
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>{method}</methodName>'
        f"<params><param><value><struct>{struct}</struct></value></param></params></methodCall>"
    )
    return Sent(headers=XML, body=xml.encode())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return f"<boolean>{int(value)}</boolean>"
    return f"<string>{escape(str(value))}</string>"


def _handle_ussd(call: Call) -> Sent:
    return _call("handleUSSD", {
        "TransactionId": f"r{call.session}",
        "TransactionTime": "20260124T08:23:28",
        "MSISDN": call.msisdn,
        "USSDServiceCode": STAR,
        "USSDRequestString": call.entered,
        "response": not call.begins,
    })  # fmt: skip


def _true_african(call: Call, method: str = "") -> Sent:
    members = {"session": f"t{call.session}", "msisdn": call.msisdn, "shortcode": STAR, "message": call.entered}
    return _call(method or ("USSD.INIT" if call.begins else "USSD.CONT"), members)


def _members(body: str) -> dict[str, str]:
    found = re.findall(r"<name>(\w+)</name><value><\w+>(.*?)</\w+></value>", body, re.DOTALL)
    return {name: unescape(value) for name, value in found}


def _parlayx(call: Call, kind: str = "") -> Sent:
    ours = "FFFFFFFF" if call.begins else call.kept.get("ours", "7")
    fields = {
        "msgType": kind or ("0" if call.begins else "1"),
        "senderCB": f"{call.session:08X}",
        "receiveCB": ours,
        "ussdOpType": "1" if call.begins else "3",
        "msIsdn": call.msisdn,
        "serviceCode": STAR,
        "codeScheme": "68",
        "ussdString": call.entered,
    }
    inner = "".join(f"<ns2:{name}>{escape(value)}</ns2:{name}>" for name, value in fields.items())
    return _envelope(f"<ns2:notifyUssdReception>{inner}</ns2:notifyUssdReception>")


def _parlayx_end(call: Call, case: Case) -> Sent:
    del case
    inner = f"<ns2:abortReason>8</ns2:abortReason><ns2:senderCB>{call.session:08X}</ns2:senderCB>"
    return _envelope(f"<ns2:notifyUssdAbort>{inner}<ns2:receiveCB>7</ns2:receiveCB></ns2:notifyUssdAbort>")


def _envelope(inner: str) -> Sent:
    local = "http://www.csapi.org/schema/parlayx/ussd/notification/v1_0/local"
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header>'
        '<ns1:NotifySOAPHeader xmlns:ns1="http://www.huawei.com.cn/schema/common/v2_1"><ns1:spId>35000001</ns1:spId>'
        "<ns1:timeStamp>20260124082328</ns1:timeStamp><ns1:linkid>0816</ns1:linkid></ns1:NotifySOAPHeader>"
        f'</soapenv:Header><soapenv:Body xmlns:ns2="{local}">{inner}</soapenv:Body></soapenv:Envelope>'
    )
    return Sent(headers=XML, body=xml.encode())


def _parlayx_read(body: str) -> Shown:
    if "result>1<" in body:
        return Shown("", more=False)
    found = {name: unescape(value) for name, value in re.findall(r"<(?:loc|tns):(\w+)>([^<]*)</", body)}
    assert (found["ussdOpType"] == "1") == (found["msgType"] == "1")
    # MD5 of user, password and the time stamp of the call.
    assert re.fullmatch(r"[0-9a-f]{32}", found["spPassword"])
    assert found["senderCB"] == found["receiveCB"] or found["senderCB"] == "7"
    return Shown(found["ussdString"], found["ussdOpType"] == "1")


def _oneapi(call: Call, action: str = "") -> Sent:
    return posted_json({
        "inboundUSSDMessageRequest": {
            "address": f"tel:+{call.msisdn}",
            "sessionID": f"g{call.session}",
            "shortCode": "tel:1420",
            "keyword": STAR,
            "inboundUSSDMessage": call.entered,
            "clientCorrelator": None,
            "ussdAction": action or ("moinit" if call.begins else "mocont"),
        }
    })  # fmt: skip


def _oneapi_read(body: str) -> Shown:
    members = json.loads(body)
    if "requestError" in members:
        return Shown(members["requestError"]["serviceException"]["text"], more=False)
    page = members["outboundUSSDMessageRequest"]
    return Shown(page["outboundUSSDMessage"], page["ussdAction"] == "mtcont")


def _struct_read(text: str, flag: str, goes_on: str) -> Callable[[str], Shown]:
    def read(body: str) -> Shown:
        members = _members(body)
        if "faultString" in members:
            return Shown(members["faultString"], more=False)
        return Shown(members[text], members[flag] == goes_on)

    return read


OPERATORS: Mapping[str, Sample] = {
    "flares": Sample(
        _flares,
        _flares_read,
        "input",
        ended=_flares_clean,
        lacks={Case.TIMEOUT: NO_TIMEOUT},
        in_header="Freeflow",
        code_begins=True,
    ),
    "sixdee": Sample(
        _sixdee,
        _sixdee_read,
        "msisdn",
        ended=lambda call, case: _sixdee(call, "<param><id>SESSION_END</id><value>1</value></param>"),
        lacks={Case.TIMEOUT: NO_TIMEOUT},
    ),
    "madapi": Sample(
        _madapi, _madapi_read, "msisdn", ended=lambda call, case: _madapi(call, "4" if case is Case.ABORT else "5")
    ),
    "xmlrpc": Sample(_handle_ussd, _struct_read("USSDResponseString", "action", "request"), "MSISDN", lacks=SILENT),
    "trueafrican": Sample(
        _true_african,
        _struct_read("message", "type", "cont"),
        "msisdn",
        ended=lambda call, case: _true_african(call, "USSD.END"),
        lacks={Case.TIMEOUT: NO_TIMEOUT},
    ),
    "parlayx": Sample(
        _parlayx,
        _parlayx_read,
        "msIsdn",
        ended=_parlayx_end,
        lacks={Case.TIMEOUT: NO_TIMEOUT},
        later=lambda sent: b"<ns2:notifyUssdReception>" in sent.body,
        wordless=True,
    ),
    "oneapi": Sample(
        _oneapi,
        _oneapi_read,
        "address",
        ended=lambda call, case: _oneapi(call, "mofin"),
        lacks={Case.TIMEOUT: NO_TIMEOUT},
        later=lambda sent: b"mofin" not in sent.body,
    ),
}
