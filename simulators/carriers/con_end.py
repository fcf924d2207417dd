"""Providers whose answer is `CON ` or `END ` and a text: Africa's Talking and its like, each a table of field names.

What is typed comes as all answers so far, joined by `*`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from simulators.carriers.form import ANOTHER_FORM, Answer, Form, Request, form_encoded, member, posted_form, posted_json
from simulators.carriers.hop import Hop, HopKind, NoPage, Page, Report

COST = "0.0025"


@dataclass(frozen=True)
class ConEnd(Form):
    """A form or a query in, `CON …` or `END …` in plain text out.

    Attributes:
        session: Field of the session's id; `msisdn`, `text`, `code` and `carrier` likewise, '' where there is none.
        whole: Whether what was typed stands behind the code, as if all had been dialled: `*1420*3*500#`.
        plus: Whether numbers have their plus sign.
        bare: Whether the service code stands without `*` and `#`.
        by_get: The fields are a query.
    """

    session: str = "sessionId"
    msisdn: str = "phoneNumber"
    text: str = "text"
    code: str = "serviceCode"
    carrier: str = "networkCode"
    whole: bool = False
    plus: bool = False
    bare: bool = False
    by_get: bool = False

    def fields(self, hop: Hop) -> Mapping[str, str]:
        """The fields that name the dialogue, and what was typed."""
        fields = {
            self.session: hop.session_id,
            self.msisdn: hop.msisdn if self.plus else hop.bare_msisdn,
            self.carrier: self.network,
            self.code: hop.bare_code if self.bare else hop.service_code,
            self.text: f"{'*'.join([hop.service_code.removesuffix('#'), *hop.entries])}#"
            if self.whole
            else "*".join(hop.entries),
        }
        return {name: value for name, value in fields.items() if name}

    def request(self, hop: Hop) -> Request | None:
        """Begins and answers alone: these providers tell nothing else here."""
        if hop.kind not in (HopKind.BEGIN, HopKind.INPUT):
            return None
        fields = self.fields(hop).items()
        return Request("GET", query=form_encoded(fields)) if self.by_get else posted_form(fields)

    def read(self, hop: Hop, answer: Answer) -> Page:
        """The text behind its first four characters."""
        text = answer.text("text/plain")
        if text[:4] not in {"CON ", "END "}:
            raise NoPage(ANOTHER_FORM)
        return Page(text[4:], more=text[:4] == "CON ")


@dataclass(frozen=True)
class AfricasTalking(ConEnd):
    """The original, whose second address gets an account of each session when it is over.

    Attributes:
        reports: Whether that address is set at the provider; ours is `events` below the wire's path.
    """

    reports: bool = False
    prefix: ClassVar[str] = "ATUid_"

    def request(self, hop: Hop) -> Request | None:
        """The callback; at the end, the account, which holds every key that was pressed."""
        if hop.kind is HopKind.REPORT and hop.report is not None and self.reports:
            return posted_form(self._account(hop, hop.report).items(), "events")
        return super().request(hop)

    def _account(self, hop: Hop, report: Report) -> Mapping[str, str]:
        account = {
            "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            "sessionId": hop.session_id,
            "serviceCode": hop.service_code,
            "networkCode": self.network,
            "phoneNumber": hop.msisdn,
            "status": report.ending,
            "cost": COST,
            "durationInMillis": str(report.duration_ms),
            "hopsCount": str(report.hop_count),
            "input": "*".join(hop.entries),
            "lastAppResponse": report.last_page,
        }
        return account | ({"errorMessage": report.error} if report.error else {})


@dataclass(frozen=True)
class Oltranz(Form):
    """A JSON object that comes back as it went, with `response` and `action`; only what was typed last."""

    def request(self, hop: Hop) -> Request | None:
        """`newRequest` is 1 at a begin."""
        if hop.kind not in (HopKind.BEGIN, HopKind.INPUT):
            return None
        return posted_json(self._members(hop))

    def read(self, hop: Hop, answer: Answer) -> Page:
        """`action` is CON or END."""
        members = answer.json()
        if members.get("sessionId") != hop.session_id:
            raise NoPage(f"{ANOTHER_FORM}: sessionId is not the request's")
        action = member(members, "action", str)
        if action not in {"CON", "END"}:
            raise NoPage(f"{ANOTHER_FORM}: action is neither CON nor END")
        return Page(member(members, "response", str), more=action == "CON")

    def _members(self, hop: Hop) -> Mapping[str, object]:
        begins = hop.kind is HopKind.BEGIN
        return {
            "sessionId": hop.session_id,
            "msisdn": hop.bare_msisdn,
            "newRequest": 1 if begins else 0,
            "input": hop.dialled if begins else hop.typed,
        }
