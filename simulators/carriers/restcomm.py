"""RestComm's USSD gateway: a MAP dialogue as XML over HTTP, its session in a cookie (RestComm USSD, HTTP architecture).

A begin is a processUnstructuredSSRequest, a page that asks an unstructuredSSRequest, and the last page the answer to
the begin, so it bears the begin's invokeId. Strings are in the default alphabet (DCS 15) or UCS-2 (DCS 72).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request
from simulators.carriers.hop import Hop, HopKind, NoPage, Page, Timers
from simulators.gsm import septets_of

CONTEXT = "networkUnstructuredSsContext_version2"
COOKIE = "JSESSIONID"
GSM, UCS2 = "15", "72"
ASKS, ENDS = "unstructuredSSRequest_Request", "processUnstructuredSSRequest_Response"
FAILURES: Mapping[HopKind, str] = {
    HopKind.ABORT: 'type="Abort" mapUserAbortChoice="userSpecificReason"',
    HopKind.TIMEOUT: 'type="Abort" dialogTimedOut="true"',
}


@dataclass(frozen=True)
class RestComm(Form):
    """`<dialog>` both ways. 25 s for the application, as the gateway has it by default."""

    timers: Timers = field(default_factory=lambda: Timers(application_s=25.0))

    def new_session(self) -> str:
        """The two ids of the dialogue, ours and the switch's."""
        return f"{1 + secrets.randbelow(0x3FFF_FFFE)}.{1 + secrets.randbelow(0x3FFF_FFFE)}"

    def request(self, hop: Hop) -> Request | None:
        """A begin names the phone; later hops are known by the cookie and the ids."""
        match hop.kind:
            case HopKind.BEGIN:
                number = f'<msisdn nai="international_number" npi="ISDN" number="{hop.bare_msisdn}"/>'
                name = "processUnstructuredSSRequest_Request"
                inner = f"<{name} invokeId={_quoted(self._invoke(hop))} {_string(hop.dialled)}>{number}</{name}>"
                return self._posted(hop, f'type="Begin" appCntx="{CONTEXT}"', inner)
            case HopKind.INPUT:
                name = "unstructuredSSRequest_Response"
                inner = f"<{name} invokeId={_quoted(hop.kept.get('invokeId', '1'))} {_string(hop.typed)}/>"
                return self._posted(hop, 'type="Continue"', inner)
            case HopKind.ABORT | HopKind.TIMEOUT:
                return self._posted(hop, FAILURES[hop.kind], "")
            case HopKind.REPORT:
                return None

    def read(self, hop: Hop, answer: Answer) -> Page:
        """One message in a dialog; the last page answers the begin's invoke."""
        dialog = answer.xml()
        if dialog.tag != "dialog" or len(dialog) != 1 or dialog.get("mapMessagesSize") != "1":
            raise NoPage(f"{ANOTHER_FORM}: it is no dialog of one message")
        message = dialog[0]
        if message.tag not in (ASKS, ENDS):
            raise NoPage(f"{ANOTHER_FORM}: the message is {message.tag}")
        more = message.tag == ASKS
        if not more and message.get("invokeId") != self._invoke(hop):
            raise NoPage(f"{ANOTHER_FORM}: invokeId is not the begin's")
        return Page(_shown(message), more, self._kept(hop, answer, dialog, message))

    def _invoke(self, hop: Hop) -> str:
        """The invokeId of the begin; another for each dialogue, so that a constant is found out."""
        return str(int(hop.session_id.partition(".")[2]) % 128)

    def _kept(
        self, hop: Hop, answer: Answer, dialog: ElementTree.Element, message: ElementTree.Element
    ) -> Mapping[str, str]:
        cookie = answer.cookies.get(COOKIE) or hop.kept.get(COOKIE, "")
        kept = {COOKIE: cookie, "userObject": dialog.get("userObject", ""), "invokeId": message.get("invokeId", "")}
        return {name: value for name, value in kept.items() if value}

    def _posted(self, hop: Hop, attributes: str, inner: str) -> Request:
        local, _, remote = hop.session_id.partition(".")
        ids = f'networkId="0" localId="{local}" remoteId="{remote}" mapMessagesSize="{1 if inner else 0}"'
        echo = hop.kept.get("userObject", "")
        ids += f" userObject={_quoted(echo)}" if echo else ""
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        if COOKIE in hop.kept:
            headers["Cookie"] = f"{COOKIE}={hop.kept[COOKIE]}"
        xml = f'<?xml version="1.0" encoding="UTF-8"?><dialog {attributes} {ids}>{inner}</dialog>'
        return Request(headers=headers, body=xml.encode("utf-8", "surrogateescape"))


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", '"': "&quot;"})


def _string(text: str) -> str:
    return f'dataCodingScheme="{UCS2 if septets_of(text) is None else GSM}" string={_quoted(text)}'


def _shown(message: ElementTree.Element) -> str:
    """The string of a message, as its coding scheme lets a phone show it."""
    text, scheme = message.get("string"), message.get("dataCodingScheme")
    if text is None:
        raise NoPage(f"{ANOTHER_FORM}: the message has no string")
    if scheme not in (GSM, UCS2):
        raise NoPage(f"{ANOTHER_FORM}: dataCodingScheme is {scheme}")
    if scheme == GSM and septets_of(text) is None:
        raise NoPage(f"{ANOTHER_FORM}: dataCodingScheme is {GSM}, the text is not of its alphabet")
    return text
