"""How an application reads and answers each carrier's wire, as little of it as the carriers' tests need."""

import json
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

COOKIE = "JSESSIONID"


@dataclass(frozen=True)
class Wired:
    """A request as it came."""

    method: str
    tail: str
    query: str
    cookies: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        source = self.query if self.method == "GET" else self.body.decode()
        return dict(parse_qsl(source, keep_blank_values=True, strict_parsing=True, errors="strict"))

    @property
    def members(self) -> dict[str, Any]:
        members = json.loads(self.body.decode())
        assert isinstance(members, dict)
        return members


@dataclass(frozen=True)
class Heard:
    """What a request says. `typed` is all that it holds of what was typed, as it stands there."""

    kind: str
    session: str
    msisdn: str
    typed: str


def con_end(session: str, msisdn: str, text: str) -> Callable[[Wired], Heard]:
    def hear(wired: Wired) -> Heard:
        fields = wired.fields
        if wired.tail == "events":
            return Heard("report", fields[session], fields[msisdn], f"{fields['status']} {fields['input']}")
        return Heard("hop", fields[session], fields[msisdn], fields[text])

    return hear


def words(text: str, *, more: bool) -> web.Response:
    return web.Response(text=f"{'CON' if more else 'END'} {text}")


def members(session: str, msisdn: str, typed: str, is_first: Callable[[Mapping[str, Any]], bool]) -> Any:  # noqa: ANN401
    def hear(wired: Wired) -> Heard:
        given = wired.members
        return Heard("begin" if is_first(given) else "input", given[session], given[msisdn], given[typed])

    return hear


def hollatags(wired: Wired) -> Heard:
    fields = wired.fields
    kind = {"begin": "begin", "continue": "input", "end": "abort"}[fields["session_operation"]]
    return Heard(kind, fields["session_id"], fields["session_msisdn"], fields["session_msg"])


def infobip(wired: Wired) -> Heard:
    _, session, verb = wired.tail.split("/")
    kind = {"start": "begin", "response": "input", "end": "abort"}[verb]
    given = wired.members
    return Heard(kind, session, given.get("msisdn", ""), given.get("text", given.get("reason", "")))


def hubtel(wired: Wired) -> Heard:
    given = wired.members
    kind = {"Initiation": "begin", "Response": "input", "Release": "abort", "Timeout": "timeout"}[given["Type"]]
    return Heard(kind, given["SessionId"], given["Mobile"], f"{given['Message']} {given['Sequence']}")


def restcomm(wired: Wired) -> Heard:
    dialog = ElementTree.fromstring(wired.body)  # noqa: S314 - it is ours
    session = f"{dialog.attrib['localId']}.{dialog.attrib['remoteId']}"
    if dialog.attrib["type"] == "Abort":
        return Heard("timeout" if "dialogTimedOut" in dialog.attrib else "abort", session, "", "")
    message = dialog[0]
    begins = message.tag == "processUnstructuredSSRequest_Request"
    number = message[0].attrib["number"] if begins else wired.cookies[COOKIE]
    return Heard("begin" if begins else "input", session, number, message.attrib["string"])


def restcomm_page(heard: Heard, text: str, *, more: bool) -> web.Response:
    scheme = 15 if text.isascii() else 72
    name, end = ("unstructuredSSRequest_Request", "") if more else ("processUnstructuredSSRequest_Response", " ")
    invoke = int(heard.session.partition(".")[2]) % 128
    string = quoteattr(text, {"\n": "&#10;"})
    message = f'<{name} invokeId="{invoke}" dataCodingScheme="{scheme}" string={string}{end}/>'
    answer = web.Response(text=f'<dialog mapMessagesSize="1">{message}</dialog>', content_type="text/xml")
    answer.set_cookie(COOKIE, heard.msisdn)
    return answer


