"""Hubtel Programmable Services: a number for each hop, a state that the application gives and gets back once."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, member, posted_json
from simulators.carriers.hop import Hop, HopKind, NoPage, Page

TYPES: Mapping[HopKind, str] = {
    HopKind.BEGIN: "Initiation",
    HopKind.INPUT: "Response",
    HopKind.ABORT: "Release",
    HopKind.TIMEOUT: "Timeout",
}
DATA_TYPES = frozenset({"menu", "input", "display", "select", "confirm"})


@dataclass(frozen=True)
class Hubtel(Form):
    """JSON both ways."""

    network: str = "mtn"

    def request(self, hop: Hop) -> Request | None:
        """An Initiation holds the whole string that was dialled."""
        if hop.kind not in TYPES:
            return None
        return posted_json(
            {
                "SessionId": hop.session_id, "ServiceCode": hop.bare_code, "Type": TYPES[hop.kind],
                "Message": hop.dialled if hop.kind is HopKind.BEGIN else hop.typed, "Operator": self.network,
                "Platform": "USSD", "Mobile": hop.bare_msisdn, "ClientState": hop.kept.get("ClientState", ""),
                "Sequence": hop.number,
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`Type` in any letters; `ClientState` comes back with the next hop."""
        members = answer.json()
        kind = member(members, "Type", str).lower()
        if kind not in {"response", "release"}:
            raise NoPage(f"{ANOTHER_FORM}: Type is {kind}")
        if "DataType" in members and members["DataType"] not in DATA_TYPES:
            raise NoPage(f"{ANOTHER_FORM}: DataType is {members['DataType']}")
        state = members.get("ClientState")
        kept = {"ClientState": state} if isinstance(state, str) and state else {}
        return Page(member(members, "Message", str), more=kind == "response", kept=kept)
