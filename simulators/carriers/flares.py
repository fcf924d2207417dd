"""Comviva Flares, the pull of Airtel: a query in, plain text and headers out.

The first `input` is what was dialled, without the star before and the hash behind it; a clean-up GET says that the
session is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, form_encoded
from simulators.carriers.hop import Hop, HopKind, NoPage, Page

SWITCH = "98911000"
"""MSC: the exchange that the phone is at."""
ERRORS: Mapping[HopKind, str] = {HopKind.ABORT: "520", HopKind.TIMEOUT: "523"}


@dataclass(frozen=True)
class Flares(Form):
    """GET both for hops and for clean-ups; user and password stand in every query."""

    user: str = "tapdial"
    password: str = field(default="", repr=False)

    def request(self, hop: Hop) -> Request | None:
        """The number is MSISDN at a pull and msisdn at a clean-up."""
        match hop.kind:
            case HopKind.BEGIN | HopKind.INPUT:
                typed = hop.dialled.removeprefix("*").removesuffix("#") if hop.kind is HopKind.BEGIN else hop.typed
                return self._query(
                    {"SessionID": hop.session_id, "MSISDN": hop.bare_msisdn, "MSC": SWITCH, "input": typed}
                )
            case HopKind.ABORT | HopKind.TIMEOUT:
                cleaned = {"clean": "clean-session", "error": ERRORS[hop.kind]}
                return self._query({"SessionID": hop.session_id, "msisdn": hop.bare_msisdn, **cleaned})
            case HopKind.REPORT:
                return None

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`Freeflow` is FC where an answer is waited for and FB at the end; nobody is charged for a page."""
        del hop
        text, flow = answer.text("text/plain"), answer.headers.get("freeflow", "")
        if flow not in {"FC", "FB"}:
            raise NoPage(f"{ANOTHER_FORM}: Freeflow is {flow or 'missing'}")
        if answer.headers.get("charge", "N") != "N":
            raise NoPage(f"{ANOTHER_FORM}: charge is not N, and no price was agreed")
        if not answer.headers.get("amount", "0").isdecimal():
            raise NoPage(f"{ANOTHER_FORM}: amount is no number")
        return Page(text, more=flow == "FC")

    def _query(self, fields: Mapping[str, str]) -> Request:
        known = {"userid": self.user, "password": self.password}
        return Request("GET", query=form_encoded({**known, **fields}.items()))