def flares(wired: Wired) -> Heard:
    fields = wired.fields
    if "clean" in fields:
        return Heard("timeout" if fields["error"] == "523" else "abort", fields["SessionID"], fields["msisdn"], "")
    return Heard("hop", fields["SessionID"], fields["MSISDN"], fields["input"])


def flares_page(_heard: Heard, text: str, *, more: bool) -> web.Response:
    return web.Response(text=text, headers={"Freeflow": "FC" if more else "FB", "charge": "N", "amount": "0"})


def sixdee(wired: Wired) -> Heard:
    root = ElementTree.fromstring(wired.body)  # noqa: S314 - it is ours
    params = {param.findtext("id"): param.findtext("value") for param in root.findall("dataSet/param")}
    kind = "abort" if params.get("SESSION_END") == "1" else "hop"
    repeated = "|".join(root.findtext(name, "") for name in ("requestId", "timeStamp"))
    return Heard(kind, f"{params['SESSION_ID']}|{repeated}", root.findtext("msisdn", ""), root.findtext("userData", ""))


def sixdee_page(heard: Heard, text: str, *, more: bool) -> web.Response:
    session, request, stamp = heard.session.split("|")
    return web.Response(
        text=f"<USSDDynMenuResponse><requestId>{request}</requestId><sessionId>{session}</sessionId>"
        f"<msisdn>{heard.msisdn}</msisdn><starCode>1420</starCode><langId>1</langId><encodingScheme>0</encodingScheme>"
        f"<dataSet><param><id>1</id><value>{escape(text)}</value>"
        f"<rspFlag>{1 if more else 2}</rspFlag></param></dataSet>"
        f"<ErrCode>1</ErrCode><timeStamp>{stamp}</timeStamp></USSDDynMenuResponse>",
        content_type="text/xml",
    )


def madapi(wired: Wired) -> Heard:
    given = wired.members
    kind = {"0": "begin", "1": "input", "4": "abort", "5": "timeout"}[given["messageType"]]
    return Heard(kind, given["sessionId"], given["msisdn"], given["ussdString"])


def madapi_page(heard: Heard, text: str, more: bool) -> Mapping[str, object]:  # noqa: FBT001 - as all that make JSON
    data = {
        "inboundResponse": text, "userInputRequired": more, "messageType": "1" if more else "2",
        "serviceCode": "1420", "msisdn": heard.msisdn,
    }  # fmt: skip
    return {"statusCode": "0000", "statusMessage": "", "transactionId": heard.session, "data": data}


def handle_ussd(wired: Wired) -> Heard:
    (given,), method = xmlrpc.client.loads(wired.body.decode())
    assert isinstance(given, dict)
    assert method == "handleUSSD"
    kind = "input" if given["response"] else "begin"
    return Heard(kind, str(given["TransactionId"]), str(given["MSISDN"]), str(given["USSDRequestString"]))


def true_african(wired: Wired) -> Heard:
    (given,), method = xmlrpc.client.loads(wired.body.decode())
    assert isinstance(given, dict)
    kind = {"USSD.INIT": "begin", "USSD.CONT": "input", "USSD.END": "abort"}[str(method)]
    return Heard(kind, str(given["session"]), str(given["msisdn"]), str(given["message"]))


def struct(members: dict[str, str]) -> web.Response:
    return web.Response(text=xmlrpc.client.dumps((members,), methodresponse=True), content_type="text/xml")


Say = Callable[[Heard, str, bool], web.Response]


def as_json(make: Callable[[Heard, str, bool], Mapping[str, object]]) -> Say:
    return lambda heard, text, more: web.json_response(make(heard, text, more))


