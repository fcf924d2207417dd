"""SOAP 1.2: the same tree as elements and attributes (ETSI TS 102 204, schema v1.1.2; SOAP 1.2 Part 1, 5).

Three things differ from JSON and are tables here: which fields are attributes, which elements hold a text beside their
attributes, and which wrap a URI in `mssURI` or a list in elements of another name.
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from gateway.errors import BadInput
from gateway.wire.markup import Node, tree
from gateway.wire.mss.forms import FAULT, Tree, tree_of
from gateway.wire.mss.terms import FICOM_NS, METHICS_NS, MSS_NS, SOAP_NS
from gateway.wire.mss.values import MESSAGES, Fault, Message

ATTRIBUTES = frozenset(
    {
        "MajorVersion", "MinorVersion", "MessagingMode", "TimeOut", "ValidityDate", "AP_ID", "AP_PWD", "AP_TransID",
        "AP_URL", "Instant", "MSSP_TransID", "MimeType", "Encoding", "Verify", "Algorithm", "Blocked",
    }
)  # fmt: skip
TEXTS = {
    "DataToBeSigned": "Data",
    "DataToBeDisplayed": "Data",
    "Message": "Data",
    "UserLang": "Value",
    "EventID": "Value",
    "NoSpamCode": "Code",
}
"""Elements whose text is a field beside their attributes."""
URIS = frozenset({"SignatureProfile", "MSS_Format", "Description"})
LISTS = {"AdditionalServices": "Service", "ServiceResponses": "ServiceResponse"}
REPEATED = frozenset({"X509Certificate", "MobileUserCertificate", "App", "BatchSignatureRequest"})
PREFIXES = {
    **dict.fromkeys(("UserLang", "EventID", "NoSpamCode", "ServiceResponses", "ServiceResponse"), "fi"),
    **dict.fromkeys(
        (
            "ProfileQueryExtension", "Sscds", "Sim", "App", "State", "PinStatus", "MobileUserCertificate",
            "X509Certificate", "CardDetails", "Mcc", "Mnc", "BatchSignatureRequest",
        ),
        "mcs",
    ),
}  # fmt: skip
_ESCAPES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<soap:Envelope xmlns:soap="{SOAP_NS}" xmlns:mss="{MSS_NS}" xmlns:fi="{FICOM_NS}" xmlns:mcs="{METHICS_NS}">'
    "<soap:Body>"
)
_TAIL = "</soap:Body></soap:Envelope>"


class SoapForm:
    """The ports MSS_Signature, MSS_StatusQuery, MSS_ProfileQuery and MSS_Receipt.

    MSS_Registration and MSS_Handshake are not spoken: people are enrolled by the operator, and who asks is known by the
    certificate or password of the connection (106 where a service wants more).
    """

    content_type = "application/soap+xml;charset=UTF-8"
    minor = 1

    def path(self, kind: type[Message]) -> str:
        """The port of the operation."""
        return f"/soap/services/{kind.OPERATION}Port"

    def encode(self, said: Message | Fault) -> bytes:
        """The envelope."""
        body = _fault(said) if isinstance(said, Fault) else _operation(said)
        if _NOT_XML.search(body):
            raise BadInput("a character that XML cannot carry")
        return f"{_HEAD}{body}{_TAIL}".encode()

    def tree(self, octets: bytes) -> Tree:
        """What the body of the envelope says."""
        root = tree(octets)
        body = root.child("Body")
        if root.name != "Envelope" or body is None:
            raise BadInput("no SOAP envelope with a body")
        fault = body.child(FAULT)
        if fault is not None:
            return {FAULT: _fault_tree(fault)}
        for operation in body.children:
            for node in (operation, *operation.children):
                if node.name in _NAMES:
                    return {node.name: _tree(node)}
        raise BadInput("no message of the service in the body")


_NAMES = frozenset(kind.NAME for kind in MESSAGES)


def _operation(said: Message) -> str:
    wrapper = said.OPERATION + ("Response" if said.NAME.endswith("Resp") else "")
    name, fields = next(iter(tree_of(said).items()))
    return f"<{wrapper}>{_element(name, fields)}</{wrapper}>"


def _element(name: str, value: object) -> str:
    tag = f"{PREFIXES.get(name, 'mss')}:{name}"
    if isinstance(value, Mapping):
        attributes = {key: one for key, one in value.items() if key in ATTRIBUTES or (name, key) == _STATUS_VALUE}
        written = "".join(f" {key}={quoteattr(_text(one), _ESCAPES)}" for key, one in attributes.items())
        inside = [_inside(name, key, one) for key, one in value.items() if key not in attributes]
        return f"<{tag}{written}>{''.join(inside)}</{tag}>"
    if isinstance(value, list):
        if name in LISTS:
            return f"<{tag}>{''.join(_element(LISTS[name], one) for one in value)}</{tag}>"
        return "".join(_element(name, one) for one in value)
    text = escape(_text(value), {"\r": "&#13;"})
    return f"<{tag}><mss:mssURI>{text}</mss:mssURI></{tag}>" if name in URIS else f"<{tag}>{text}</{tag}>"


_STATUS_VALUE = ("StatusCode", "Value")


def _inside(name: str, key: str, value: object) -> str:
    return escape(_text(value), {"\r": "&#13;"}) if TEXTS.get(name) == key else _element(key, value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tree(node: Node) -> object:
    if node.name in URIS:
        return (node.said("mssURI") or node.text).strip()
    if node.name in LISTS:
        return [_tree(child) for child in node.children if child.name == LISTS[node.name]]
    # Of the attributes only those without a prefix are the message's; the others speak of namespaces and encodings.
    fields: dict[str, object] = {
        name: value for name, value in node.attributes.items() if ":" not in name and name != "xmlns"
    }
    if node.name in TEXTS:
        return fields | {TEXTS[node.name]: node.text}
    for child in node.children:
        if child.name in REPEATED or (child.name, node.name) == ("SignatureProfile", "MSS_ProfileResp"):
            held = fields.setdefault(child.name, [])
            if isinstance(held, list):
                held.append(_tree(child))
        else:
            fields.setdefault(child.name, _tree(child))
    return fields or node.text.strip() or ({} if node.name == "MobileUser" else "")


def _fault(said: Fault) -> str:
    by = "Receiver" if said.by_receiver else "Sender"
    subcode = f"<soap:Subcode><soap:Value>mss:_{said.code.value}</soap:Value></soap:Subcode>"
    code = f"<soap:Value>soap:{by}</soap:Value>{subcode}"
    reason = f'<soap:Reason><soap:Text xml:lang="en">{escape(said.reason)}</soap:Text></soap:Reason>'
    detail = f"<soap:Detail><mss:detail>{escape(said.detail)}</mss:detail></soap:Detail>" if said.detail else ""
    return f"<soap:Fault><soap:Code>{code}</soap:Code>{reason}{detail}</soap:Fault>"


def _fault_tree(node: Node) -> Tree:
    """Reason and detail are the first texts below them, whatever their elements are called."""
    code = node.child("Code")
    subcode = code.child("Subcode") if code is not None else None
    return {
        "Code": {
            "Value": (code.said("Value") if code is not None else None) or "",
            "SubCode": {"Value": (subcode.said("Value") if subcode is not None else None) or ""},
        },
        "Reason": _first_text(node.child("Reason")),
        "Detail": _first_text(node.child("Detail")),
    }


def _first_text(node: Node | None) -> str:
    if node is None:
        return ""
    return next((text for one in (node, *node.children) if (text := one.text.strip())), "")
