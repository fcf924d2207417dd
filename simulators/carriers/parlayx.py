"""Huawei's SDP, Parlay X for USSD: a hop is a SOAP notification, its page a sendUssd of the application.

Each side numbers the session: the sender's number is its senderCB, the other's the receiveCB, FFFFFFFF while it is not
known. Both sides prove themselves by MD5 over id, password and time stamp.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulators.carriers.form import ANOTHER_FORM, Answer, Request, posted_xml
from simulators.carriers.hop import Hop, HopKind, NoPage, Page, Timers
from simulators.carriers.later_line import Call, LaterForm, Taken
from simulators.gsm import septets_of

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
COMMON = "http://www.huawei.com.cn/schema/common/v2_1"
NOTIFYING = "http://www.csapi.org/schema/parlayx/ussd/notification/v1_0/local"
SENDING = "http://www.csapi.org/schema/parlayx/ussd/send/v1_0/local"
UNKNOWN_CB = "FFFFFFFF"
TIME_FORM = "%Y%m%d%H%M%S"
WINDOW_S = 300
"""How old a time stamp may be."""
GSM, UCS2 = "15", "72"
GOES_ON: Mapping[tuple[str, str], bool] = {("1", "1"): True, ("2", "3"): False, ("2", "4"): False}
"""msgType and ussdOpType of a page, and whether the session goes on."""


@dataclass(frozen=True)
class ParlayX(LaterForm):
    """SOAP 1.1 both ways."""

    service: str = "35000001000001"
    timers: Timers = field(default_factory=lambda: Timers(application_s=10.0))

    def new_session(self) -> str:
        """Our senderCB."""
        return f"{1 + secrets.randbelow(0xFFFF_FFFE):08X}"

    def request(self, hop: Hop) -> Request | None:
        """Reception of what was dialled or typed; or an abort."""
        match hop.kind:
            case HopKind.BEGIN | HopKind.INPUT:
                begins = hop.kind is HopKind.BEGIN
                entered = hop.dialled if begins else hop.typed
                fields = {
                    "msgType": "0" if begins else "1", **self._numbers(hop), "ussdOpType": "1" if begins else "3",
                    "msIsdn": hop.bare_msisdn, "serviceCode": hop.bare_code,
                    "codeScheme": UCS2 if septets_of(entered) is None else GSM, "ussdString": entered,
                }  # fmt: skip
                return self._posted(hop, "notifyUssdReception", fields)
            case HopKind.ABORT | HopKind.TIMEOUT:
                reason = "0" if hop.kind is HopKind.ABORT else "8"
                return self._posted(hop, "notifyUssdAbort", {"abortReason": reason, **self._numbers(hop)})
            case HopKind.REPORT:
                return None

    def read(self, hop: Hop, answer: Answer) -> Page:
        """A result of 0."""
        del hop
        result = answer.xml().findtext(
            f"{{{ENVELOPE}}}Body/{{{NOTIFYING}}}notifyUssdReceptionResponse/{{{NOTIFYING}}}result"
        )
        if result != "0":
            raise NoPage(f"{ANOTHER_FORM}: the result is {result or 'missing'}")
        return Page("", more=True)

    def session_of(self, call: Call) -> str:
        """Our number, which is the receiver's there."""
        return _said(_part(call, "Body", SENDING, "sendUssd"), SENDING, "receiveCB")

    def shown(self, hop: Hop, call: Call) -> Page:
        """Numbers swapped, the house proved, the scheme that of the text."""
        if call.content_type != "text/xml" or "soapaction" not in call.headers:
            raise NoPage(f"{ANOTHER_FORM}: it is no SOAP 1.1, whose type is text/xml and which has a SOAPAction")
        self._proved(hop, _part(call, "Header", COMMON, "RequestSOAPHeader"))
        sent = _part(call, "Body", SENDING, "sendUssd")
        _same(sent, SENDING, {"msIsdn": hop.bare_msisdn, "serviceCode": hop.bare_code})
        number, known = _said(sent, SENDING, "senderCB"), hop.kept.get("theirs")
        if number == UNKNOWN_CB or number != (known or number):
            raise NoPage(f"{ANOTHER_FORM}: senderCB is not the application's of this session")
        more = GOES_ON.get((_said(sent, SENDING, "msgType"), _said(sent, SENDING, "ussdOpType")))
        if more is None:
            raise NoPage(f"{ANOTHER_FORM}: msgType and ussdOpType do not go together")
        text, scheme = _said(sent, SENDING, "ussdString"), _said(sent, SENDING, "codeScheme")
        if scheme not in (GSM, UCS2) or (scheme == GSM and septets_of(text) is None):
            raise NoPage(f"{ANOTHER_FORM}: codeScheme {scheme} is not the text's")
        return Page(text, more, {"theirs": number})

    def taken(self, problem: str) -> Taken:
        """A result of 0, or a fault with SOAP's own status for it."""
        inner = f'<sendUssdResponse xmlns="{SENDING}"><result>0</result></sendUssdResponse>'
        if problem:
            reason = f"<faultcode>soapenv:Client</faultcode><faultstring>{escape(problem)}</faultstring>"
            inner = f"<soapenv:Fault>{reason}</soapenv:Fault>"
        xml = f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>'
        return Taken(xml.encode(), "text/xml", 500 if problem else 200)

    def _proved(self, hop: Hop, header: ElementTree.Element) -> None:
        """Whether it is the house that sends, now, in this session.

        Raises:
            NoPage: It is not.
        """
        stamp = _said(header, COMMON, "timeStamp")
        try:
            age_s = (datetime.now(UTC) - datetime.strptime(stamp, TIME_FORM).replace(tzinfo=UTC)).total_seconds()
        except ValueError:
            raise NoPage(f"{ANOTHER_FORM}: timeStamp is not of the form 20240124082328") from None
        if abs(age_s) > WINDOW_S:
            raise NoPage(f"{ANOTHER_FORM}: timeStamp is {age_s:.0f} s old")
        expected = _digest(self.user, self.password, stamp)
        if not hmac.compare_digest(_said(header, COMMON, "spPassword").encode(), expected.encode()):
            raise NoPage(f"{ANOTHER_FORM}: spPassword is not that of {self.user}")
        _same(header, COMMON, {"spId": self.user, "serviceId": self.service, "linkid": _link(hop)})
        for name in ("OA", "FA"):
            if _said(header, COMMON, name).removeprefix("tel:") not in {"", hop.bare_msisdn}:
                raise NoPage(f"{ANOTHER_FORM}: {name} is another phone")

    def _numbers(self, hop: Hop) -> Mapping[str, str]:
        return {"senderCB": hop.session_id, "receiveCB": hop.kept.get("theirs", UNKNOWN_CB)}

    def _posted(self, hop: Hop, name: str, fields: Mapping[str, str]) -> Request:
        stamp = f"{hop.at.astimezone(UTC):{TIME_FORM}}"
        header = {
            "spId": self.user, "spPassword": _digest(self.user, self.password, stamp), "serviceId": self.service,
            "timeStamp": stamp, "linkid": _link(hop), "traceUniqueID": f"{hop.session_id}{hop.number}",
            "OperatorID": self.network,
        }  # fmt: skip
        return posted_xml(
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Header>'
            f'<ns1:NotifySOAPHeader xmlns:ns1="{COMMON}">{_elements("ns1", header)}</ns1:NotifySOAPHeader>'
            f'</soapenv:Header><soapenv:Body><ns2:{name} xmlns:ns2="{NOTIFYING}">{_elements("ns2", fields)}'
            f"</ns2:{name}></soapenv:Body></soapenv:Envelope>",
            SOAPAction='""',
        )


def _digest(user: str, password: str, stamp: str) -> str:
    return hashlib.md5(f"{user}{password}{stamp}".encode(), usedforsecurity=False).hexdigest()


def _link(hop: Hop) -> str:
    return f"{hop.session_id}{hop.number:04d}"


def _part(call: Call, where: str, space: str, name: str) -> ElementTree.Element:
    """The one element of a header or a body, in its own name space.

    Raises:
        NoPage: It is not there.
    """
    root = call.xml()
    found = root.find(f"{{{ENVELOPE}}}{where}/{{{space}}}{name}")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or found is None:
        raise NoPage(f"{ANOTHER_FORM}: there is no {name} in a SOAP {where}")
    return found


def _said(node: ElementTree.Element, space: str, name: str) -> str:
    return node.findtext(f"{{{space}}}{name}") or ""


def _same(node: ElementTree.Element, space: str, expected: Mapping[str, str]) -> None:
    for name, value in expected.items():
        if _said(node, space, name) != value:
            raise NoPage(f"{ANOTHER_FORM}: {name} is not {value}")


def _elements(prefix: str, fields: Mapping[str, str]) -> str:
    return "".join(f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" for name, value in fields.items())
