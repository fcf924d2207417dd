"""Huawei's SDP, Parlay X for USSD: SOAP in and acknowledged at once, the page sent by a SOAP call of our own.

In: notifyUssdReception with `msgType` (0 begin, 1 continue, 2 end), `senderCB`, `receiveCB`, `ussdOpType`, `msIsdn`,
`serviceCode`, `codeScheme` and `ussdString`, under a NotifySOAPHeader with spId, spPassword and timeStamp; or
notifyUssdAbort with `abortReason`. Out: sendUssd with the two CBs swapped, ussdOpType 1 where an answer is waited for
and 4 at the end, codeScheme 15 or 72 (3GPP TS 23.038 clause 5), under a RequestSOAPHeader whose spPassword is MD5 of
spId, password and time stamp.

Source: community code and vumi's client (source read), not the vendor's document: verify with the operator. A
senderCB is the centre's own while the session lasts and is used again later, so a begin is always a new session.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from xml.sax.saxutils import escape

from gateway.channels.ussd.codes import normal_code
from gateway.channels.ussd.later import Account
from gateway.channels.ussd.wire import BadForm, Delivery, Inbound, Outbound
from gateway.channels.ussd.wires.fields import NumberForm, Numbers, is_typed, word_of
from gateway.channels.ussd.wires.markup import BODY_BYTES_MAX, Node, xml_root
from gateway.channels.ussd.wires.typed import TypedWire
from gateway.services.dialogues import Event, EventKind
from ussd_menus import gsm_septets

NOTIFICATION = "http://www.csapi.org/schema/parlayx/ussd/notification/v1_0/local"
SENDING = "http://www.csapi.org/schema/parlayx/ussd/send/v1_0/local"
COMMON = "http://www.huawei.com.cn/schema/common/v2_1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
TIME_FORM = "%Y%m%d%H%M%S"
FIRST_CB = "FFFFFFFF"
_CB = re.compile(r"[0-9A-Za-z]{1,16}", re.ASCII)
_KINDS = {"0": EventKind.BEGIN, "1": EventKind.INPUT, "2": EventKind.ABORT}
_NUMBERS = Numbers((NumberForm.BARE, NumberForm.PLUS, NumberForm.TEL))
_LINK = re.compile(r"[!-~]{0,64}", re.ASCII)


class ParlayX(TypedWire):
    """A wire of channels.ussd.later."""

    body_bytes_max = BODY_BYTES_MAX

    def parse(self, given: Inbound) -> Delivery | BadForm:
        """Read a notification by its body's element."""
        if given.tail:
            return BadForm.SYNTAX
        root = xml_root(given)
        if isinstance(root, BadForm):
            return root
        body = root.child("Body")
        reception = body.child("notifyUssdReception") if body is not None else None
        abort = body.child("notifyUssdAbort") if body is not None else None
        header = root.find("NotifySOAPHeader")
        read = self._reception(reception, header) if reception is not None else self._abort(abort)
        if isinstance(read, BadForm):
            return read
        event, echo = read
        return Delivery(event, echo, _proof(header))

    def page(self, delivery: Delivery, text: str, *, more: bool) -> Outbound:
        """The acknowledgement: the page goes by a call of its own."""
        del text, more
        return self.noted(delivery)

    def noted(self, delivery: Delivery) -> Outbound:
        """The acknowledgement of what was notified."""
        name = "notifyUssdAbort" if delivery.event.kind is EventKind.ABORT else "notifyUssdReception"
        return _acknowledged(name, "0")

    def refused(self, given: Inbound, text: str, *, status: int) -> Outbound:
        """A result that is none; nobody reads words here."""
        del given, text
        return replace(_acknowledged("notifyUssdReception", "1"), status=status)

    def sending(self, delivery: Delivery, text: str, *, more: bool, account: Account, now: datetime) -> Outbound:
        """The sendUssd that shows the page."""
        echo, stamp = delivery.echo, now.strftime(TIME_FORM)
        # The scheme is the provider's; MD5 is all that it knows.
        password = hashlib.md5(f"{account.user}{account.password}{stamp}".encode(), usedforsecurity=False).hexdigest()
        header = {
            "spId": account.user,
            "spPassword": password,
            "serviceId": account.service,
            "timeStamp": stamp,
            "OA": echo["msisdn"],
            "FA": echo["msisdn"],
            "linkid": echo["link"],
        }
        body = {
            "msgType": "1" if more else "2",
            "senderCB": echo["ours"],
            "receiveCB": echo["theirs"],
            "ussdOpType": "1" if more else "4",
            "msIsdn": echo["msisdn"],
            "serviceCode": echo["code"],
            "codeScheme": "72" if gsm_septets(text) is None else "15",
            "ussdString": text,
        }
        xml = (
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:loc="{SENDING}"><soapenv:Header>'
            f'<tns:RequestSOAPHeader xmlns:tns="{COMMON}">{_elements("tns", header)}</tns:RequestSOAPHeader>'
            f"</soapenv:Header><soapenv:Body><loc:sendUssd>{_elements('loc', body)}</loc:sendUssd></soapenv:Body>"
            "</soapenv:Envelope>"
        )
        return Outbound(xml.encode(), "text/xml; charset=utf-8", headers={"SOAPAction": '""'})

    def _reception(self, node: Node, header: Node | None) -> tuple[Event, Mapping[str, str]] | BadForm:
        said = {name: node.said(name) for name in ("msgType", "senderCB", "receiveCB", "msIsdn", "serviceCode")}
        string = node.child("ussdString")
        if None in said.values() or string is None:
            return BadForm.FIELD_MISSING
        kind, theirs, ours = _KINDS.get(said["msgType"] or ""), said["senderCB"] or "", said["receiveCB"] or ""
        msisdn, code = _NUMBERS.e164(said["msIsdn"] or ""), normal_code((said["serviceCode"] or "").strip("*#"))
        link = (header.said("linkid") if header is not None else "") or ""
        formed = _CB.fullmatch(theirs) and (not ours or _CB.fullmatch(ours)) and _LINK.fullmatch(link)
        if kind is None or msisdn is None or code is None or not formed or not is_typed(string.text):
            return BadForm.FIELD_FORM
        echo = {
            "theirs": theirs,
            # Ours is theirs too: one number that either side knows the session by.
            "ours": theirs if ours in {"", FIRST_CB} else ours,
            "msisdn": said["msIsdn"] or "",
            "code": said["serviceCode"] or "",
            "link": link,
        }
        return self._event(kind, theirs, msisdn, code, string.text), echo

    def _event(self, kind: EventKind, session: str, msisdn: str, code: str, text: str) -> Event:
        if kind is EventKind.ABORT:
            return Event(self.name, kind, session, msisdn, code, reason="end")
        if kind is EventKind.INPUT:
            return self.answered(session, msisdn, text, code)
        return self.begun(session, msisdn, self.dialled(text, code))

    def _abort(self, node: Node | None) -> tuple[Event, Mapping[str, str]] | BadForm:
        session = node.said("senderCB") if node is not None else None
        if node is None or session is None:
            return BadForm.FIELD_MISSING
        if not _CB.fullmatch(session):
            return BadForm.FIELD_FORM
        reason = word_of(node.said("abortReason") or "") or "abort"
        return Event(self.name, EventKind.ABORT, session, "", "", reason=reason), {}


def _proof(header: Node | None) -> dict[str, str]:
    names = {"sp_id": "spId", "sp_password": "spPassword", "sp_time": "timeStamp"}
    return {ours: (header.said(theirs) if header is not None else "") or "" for ours, theirs in names.items()}


def _acknowledged(name: str, result: str) -> Outbound:
    xml = (
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Body><loc:{name}Response xmlns:loc="{NOTIFICATION}">'
        f"<loc:result>{result}</loc:result></loc:{name}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Outbound(xml.encode(), "text/xml; charset=utf-8")


def _elements(prefix: str, fields: Mapping[str, str]) -> str:
    return "".join(f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" for name, value in fields.items())


__all__ = ["ParlayX"]
