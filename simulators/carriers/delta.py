"""Providers that send what was typed last, and a flag for the first hop, each with members and words of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, echoed, form_encoded, member, posted_json
from simulators.carriers.hop import Hop, HopKind, Limits, NoPage, Page

USER_ID = "TAPDIAL"
"""The customer at the provider."""
ASKED = (HopKind.BEGIN, HopKind.INPUT)


def _entered(hop: Hop) -> str:
    """At a begin the string that was dialled, later what was typed."""
    return hop.dialled if hop.kind is HopKind.BEGIN else hop.typed


@dataclass(frozen=True)
class Nalo(Form):
    """Nalo: MSGTYPE is true at the begin, and true in an answer that keeps the session open."""

    network: str = "MTN"

    def request(self, hop: Hop) -> Request | None:
        """Members in capitals."""
        if hop.kind not in ASKED:
            return None
        return posted_json(
            {
                "USERID": USER_ID, "MSISDN": hop.bare_msisdn, "USERDATA": _entered(hop),
                "MSGTYPE": hop.kind is HopKind.BEGIN, "NETWORK": self.network, "SESSIONID": hop.session_id,
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """USERID and MSISDN are repeated."""
        members = answer.json()
        echoed(members, {"USERID": USER_ID, "MSISDN": hop.bare_msisdn})
        return Page(member(members, "MSG", str), more=member(members, "MSGTYPE", bool))


@dataclass(frozen=True)
class Arkesel(Form):
    """Arkesel: the session, the customer and the number come back with the text."""

    network: str = "MTN"

    def request(self, hop: Hop) -> Request | None:
        """The first userData is the code."""
        if hop.kind not in ASKED:
            return None
        members = {"newSession": hop.kind is HopKind.BEGIN, "userData": _entered(hop), "network": self.network}
        return posted_json({**self._names(hop), **members})

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`continueSession` keeps the session open."""
        members = answer.json()
        echoed(members, self._names(hop))
        return Page(member(members, "message", str), more=member(members, "continueSession", bool))

    def _names(self, hop: Hop) -> Mapping[str, str]:
        return {"sessionID": hop.session_id, "userID": USER_ID, "msisdn": hop.bare_msisdn}


@dataclass(frozen=True)
class Moolre(Form):
    """Moolre: `data` holds what was dialled behind the extension."""

    network: str = "1"

    def request(self, hop: Hop) -> Request | None:
        """`message` is what was typed; nothing at the begin."""
        if hop.kind not in ASKED:
            return None
        begins = hop.kind is HopKind.BEGIN
        return posted_json(
            {
                "sessionid": hop.session_id, "new": begins, "msisdn": hop.bare_msisdn, "network": self.network,
                "message": "" if begins else hop.typed, "extension": hop.bare_code,
                "data": hop.typed if begins else "",
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`reply` is true where the person may answer."""
        members = answer.json()
        return Page(member(members, "message", str), more=member(members, "reply", bool))


@dataclass(frozen=True)
class Korba(Form):
    """Korba: the numbers of ussd_service_op (SMPP 3.4, 5.3.2.44) as JSON numbers: 1 begin, 18 answer; 2 ask, 17 end."""

    network: str = "MTN"

    def request(self, hop: Hop) -> Request | None:
        """The first ussdString is the code."""
        if hop.kind not in ASKED:
            return None
        return posted_json(
            {
                "sessionID": hop.session_id, "msisdn": hop.bare_msisdn, "network": self.network,
                "ussdString": _entered(hop), "ussdServiceOp": 1 if hop.kind is HopKind.BEGIN else 18,
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """2 asks, 17 ends."""
        members = answer.json()
        operation = member(members, "ussdServiceOp", int)
        if operation not in (2, 17):
            raise NoPage(f"{ANOTHER_FORM}: ussdServiceOp is neither 2 nor 17")
        return Page(member(members, "message", str), more=operation == 2)


@dataclass(frozen=True)
class Nsano(Form):
    """Nsano: no flag for the first hop; a session that was never seen begins."""

    network: str = "MTN"

    def request(self, hop: Hop) -> Request | None:
        """The first msg is the code."""
        if hop.kind not in ASKED:
            return None
        return posted_json(
            {
                "UserSessionID": hop.session_id,
                "msisdn": hop.bare_msisdn,
                "network": self.network,
                "msg": _entered(hop),
            }
        )

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`input` and `showMenu` ask, `prompt` ends."""
        members = member(answer.json(), "USSDResp", dict)
        action = member(members, "action", str)
        if action not in {"input", "showMenu", "prompt"}:
            raise NoPage(f"{ANOTHER_FORM}: action is {action}")
        member(members, "menus", str, list)
        return Page(member(members, "title", str), more=action != "prompt")


@dataclass(frozen=True)
class Hollatags(Form):
    """Hollatags: a query in, the same names as JSON out; pages of 160 characters."""

    limits: Limits = field(default_factory=lambda: Limits(160, 80))
    network: str = "MTN"

    def request(self, hop: Hop) -> Request | None:
        """`begin`, `continue`, and `end` where the person or the network cut the session."""
        if hop.kind is HopKind.REPORT:
            return None
        operation = {HopKind.BEGIN: "begin", HopKind.INPUT: "continue"}.get(hop.kind, "end")
        fields = {
            "session_msisdn": hop.bare_msisdn, "session_operation": operation, "session_type": "1",
            "session_msg": _entered(hop), "session_id": hop.session_id, "session_from": hop.bare_code,
            "session_mno": self.network,
        }  # fmt: skip
        return Request("GET", query=form_encoded(fields.items()))

    def read(self, hop: Hop, answer: Answer) -> Page:
        """Type 1 needs a reply; 2, 3 and 4 need none."""
        members = answer.json()
        echoed(members, {"session_id": hop.session_id, "session_msisdn": hop.bare_msisdn})
        operation, kind = member(members, "session_operation", str), member(members, "session_type", int, str)
        if (operation, str(kind)) not in {("continue", "1"), ("end", "2"), ("end", "3"), ("end", "4")}:
            raise NoPage(f"{ANOTHER_FORM}: session_operation {operation} with session_type {kind}")
        return Page(member(members, "session_msg", str), more=operation == "continue")


@dataclass(frozen=True)
class Ideamart(Form):
    """Ideamart and BDApps: mo-init and mo-cont in, mt-cont or mt-fin out."""

    def request(self, hop: Hop) -> Request | None:
        """The first message is the code; the number is a `tel:` address."""
        if hop.kind not in ASKED:
            return None
        return posted_json(
            {
                "version": "1.0", "applicationId": "APP_000001", "sessionId": hop.session_id,
                "ussdOperation": "mo-init" if hop.kind is HopKind.BEGIN else "mo-cont",
                "sourceAddress": f"tel:{hop.bare_msisdn}", "message": _entered(hop), "encoding": "440",
                "requestId": f"{hop.session_id}{hop.number}",
            }
        )  # fmt: skip

    def read(self, hop: Hop, answer: Answer) -> Page:
        """mt-init is for a push, and no answer."""
        members = answer.json()
        operation = member(members, "ussdOperation", str)
        if operation not in {"mt-cont", "mt-fin"}:
            raise NoPage(f"{ANOTHER_FORM}: ussdOperation is {operation}")
        return Page(member(members, "message", str), more=operation == "mt-cont")