SAID: Say = lambda _heard, text, more: words(text, more=more)  # noqa: E731
SPEAKERS: Mapping[str, tuple[Callable[[Wired], Heard], Say]] = {
    "africastalking": (con_end("sessionId", "phoneNumber", "text"), SAID),
    "hellio": (con_end("sessionId", "phoneNumber", "text"), SAID),
    "mobilesasa": (con_end("sessionId", "phoneNumber", "text"), SAID),
    "advanta": (con_end("SESSIONID", "MSISDN", "INPUT"), SAID),
    "bonga": (con_end("session_id", "mobile_number", "message"), SAID),
    "crossgate": (con_end("session_id", "msisdn", "ussd_string"), SAID),
    "techsavanna": (con_end("SESSIONID", "MSISDN", "INPUT"), SAID),
    "safaricom": (con_end("SESSION_ID", "ORIG", "USSD_PARAMS"), SAID),
    "oltranz": (
        members("sessionId", "msisdn", "input", lambda given: given["newRequest"] == 1),
        as_json(lambda h, text, more: {"sessionId": h.session, "response": text, "action": "CON" if more else "END"}),
    ),
    "nalo": (
        members("SESSIONID", "MSISDN", "USERDATA", lambda given: given["MSGTYPE"] is True),
        as_json(lambda h, text, more: {"USERID": "TAPDIAL", "MSISDN": h.msisdn, "MSG": text, "MSGTYPE": more}),
    ),
    "arkesel": (
        members("sessionID", "msisdn", "userData", lambda given: given["newSession"] is True),
        as_json(
            lambda h, text, more: {
                "sessionID": h.session, "userID": "TAPDIAL", "msisdn": h.msisdn, "message": text,
                "continueSession": more,
            }
        ),
    ),
    "moolre": (
        members("sessionid", "msisdn", "message", lambda given: given["new"] is True),
        as_json(lambda _h, text, more: {"message": text, "reply": more}),
    ),
    "korba": (
        members("sessionID", "msisdn", "ussdString", lambda given: given["ussdServiceOp"] == 1),
        as_json(lambda _h, text, more: {"message": text, "ussdServiceOp": 2 if more else 17}),
    ),
    "nsano": (
        members("UserSessionID", "msisdn", "msg", lambda given: given["msg"].endswith("#")),
        as_json(
            lambda _h, text, more: {"USSDResp": {"action": "input" if more else "prompt", "menus": "", "title": text}}
        ),
    ),
    "hollatags": (
        hollatags,
        as_json(
            lambda h, text, more: {
                "session_id": h.session, "session_msisdn": h.msisdn, "session_msg": text,
                "session_operation": "continue" if more else "end", "session_type": 1 if more else 4,
            }
        ),
    ),
    "ideamart": (
        members("sessionId", "sourceAddress", "message", lambda given: given["ussdOperation"] == "mo-init"),
        as_json(lambda _h, text, more: {"message": text, "ussdOperation": "mt-cont" if more else "mt-fin"}),
    ),
    "infobip": (
        infobip,
        as_json(
            lambda _h, text, more: {
                "ussdMenu": text, "shouldClose": not more, "responseExitCode": 200, "responseMessage": "",
            }
        ),
    ),
    "hubtel": (
        hubtel,
        as_json(
            lambda _h, text, more: {
                "Type": "response" if more else "Release", "Message": text, "ClientState": f"state of {text}",
                "DataType": "input" if more else "display",
            }
        ),
    ),
    "restcomm": (restcomm, lambda heard, text, more: restcomm_page(heard, text, more=more)),
    "flares": (flares, lambda heard, text, more: flares_page(heard, text, more=more)),
    "sixdee": (sixdee, lambda heard, text, more: sixdee_page(heard, text, more=more)),
    "madapi": (madapi, as_json(madapi_page)),
    "xmlrpc": (
        handle_ussd,
        lambda h, text, more: struct(
            {"TransactionId": h.session, "USSDResponseString": text, "action": "request" if more else "end"}
        ),
    ),
    "trueafrican": (
        true_african,
        lambda h, text, more: struct({"session": h.session, "type": "cont" if more else "end", "message": text}),
    ),
}  # fmt: skip
