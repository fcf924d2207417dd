"""The JSON form: `{"MSS_SignatureReq": {…}}` and the like (Kiuru's and Swisscom's REST interface)."""

import base64
import json
from typing import Any

from simulators.mssp.asks import Fields
from simulators.mssp.codes import ETSI, Code, Refusal
from simulators.mssp.service import Answer, Card

SOAP_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
URI = "http://localhost/mssp"
CONTENT_TYPE = "application/json"
_PARTS = ("AP_Info", "MobileUser", "DataToBeSigned")
_PLAIN = (
    "MajorVersion", "MinorVersion", "MessagingMode", "TimeOut", "ValidityDate", "MSSP_TransID", "SignatureProfile",
    "MSS_Format",
)  # fmt: skip


def read(kind: str, body: bytes) -> tuple[Fields, tuple[str, ...]]:
    """Fields and additional services of a `Signature`, `Status`, `Profile` or `Receipt` request.

    Raises:
        Refusal: 101, it is none.
    """
    try:
        message = json.loads(body)[f"MSS_{kind}Req"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Refusal(Code.WRONG_PARAM, f"no MSS_{kind}Req") from None
    if not isinstance(message, dict):
        raise Refusal(Code.WRONG_PARAM, f"no MSS_{kind}Req")
    fields: dict[str, str] = {}
    for part in _PARTS:
        fields |= _texts(message.get(part))
    fields |= {name: _text(message[name]) for name in _PLAIN if name in message}
    for name in ("DataToBeDisplayed", "Message"):
        fields[name] = _text(message.get(name, ""))
    services = message.get("AdditionalServices")
    named: list[str] = []
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict):
            named.append(_text(service.get("Description", "")))
            if "UserLang" in service:
                fields["UserLang"] = _text(service["UserLang"])
    return fields, tuple(named)


def answer(kind: str, answer: Answer) -> bytes:
    """The response."""
    header = answer.header
    message: dict[str, Any] = {
        "MajorVersion": "1",
        "MinorVersion": "1",
        "AP_Info": {"AP_ID": header.ap_id, "AP_TransID": header.transaction, "Instant": header.instant_text},
        "MSSP_Info": {"MSSP_ID": {"URI": URI}, "Instant": answer.instant.isoformat(timespec="milliseconds")},
        "Status": {"StatusCode": {"Value": str(answer.code.value)}, "StatusMessage": answer.code.name},
    }
    if answer.transaction:
        message["MSSP_TransID"] = answer.transaction
    if answer.msisdn and kind != "Profile":
        message["MobileUser"] = {"MSISDN": answer.msisdn.removeprefix("+")}
    if answer.signature:
        message["MSS_Signature"] = {"Base64Signature": base64.b64encode(answer.signature).decode()}
    if kind == "Profile":
        message["SignatureProfile"] = list(answer.profiles)
    elif kind == "Signature" and answer.profiles:
        message["SignatureProfile"] = answer.profiles[0]
    if answer.card is not None:
        message["Status"]["StatusDetail"] = {"ProfileQueryExtension": _card(answer.card)}
    return json.dumps({f"MSS_{kind}Resp": message}).encode()


def fault(refusal: Refusal) -> bytes:
    """The fault."""
    code = {
        "Value": "Sender" if refusal.code.is_senders else "Receiver",
        "ValueNs": SOAP_ENVELOPE,
        "SubCode": {"Value": f"_{refusal.code.value}", "ValueNs": ETSI},
    }
    return json.dumps({"Fault": {"Code": code, "Reason": refusal.code.name, "Detail": refusal.detail}}).encode()


def _card(card: Card) -> dict[str, Any]:
    certificate = {
        "Algorithm": card.algorithm,
        "State": "REVOKED" if card.revoked else "ACTIVE",
        "X509Certificate": [base64.b64encode(one).decode() for one in card.certificates],
        "X509SubjectName": [card.subject],
    }
    sim = {
        "State": "ACTIVE" if card.on else "INACTIVE",
        "PinStatus": {"Blocked": card.pin_blocked},
        "MobileUserCertificate": [certificate],
    }
    return {"MobileUser": {"AutoActivation": False, "RecoveryCodeCreated": False}, "Sscds": {"Sim": sim}}


def _texts(part: object) -> dict[str, str]:
    return {str(name): _text(value) for name, value in part.items()} if isinstance(part, dict) else {}


def _text(value: object) -> str:
    """A text; of a part with one, as `{"mssURI": "…"}`, `{"Value": "…"}` or `{"Data": "…"}`, that."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("mssURI", "Value", "Data") if name in value), "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
