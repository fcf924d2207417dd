"""One sample a wire: what its provider sends for each thing that can happen, and how it reads our answer.

Written out by hand from the providers' documents, not from the tables of the product. A wire that has no such thing
says why in `lacks`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from tests.gateway.channels.ussd.operators import OPERATORS
from tests.gateway.channels.ussd.sampling import (
    CODE,
    SILENT,
    XML,
    Call,
    Case,
    Fields,
    Sample,
    Sent,
    Shown,
    answered,
    family,
    got,
    posted,
    posted_json,
)


def _at(call: Call) -> Fields:
    return {
        "sessionId": f"ATUid_{call.session}",
        "phoneNumber": f"+{call.msisdn}",
        "networkCode": "43211",
        "serviceCode": CODE,
        "text": call.all,
    }


def _infobip(call: Call) -> Sent:
    verb = "start" if call.begins else "response"
    members = {"msisdn": call.msisdn, "imsi": None, "shortCode": CODE, "text": call.entered, "ussdGwId": "live2"}
    return posted_json(members, f"session/{call.session}/{verb}")


def _infobip_end(call: Call, case: Case) -> Sent:
    code, reason = (510, "user abort") if case is Case.ABORT else (520, "session timeout")
    return posted_json({"exitCode": code, "reason": reason}, f"session/{call.session}/end")


def _infobip_read(body: str) -> Shown:
    members = json.loads(body)
    return Shown(members["ussdMenu"], not members["shouldClose"])


def _hubtel(call: Call, kind: str = "") -> Sent:
    return posted_json(
        {
            "SessionId": f"h{call.session}",
            "ServiceCode": "1420",
            "Type": kind or ("Initiation" if call.begins else "RESPONSE"),
            "Message": call.entered,
            "Operator": "mtn",
            "Platform": "USSD",
            "Mobile": call.msisdn,
            "ClientState": "",
            "Sequence": len(call.entries) + 1,
        }
    )


def _dialog(call: Call, said: str, inner: str) -> Sent:
    cookie = {"Cookie": f"JSESSIONID={call.kept['cookie']}"} if "cookie" in call.kept else {}
    echo = f' userObject="{call.kept["userObject"]}"' if "userObject" in call.kept else ""
    ids = f'networkId="0" localId="{call.session}" remoteId="{call.session + 7}"'
    xml = f'<?xml version="1.0" encoding="UTF-8"?><dialog {said} {ids} mapMessagesSize="1"{echo}>{inner}</dialog>'
    return Sent(headers={**XML, **cookie}, body=xml.encode())


def _restcomm(call: Call) -> Sent:
    string = f'dataCodingScheme="15" string={quoteattr(call.entered)}'
    if call.begins:
        name = "processUnstructuredSSRequest_Request"
        number = f'<msisdn nai="international_number" npi="ISDN" number="{call.msisdn}"/>'
        return _dialog(call, 'type="Begin"', f'<{name} invokeId="5" {string}>{number}</{name}>')
    return _dialog(call, 'type="Continue"', f'<unstructuredSSRequest_Response invokeId="1" {string}/>')


def _restcomm_end(call: Call, case: Case) -> Sent:
    how = 'mapUserAbortChoice="userSpecificReason"' if case is Case.ABORT else 'dialogTimedOut="true"'
    return _dialog(call, f'type="Abort" {how}', "")


def _restcomm_read(body: str) -> Shown:
    found = re.search(r'<(\w+)([^>]*) string="([^"]*)"/>', body)
    assert found is not None
    ends = found[1] == "processUnstructuredSSRequest_Response"
    assert not ends or 'invokeId="5"' in found[2] or 'invokeId="0"' in found[2]
    text = found[3].replace("&#10;", "\n").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert 'dataCodingScheme="15"' in found[2] or not text.isascii()
    return Shown(text, not ends)


def _restcomm_keeps(headers: Mapping[str, str], body: str, call: Call) -> None:
    if "Set-Cookie" in headers:
        call.kept["cookie"] = headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    found = re.search(r'userObject="(\d+)"', body)
    if found is not None:
        call.kept["userObject"] = found[1]


def _hollatags(call: Call, operation: str = "") -> Sent:
    return got(
        {
            "session_msisdn": call.msisdn,
            "session_operation": operation or ("begin" if call.begins else "continue"),
            "session_type": "1",
            "session_msg": call.entered,
            "session_id": call.session,
            "session_from": "1420",
            "session_mno": "MTN",
        }
    )


def _nsano_read(body: str) -> Shown:
    members: dict[str, Any] = json.loads(body)["USSDResp"]
    return Shown(members["title"], members["action"] != "prompt")


SAMPLES: Mapping[str, Sample] = {
    "africastalking": family(posted, _at, "phoneNumber"),
    "mobilesasa": family(posted, _at, "text"),
    "hellio": family(posted, _at, "sessionId"),
    "advanta": family(
        posted,
        lambda call: {"SESSIONID": call.session, "MSISDN": call.msisdn, "USSDCODE": CODE, "INPUT": call.whole},
        "MSISDN",
    ),
    "bonga": family(
        posted,
        lambda call: {
            "mobile_number": call.msisdn,
            "session_id": call.session,
            "message": call.all,
            "service_code": CODE,
            "network": "Safaricom",
        },
        "mobile_number",
    ),
    "crossgate": family(
        posted,
        lambda call: {
            "session_id": call.session,
            "msisdn": call.msisdn,
            "network_code": "63902",
            "ussd_string": call.all,
            "service_code": CODE,
        },
        "ussd_string",
    ),
    "techsavanna": family(
        posted,
        lambda call: {
            "SESSIONID": call.session,
            "USSDCODE": CODE,
            "MSISDN": call.msisdn,
            "INPUT": call.all,
            "NETWORK": "63902",
        },
        "USSDCODE",
    ),
    "safaricom": family(
        got,
        lambda call: {"ORIG": call.msisdn, "DEST": "1420", "SESSION_ID": call.session, "USSD_PARAMS": call.all},
        "SESSION_ID",
    ),
    "oltranz": Sample(
        lambda call: posted_json(
            {
                "sessionId": f"o{call.session}",
                "msisdn": call.msisdn,
                "newRequest": 1 if call.begins else 0,
                "input": call.entered,
            }
        ),
        answered("response", "action", "CON"),
        "input",
        lacks=SILENT,
    ),
    "hollatags": Sample(
        _hollatags,
        answered("session_msg", "session_operation", "continue"),
        "session_msisdn",
        ended=lambda call, case: _hollatags(call, "end" if case is Case.ABORT else "abort"),
    ),
    "moolre": Sample(
        lambda call: posted_json(
            {
                "sessionid": f"m{call.session}",
                "new": call.begins,
                "msisdn": call.msisdn,
                "network": 3,
                "message": call.typed,
                "extension": "1420",
                "data": call.suffix if call.begins else "",
            }
        ),
        answered("message", "reply", open_value=True),
        "new",
        lacks=SILENT,
    ),
    "korba": Sample(
        lambda call: posted_json(
            {
                "sessionID": f"k{call.session}",
                "msisdn": call.msisdn,
                "network": "MTN",
                "ussdString": call.entered,
                "ussdServiceOp": 1 if call.begins else 18,
            }
        ),
        answered("message", "ussdServiceOp", 2),
        "ussdServiceOp",
        lacks=SILENT,
    ),
    "nsano": Sample(
        lambda call: posted_json(
            {"UserSessionID": f"n{call.session}", "msisdn": call.msisdn, "network": "MTN", "msg": call.entered}
        ),
        _nsano_read,
        "msg",
        lacks=SILENT,
    ),
    "nalo": Sample(
        lambda call: posted_json(
            {
                "USERID": "TAPDIAL",
                "MSISDN": call.msisdn,
                "USERDATA": call.entered,
                "MSGTYPE": call.begins,
                "NETWORK": "MTN",
                "SESSIONID": str(call.session),
            }
        ),
        answered("MSG", "MSGTYPE", open_value=True),
        "USERDATA",
        lacks=SILENT,
    ),
    "arkesel": Sample(
        lambda call: posted_json(
            {
                "sessionID": f"a{call.session}",
                "userID": "TAPDIAL",
                "newSession": call.begins,
                "msisdn": call.msisdn,
                "userData": call.entered,
                "network": "MTN",
            }
        ),
        answered("message", "continueSession", open_value=True),
        "sessionID",
        lacks=SILENT,
    ),
    "ideamart": Sample(
        lambda call: posted_json(
            {
                "version": "1.0",
                "applicationId": "APP_000001",
                "sessionId": f"i{call.session}",
                "ussdOperation": "mo-init" if call.begins else "mo-cont",
                "sourceAddress": f"tel:{call.msisdn}",
                "message": call.entered,
                "encoding": "440",
                "requestId": f"{call.session}-{len(call.entries)}",
            }
        ),
        answered("message", "ussdOperation", "mt-cont"),
        "sourceAddress",
        lacks=SILENT,
    ),
    "infobip": Sample(_infobip, _infobip_read, "msisdn", ended=_infobip_end),
    "hubtel": Sample(
        _hubtel,
        answered("Message", "Type", "response"),
        "Mobile",
        ended=lambda call, case: _hubtel(call, "release" if case is Case.ABORT else "TimeOut"),
    ),
    "restcomm": Sample(
        _restcomm,
        _restcomm_read,
        "string",
        ended=_restcomm_end,
        keeps=_restcomm_keeps,
    ),
    **OPERATORS,
}
