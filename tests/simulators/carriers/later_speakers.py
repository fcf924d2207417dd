"""How an application reads the wires whose pages are no answers, and what it sends to show one."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.simulators.carriers.speakers import Heard, Wired

USER, PASSWORD = "tapdial", "s3cret"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
COMMON = "http://www.huawei.com.cn/schema/common/v2_1"
PARLAYX = "http://www.csapi.org/schema/parlayx/ussd"


@dataclass(frozen=True)
class Posted:
    """What shows a page; `path` stands behind the carrier's address."""

    path: str
    body: str
    headers: Mapping[str, str]


def parlayx(wired: Wired) -> Heard:
    root = ElementTree.fromstring(wired.body)  # noqa: S314 - it is ours
    said = {node.tag.rpartition("}")[2]: node.text or "" for node in root.iter()}
    if "notifyUssdAbort" in said:
        return Heard("timeout" if said["abortReason"] == "8" else "abort", said["senderCB"], "", "")
    kind = {"0": "begin", "1": "input"}[said["msgType"]]
    assert said["receiveCB"] == ("FFFFFFFF" if kind == "begin" else "00000007")
    proof = hashlib.md5(f"{USER}{PASSWORD}{said['timeStamp']}".encode(), usedforsecurity=False).hexdigest()
    assert said["spPassword"] == proof
    return Heard(kind, f"{said['senderCB']}|{said['linkid']}", said["msIsdn"], said["ussdString"])


def parlayx_page(heard: Heard, text: str, *, more: bool) -> Posted:
    session, link = heard.session.split("|")
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    proof = hashlib.md5(f"{USER}{PASSWORD}{stamp}".encode(), usedforsecurity=False).hexdigest()
    header = {
        "spId": USER, "spPassword": proof, "serviceId": "35000001000001", "timeStamp": stamp, "OA": heard.msisdn,
        "linkid": link,
    }  # fmt: skip
    sent = {
        "msgType": "1" if more else "2", "senderCB": "00000007", "receiveCB": session, "msIsdn": heard.msisdn,
        "ussdOpType": "1" if more else "4", "serviceCode": "1420", "codeScheme": "15" if text.isascii() else "72",
        "ussdString": text,
    }  # fmt: skip
    return Posted(
        "",
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:c="{COMMON}" xmlns:u="{PARLAYX}/send/v1_0/local"><s:Header>'
        f"<c:RequestSOAPHeader>{_elements('c', header)}</c:RequestSOAPHeader></s:Header><s:Body>"
        f"<u:sendUssd>{_elements('u', sent)}</u:sendUssd></s:Body></s:Envelope>",
        {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
    )


def oneapi(wired: Wired) -> Heard:
    given = wired.members["inboundUSSDMessageRequest"]
    kind = {"moinit": "begin", "mocont": "input", "mofin": "abort"}[given["ussdAction"]]
    return Heard(kind, given["sessionID"], given["address"], given["inboundUSSDMessage"])


def oneapi_page(heard: Heard, text: str, *, more: bool) -> Posted:
    sent = {
        "address": heard.msisdn, "sessionID": heard.session, "shortCode": "tel:1420", "keyword": "1420",
        "outboundUSSDMessage": text, "clientCorrelator": f"{heard.session} {text}",
        "responseRequest": {"notifyURL": "http://application.example/", "callbackData": ""},
        "ussdAction": "mtcont" if more else "mtfin",
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {PASSWORD}"}
    return Posted(f"/outbound/{heard.msisdn}", json.dumps({"outboundUSSDMessageRequest": sent}), headers)


def _elements(prefix: str, fields: Mapping[str, str]) -> str:
    return "".join(f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" for name, value in fields.items())


ACKNOWLEDGED = (
    f'<s:Envelope xmlns:s="{SOAP}" xmlns:u="{PARLAYX}/notification/v1_0/local"><s:Body>'
    "<u:notifyUssdReceptionResponse><u:result>0</u:result></u:notifyUssdReceptionResponse></s:Body></s:Envelope>"
)


@dataclass(frozen=True)
class Later:
    """One such wire: how it is read, what acknowledges it, what shows a page."""

    hear: Callable[[Wired], Heard]
    acknowledged: tuple[str, str]
    page: Callable[..., Posted]


LATER_SPEAKERS: Mapping[str, Later] = {
    "parlayx": Later(parlayx, (ACKNOWLEDGED, "text/xml"), parlayx_page),
    "oneapi": Later(oneapi, ('{"status": "OK"}', "application/json"), oneapi_page),
}
