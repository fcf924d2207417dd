"""6D's dynamic menu (AirtelTigo, Tata, Equitel): a request and a response in XML, each with a set of params."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, posted_xml
from simulators.carriers.hop import Hop, HopKind, NoPage, Page

TIME_FORM = "%Y/%m/%d %H:%M:%S"


@dataclass(frozen=True)
class Sixdee(Form):
    """The params come in another order at each hop: an application that counts them is found out."""

    def request(self, hop: Hop) -> Request | None:
        """`userData` is what was dialled, then what was typed; a session that is over has a param that says so."""
        if hop.kind is HopKind.REPORT:
            return None
        params = [
            ("CIRCLE_ID", "7"), ("DIAL-CODE", hop.bare_code), ("SESSION_ID", hop.session_id),
            ("TRAVERSAL-PATH", hop.bare_code),
        ]  # fmt: skip
        if hop.kind in (HopKind.ABORT, HopKind.TIMEOUT):
            params.append(("SESSION_END", "1"))
        turn = hop.number % len(params)
        written = "".join(
            f"<param><id>{name}</id><value>{escape(value)}</value></param>"
            for name, value in params[turn:] + params[:turn]
        )
        entered = hop.dialled if hop.kind is HopKind.BEGIN else hop.typed
        before, after = self._known(hop), {"userData": entered, "timeStamp": f"{hop.at:{TIME_FORM}}"}
        inner = f"{_elements(before)}<keyWord>{hop.bare_code}</keyWord><dataSet>{written}</dataSet>{_elements(after)}"
        return posted_xml(f"<USSDDynMenuRequest>{inner}</USSDDynMenuRequest>")

    def read(self, hop: Hop, answer: Answer) -> Page:
        """One param with the text; its rspFlag is 1 where the session goes on and 2 at the end."""
        root = answer.xml()
        if root.tag != "USSDDynMenuResponse":
            raise NoPage(f"{ANOTHER_FORM}: it is no USSDDynMenuResponse")
        _same(root, {**self._known(hop), "encodingScheme": "0", "ErrCode": "1"})
        try:
            datetime.strptime(_said(root, "timeStamp"), TIME_FORM)  # noqa: DTZ007 - only its form matters
        except ValueError:
            raise NoPage(f"{ANOTHER_FORM}: timeStamp is not of the form 2024/01/24 08:23:28") from None
        params = root.findall("dataSet/param")
        if len(params) != 1 or _said(params[0], "id") != "1":
            raise NoPage(f"{ANOTHER_FORM}: it has not one param with the id 1")
        flag = _said(params[0], "rspFlag")
        if flag not in {"1", "2"}:
            raise NoPage(f"{ANOTHER_FORM}: rspFlag is {flag or 'missing'}")
        return Page(_said(params[0], "value"), more=flag == "1")

    def _known(self, hop: Hop) -> Mapping[str, str]:
        """What the response repeats."""
        return {
            "requestId": f"{int(hop.session_id[:8], 16)}{hop.number:03d}",
            "sessionId": hop.session_id,
            "msisdn": hop.bare_msisdn,
            "starCode": hop.bare_code,
        }


def _said(node: ElementTree.Element, name: str) -> str:
    return node.findtext(name) or ""


def _same(root: ElementTree.Element, expected: Mapping[str, str]) -> None:
    for name, value in expected.items():
        if _said(root, name) != value:
            raise NoPage(f"{ANOTHER_FORM}: {name} is not {value}")


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
