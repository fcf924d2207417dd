"""Infobip: a session is an address, and what happens in it the address's last word."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.carriers.form import Answer, Form, Request, member, posted_json
from simulators.carriers.hop import Hop, HopKind, NoPage, Page

EXIT_OK = 200
EXIT_OF: Mapping[HopKind, tuple[int, str]] = {
    HopKind.ABORT: (510, "user abort"),
    HopKind.TIMEOUT: (520, "session timeout"),
}
"""exitCode and reason of an `end`."""


@dataclass(frozen=True)
class Infobip(Form):
    """`POST …/session/{id}/start | response | end`, JSON both ways; a refusal is a 200 with another exit code."""

    gateway_id: str = "live2"

    def new_session(self) -> str:
        """A long number."""
        return str(10**15 + secrets.randbelow(9 * 10**15))

    def request(self, hop: Hop) -> Request | None:
        """Both the text of a start and its shortCode are what was dialled."""
        match hop.kind:
            case HopKind.BEGIN:
                return self._posted(hop, "start", {"text": hop.dialled, **self._known(hop)})
            case HopKind.INPUT:
                return self._posted(hop, "response", {"text": hop.typed, **self._known(hop)})
            case HopKind.ABORT | HopKind.TIMEOUT:
                code, reason = EXIT_OF[hop.kind]
                return self._posted(hop, "end", {"exitCode": code, "reason": reason})
            case HopKind.REPORT:
                return None

    def read(self, hop: Hop, answer: Answer) -> Page:
        """The first answer can never close the session."""
        members = answer.json()
        code: Any = member(members, "responseExitCode", int)
        if code != EXIT_OK:
            raise NoPage(f"the application answered {code}: {members.get('responseMessage') or 'no reason'}")
        text, closes = member(members, "ussdMenu", str), member(members, "shouldClose", bool)
        if closes and hop.kind is HopKind.BEGIN:
            raise NoPage("the first answer closes the session, which this wire cannot", text)
        return Page(text, more=not closes)

    def _posted(self, hop: Hop, verb: str, members: Mapping[str, object]) -> Request:
        return posted_json(members, f"session/{hop.session_id}/{verb}")

    def _known(self, hop: Hop) -> Mapping[str, object]:
        return {
            "msisdn": hop.bare_msisdn,
            "imsi": None,
            "shortCode": hop.service_code,
            "language": None,
            "ussdGwId": self.gateway_id,
        }
