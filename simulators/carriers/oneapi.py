"""USSD in the manner of GSMA's OneAPI: a hop is a JSON object that is acknowledged, its page a POST of the application.

A clientCorrelator names one request of the application: a page under one that came already is not shown again.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.carriers.form import ANOTHER_FORM, Answer, Request, echoed, member, posted_json
from simulators.carriers.hop import Hop, HopKind, NoPage, Page, Timers
from simulators.carriers.later_line import Call, LaterForm, Taken

OUTBOUND = "outboundUSSDMessageRequest"
ACTIONS: Mapping[HopKind, str] = {
    HopKind.BEGIN: "moinit",
    HopKind.INPUT: "mocont",
    HopKind.ABORT: "mofin",
    HopKind.TIMEOUT: "mofin",
}


@dataclass(frozen=True)
class OneApi(LaterForm):
    """JSON both ways, under a bearer token."""

    timers: Timers = field(default_factory=lambda: Timers(application_s=10.0))

    def request(self, hop: Hop) -> Request | None:
        """The first message is what was dialled."""
        if hop.kind not in ACTIONS:
            return None
        said = hop.dialled if hop.kind is HopKind.BEGIN else hop.typed
        request = posted_json(
            {
                "inboundUSSDMessageRequest": {
                    **self._names(hop), "inboundUSSDMessage": said, "clientCorrelator": None,
                    "ussdAction": ACTIONS[hop.kind],
                }
            }
        )  # fmt: skip
        headers = {**request.headers, "Authorization": f"Bearer {self.password}"}
        return Request(headers=headers, body=request.body)

    def read(self, hop: Hop, answer: Answer) -> Page:
        """The status OK."""
        del hop
        if (status := member(answer.json(), "status", str)) != "OK":
            raise NoPage(f"{ANOTHER_FORM}: status is {status}")
        return Page("", more=True)

    def session_of(self, call: Call) -> str:
        """It is named."""
        return str(member(_outbound(call), "sessionID", str))

    def named(self, call: Call) -> str:
        """The clientCorrelator."""
        return str(member(_outbound(call), "clientCorrelator", str))

    def shown(self, hop: Hop, call: Call) -> Page:
        """The phone stands in the path and in the object; the token is the house's."""
        proof, expected = call.headers.get("authorization", ""), f"Bearer {self.password}"
        if not hmac.compare_digest(proof.encode(), expected.encode()):
            raise NoPage(f"{ANOTHER_FORM}: the bearer token is not that of {self.user}")
        sent, names = _outbound(call), self._names(hop)
        if not call.path.endswith(f"/outbound/{names['address']}"):
            raise NoPage(f"{ANOTHER_FORM}: the path does not end with outbound and the phone")
        echoed(sent, names)
        asked = member(sent, "responseRequest", dict)
        if not member(asked, "notifyURL", str).startswith(("http://", "https://")):
            raise NoPage(f"{ANOTHER_FORM}: notifyURL is no address")
        action = member(sent, "ussdAction", str)
        if action not in {"mtcont", "mtfin"}:
            raise NoPage(f"{ANOTHER_FORM}: ussdAction is {action}")
        return Page(member(sent, "outboundUSSDMessage", str), more=action == "mtcont")

    def taken(self, problem: str) -> Taken:
        """The resource that was made, or an exception of the service."""
        said: Mapping[str, object] = {OUTBOUND: {"deliveryStatus": "SENT"}}
        if problem:
            said = {"requestError": {"serviceException": {"messageId": "SVC0002", "text": problem}}}
        return Taken(json.dumps(said, ensure_ascii=False).encode(), "application/json", 400 if problem else 201)

    def _names(self, hop: Hop) -> Mapping[str, str]:
        """What a page repeats."""
        return {
            "address": f"tel:{hop.msisdn}",
            "sessionID": hop.session_id,
            "shortCode": f"tel:{hop.bare_code}",
            "keyword": hop.bare_code,
        }


def _outbound(call: Call) -> Mapping[str, Any]:
    found: Mapping[str, Any] = member(call.json(), OUTBOUND, dict)
    return found
