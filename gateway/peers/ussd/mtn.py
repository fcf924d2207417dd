"""MTN Nigeria's USSD centre as a Talk: XML over TCP (gateway/wire/framedxml.py).

We sign on with AUTHRequest and ask every half minute whether the centre is there (ENQRequest). USSDRequest brings a
hop: msgtype 1 begins, EndofSession 1 says that the person is gone; USSDResponse shows a page: msgtype 2 asks, 6 ends.
"""

import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field

from gateway.errors import BadInput
from gateway.peers.ussd.profile import UssdLinkProfile
from gateway.peers.ussd.talk import Alive, Answer, Asked, Bound, Happening, Misread, Turned
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.dialogues.push import Push
from gateway.wire import gsm
from gateway.wire.framedxml import Frame, frames

_ASKS, _ENDS = "2", "6"
_BEGINS = "1"
_GSM, _UCS2 = "15", "72"
"""Data coding schemes of a page (3GPP TS 23.038 clause 5)."""


@dataclass(frozen=True, slots=True)
class _Place:
    session_id: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    """What the answer repeats: requestId, msisdn, starCode, clientId."""


class MtnTalk:
    """One connection to the centre."""

    def __init__(self, profile: UssdLinkProfile) -> None:
        self._profile = profile
        self._buffer = bytearray()
        self._numbers = itertools.count(1)

    def hello(self) -> bytes:
        """An AUTHRequest."""
        profile = self._profile
        fields = {
            "requestId": str(next(self._numbers)),
            "userName": profile.account,
            "passWord": profile.password,
            "applicationId": profile.system_type,
        }
        return Frame("", "AUTHRequest", fields).encode()

    def feed(self, octets: bytes) -> list[Happening]:
        """Answers to our sign-on and enquiries, and hops.

        Raises:
            BadInput: The head of a frame that cannot be.
        """
        self._buffer += octets
        found = [self._happening(frame) for frame in frames(self._buffer)]
        return [one for one in found if one is not None]

    def page(self, place: Hashable, page: LinkPage) -> bytes:
        """A USSDResponse."""
        assert isinstance(place, _Place), "a page goes to the place of its hop"
        fields = {
            **dict(place.fields),
            "phase": "2",
            "dcs": _GSM if gsm.coding_of(page.text) is gsm.Coding.GSM else _UCS2,
            "msgtype": _ENDS if page.ends else _ASKS,
            "userdata": page.text,
            "delvrpt": "0",
            "EndofSession": "1" if page.ends else "0",
        }
        return Frame(place.session_id, "USSDResponse", fields).encode()

    def push(self, push: Push) -> tuple[Hashable, bytes]:
        """Nothing: what is published of this wire knows no session that we begin."""
        raise BadInput(f"MTN's XML cannot show {push.id}")

    def drop(self, key: Hashable) -> bytes:
        """Nothing is ever in hand."""
        raise AssertionError(f"{key} was never pushed")

    def enquiry(self) -> bytes:
        """An ENQRequest."""
        return self._enquiry("ENQRequest", "ENQUIRELINK", str(next(self._numbers)))

    def goodbye(self) -> bytes:
        """Nothing: the wire knows no sign-off."""
        return b""

    @staticmethod
    def _enquiry(name: str, command: str, number: str) -> bytes:
        return Frame("", name, {"requestId": number, "enqCmd": command}).encode()

    def _happening(self, frame: Frame) -> Happening | None:
        match frame.name:
            case "AUTHResponse":
                return Bound()
            case "AUTHError":
                return Turned(f"sign-on refused: {_number(frame.fields.get('errorCode', ''))}")
            case "ENQResponse":
                return Alive()
            case "ENQRequest":
                number = _number(frame.fields.get("requestId", "0"))
                return Answer(self._enquiry("ENQResponse", "ENQUIRELINKRSP", number))
            case "":
                return Misread()
            case "USSDRequest":
                return self._asked(frame, self._kind(frame))
            case "USSDError":
                # 209: the person ended it; the others say that our page never came.
                return self._asked(frame, HopKind.ABORT) if "msisdn" in frame.fields else None
            case _:
                return None

    @staticmethod
    def _kind(frame: Frame) -> HopKind:
        if frame.fields.get("EndofSession") == "1":
            return HopKind.ABORT
        return HopKind.BEGIN if frame.fields.get("msgtype") == _BEGINS else HopKind.CONTINUE

    def _asked(self, frame: Frame, kind: HopKind) -> Asked:
        repeated = tuple((name, frame.fields.get(name, "")) for name in ("requestId", "msisdn", "starCode", "clientId"))
        text, code = frame.fields.get("userdata", ""), frame.fields.get("starCode", "")
        if kind is HopKind.BEGIN and not text.startswith("*"):
            text = f"*{code}#"
        msisdn = f"+{frame.fields.get('msisdn', '').lstrip('+')}"
        # Where the centre names no session, a phone has one at a time.
        key = frame.session_id or msisdn
        return Asked(LinkHop(self._profile.name, key, msisdn, kind, text), _Place(frame.session_id, repeated))


def _number(text: str) -> str:
    """A number of the wire, safe to log and to repeat."""
    return text if text.isascii() and text.isdecimal() and len(text) <= 12 else "0"
