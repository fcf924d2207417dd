"""MTN's MADAPI: JSON both ways, a number for what happens."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, echoed, member, posted_json
from simulators.carriers.hop import Hop, HopKind, NoPage, Page

TYPES: Mapping[HopKind, str] = {
    HopKind.BEGIN: "0",
    HopKind.INPUT: "1",
    HopKind.ABORT: "4",
    HopKind.TIMEOUT: "5",
}
OK = "0000"


@dataclass(frozen=True)
class Madapi(Form):
    """messageType is 0 at a begin, 1 later, 4 where the person cut the session and 5 where its time ran out."""

    def request(self, hop: Hop) -> Request | None:
        """The first ussdString is what was dialled."""
        if hop.kind not in TYPES:
            return None
        return posted_json(
            {
                "sessionId": hop.session_id, "messageType": TYPES[hop.kind], "msisdn": hop.bare_msisdn,
                "serviceCode": hop.bare_code, "cellId": "41132", "imsi": "432110000000001", "language": None,
                "ussdString": hop.dialled if hop.kind is HopKind.BEGIN else hop.typed,
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """The statusCode is 0000; whether an answer is waited for stands there twice, and must agree."""
        members = answer.json()
        status = member(members, "statusCode", str)
        if status != OK:
            raise NoPage(f"the application answered {status}: {members.get('statusMessage') or 'no reason'}")
        if not member(members, "transactionId", str):
            raise NoPage(f"{ANOTHER_FORM}: transactionId is empty")
        data = member(members, "data", dict)
        echoed(data, {"serviceCode": hop.bare_code, "msisdn": hop.bare_msisdn})
        more, kind = member(data, "userInputRequired", bool), member(data, "messageType", str)
        if kind != ("1" if more else "2"):
            raise NoPage(f"{ANOTHER_FORM}: messageType is {kind} where userInputRequired is {str(more).lower()}")
        return Page(member(data, "inboundResponse", str), more=more)
