"""The SOAP 1.2 form of ETSI TS 102 204."""

import base64
from collections.abc import Iterator
from xml.etree import ElementTree as Tree

from simulators.mssp.asks import Fields
from simulators.mssp.codes import ETSI, FICOM, Code, Refusal
from simulators.mssp.rest import SOAP_ENVELOPE, URI
from simulators.mssp.service import Answer, Card

CONTENT_TYPE = "application/soap+xml"
WRAPPERS = {
    "Signature": "MSS_Signature",
    "Status": "MSS_StatusQuery",
    "Profile": "MSS_ProfileQuery",
    "Receipt": "MSS_Receipt",
}
KIURU = "http://kiuru.methics.fi/mssp"
METHICS = "http://www.methics.fi/TS102204/ext/v1.0.0"
NODES_MAX = 200
for _prefix, _name in {"soapenv": SOAP_ENVELOPE, "mss": ETSI, "fi": FICOM, "mcs": METHICS}.items():
    Tree.register_namespace(_prefix, _name)


def read(kind: str, body: bytes) -> tuple[Fields, tuple[str, ...]]:
    """Fields and additional services of a `Signature`, `Status`, `Profile` or `Receipt` request.

    Raises:
        Refusal: 101, it is none.
    """
    message = next((node for node in _tree(body) if _local(node) == f"MSS_{kind}Req"), None)
    if message is None:
        raise Refusal(Code.WRONG_PARAM, f"no MSS_{kind}Req")
    fields = dict(message.attrib)
    services: list[str] = []
    for node in message:
        match _local(node):
            case "AP_Info":
                fields |= node.attrib
            case "MobileUser":
                fields |= {"MSISDN": _inner(node, "MSISDN")}
            case "DataToBeSigned":
                fields |= {**node.attrib, "Data": node.text or ""}
            case "DataToBeDisplayed" | "Message" as name:
                fields |= {name: node.text or ""}
            case "SignatureProfile" | "MSS_Format" as name:
                fields |= {name: _inner(node, "mssURI")}
            case "AdditionalServices":
                services = [_inner(one, "mssURI") for one in node.iter() if _local(one) == "Description"]
                fields |= {"UserLang": _inner(node, "UserLang")}
            case _:
                pass
    return fields, tuple(services)


def answer(kind: str, answer: Answer) -> bytes:
    """The response."""
    envelope, body = _envelope()
    response = Tree.SubElement(body, f"{WRAPPERS[kind]}Response")
    message = Tree.SubElement(response, _mss(f"MSS_{kind}Resp"), MajorVersion="1", MinorVersion="1")
    if answer.transaction and kind == "Signature":
        message.set("MSSP_TransID", answer.transaction)
    header = answer.header
    echoed = {"AP_ID": header.ap_id, "AP_PWD": "", "AP_TransID": header.transaction, "Instant": header.instant_text}
    Tree.SubElement(message, _mss("AP_Info"), echoed)
    info = Tree.SubElement(message, _mss("MSSP_Info"), Instant=answer.instant.isoformat(timespec="milliseconds"))
    Tree.SubElement(Tree.SubElement(info, _mss("MSSP_ID")), _mss("URI")).text = URI
    if answer.msisdn and kind in {"Signature", "Status"}:
        Tree.SubElement(Tree.SubElement(message, _mss("MobileUser")), _mss("MSISDN")).text = answer.msisdn[1:]
    if answer.signature:
        signature = Tree.SubElement(message, _mss("MSS_Signature"))
        Tree.SubElement(signature, _mss("Base64Signature")).text = base64.b64encode(answer.signature).decode()
    for profile in answer.profiles if kind in {"Signature", "Profile"} else ():
        Tree.SubElement(Tree.SubElement(message, _mss("SignatureProfile")), _mss("mssURI")).text = profile
    status = Tree.SubElement(message, _mss("Status"))
    Tree.SubElement(status, _mss("StatusCode"), Value=str(answer.code.value))
    Tree.SubElement(status, _mss("StatusMessage")).text = answer.code.name
    if answer.card is not None:
        _card(Tree.SubElement(status, _mss("StatusDetail")), answer.card)
    return _octets(envelope)


def fault(refusal: Refusal) -> bytes:
    """The fault."""
    envelope, body = _envelope()
    node = Tree.SubElement(body, _soap("Fault"))
    code = Tree.SubElement(node, _soap("Code"))
    Tree.SubElement(code, _soap("Value")).text = f"soapenv:{'Sender' if refusal.code.is_senders else 'Receiver'}"
    # The prefix stands in a text, where the writer of the tree does not see it.
    subcode = Tree.SubElement(code, _soap("Subcode"), {"xmlns:mss": ETSI})
    Tree.SubElement(subcode, _soap("Value")).text = f"mss:_{refusal.code.value}"
    reason = Tree.SubElement(node, _soap("Reason"))
    text = Tree.SubElement(reason, _soap("Text"), {"{http://www.w3.org/XML/1998/namespace}lang": "en"})
    text.text = refusal.code.name
    detail = Tree.SubElement(node, _soap("Detail"))
    Tree.SubElement(detail, f"{{{KIURU}}}detail").text = refusal.detail
    return _octets(envelope)


def _card(detail: Tree.Element, card: Card) -> None:
    extension = Tree.SubElement(detail, f"{{{METHICS}}}ProfileQueryExtension")
    sscds = Tree.SubElement(extension, f"{{{METHICS}}}Sscds")
    sim = Tree.SubElement(sscds, f"{{{METHICS}}}Sim", State="ACTIVE" if card.on else "INACTIVE")
    Tree.SubElement(sim, f"{{{METHICS}}}PinStatus", Blocked=str(card.pin_blocked).lower())
    state = "REVOKED" if card.revoked else "ACTIVE"
    certificate = Tree.SubElement(sim, f"{{{METHICS}}}MobileUserCertificate", Algorithm=card.algorithm, State=state)
    for one in card.certificates:
        Tree.SubElement(certificate, f"{{{METHICS}}}X509Certificate").text = base64.b64encode(one).decode()
    Tree.SubElement(certificate, f"{{{METHICS}}}X509SubjectName").text = card.subject


def _tree(body: bytes) -> Iterator[Tree.Element]:
    """Every element, none of a document with a type of its own (entities grow in those) or of too many."""
    if b"<!" in body:
        raise Refusal(Code.WRONG_PARAM, "a document type")
    try:
        root = Tree.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except (Tree.ParseError, ValueError, LookupError):
        raise Refusal(Code.WRONG_PARAM, "no XML") from None
    nodes = list(root.iter())
    if len(nodes) > NODES_MAX or root.tag != _soap("Envelope"):
        raise Refusal(Code.WRONG_PARAM, "no envelope of SOAP 1.2")
    return iter(nodes)


def _envelope() -> tuple[Tree.Element, Tree.Element]:
    envelope = Tree.Element(_soap("Envelope"))
    return envelope, Tree.SubElement(envelope, _soap("Body"))


def _octets(envelope: Tree.Element) -> bytes:
    made: bytes = Tree.tostring(envelope, encoding="utf-8", xml_declaration=True)
    return made


def _inner(node: Tree.Element, name: str) -> str:
    return next(((one.text or "").strip() for one in node.iter() if _local(one) == name), "")


def _local(node: Tree.Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _mss(name: str) -> str:
    return f"{{{ETSI}}}{name}"


def _soap(name: str) -> str:
    return f"{{{SOAP_ENVELOPE}}}{name}"
