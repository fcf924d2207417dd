"""Huawei's USSD centre as a Talk: the dialogues of its binary protocol (gateway/wire/ussdc.py)."""

import itertools
import re
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.errors import BadInput
from gateway.peers.ussd.profile import UssdLinkProfile
from gateway.peers.ussd.talk import Alive, Answer, Asked, Bound, Happening, Landed, Misread, Turned
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.services.dialogues.push import MAP_ERRORS, Push, PushOutcome
from gateway.wire import ussdc
from gateway.wire.ussdc import Command, Operation, Pdu

_NAMED = re.compile(r"@([*#][0-9*]{1,30}#?)@(.*)", re.ASCII | re.DOTALL)
"""A string that names the code before what was typed or dialled behind it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A dialogue on both sides, whose it is, and the key of its session."""

    theirs: int
    ours: int
    msisdn: str = field(repr=False)
    key: str = ""


class UssdcTalk:
    """One connection to a centre."""

    def __init__(self, profile: UssdLinkProfile) -> None:
        self._profile = profile
        self._buffer = bytearray()
        self._numbers = itertools.cycle(range(1, 0x7FFFFFFF))
        self._places: dict[int, _Place] = {}
        """Dialogues that are open, by the centre's CB, those that began longest ago first."""
        self._pushes: dict[int, Push] = {}
        """Dialogues that we have begun and the phone has not answered, by our CB."""

    def hello(self) -> bytes:
        """A bind."""
        profile = self._profile
        body = ussdc.bind_body(profile.account, profile.password, profile.system_type)
        return Pdu(Command.BIND, ussdc.NO_CB, ussdc.NO_CB, body=body).encode()

    def feed(self, octets: bytes) -> list[Happening]:
        """Bind answers, shakes and hops.

        Raises:
            BadInput: A PDU that cannot be.
        """
        self._buffer += octets
        found = [self._happening(pdu) for pdu in ussdc.pdus(self._buffer)]
        return [one for one in found if one is not None]

    def page(self, place: Hashable, page: LinkPage) -> bytes:
        """A continue that asks, or an end."""
        assert isinstance(place, _Place), "a page goes to the place of its hop"
        command, operation = (Command.END, Operation.RELEASE) if page.ends else (Command.CONTINUE, Operation.REQUEST)
        if page.ends:
            self._places.pop(place.theirs, None)
        body = ussdc.Talk(operation, place.msisdn, page.text).encode()
        return Pdu(command, place.ours, place.theirs, body=body).encode()

    def push(self, push: Push) -> tuple[Hashable, bytes]:
        """A begin of ours: a notify, or a request where the page asks."""
        ours, operation = next(self._numbers), Operation.REQUEST if push.asks else Operation.NOTIFY
        body = ussdc.Talk(operation, push.msisdn.removeprefix("+"), push.text, self._profile.push_code).encode()
        if len(self._pushes) >= self._profile.pushes_max:
            raise BadInput("as many pushes are in hand as were agreed")
        self._pushes[ours] = push
        return ours, Pdu(Command.BEGIN, ours, ussdc.NO_CB, body=body).encode()

    def drop(self, key: Hashable) -> bytes:
        """An abort of a dialogue that the centre may not have joined."""
        assert isinstance(key, int), "a push is known by our CB"
        return Pdu(Command.ABORT, key, ussdc.NO_CB).encode() if self._pushes.pop(key, None) else b""

    def enquiry(self) -> bytes:
        """A shake."""
        return Pdu(Command.SHAKE, ussdc.NO_CB, ussdc.NO_CB).encode()

    def goodbye(self) -> bytes:
        """An unbind."""
        return Pdu(Command.UNBIND, ussdc.NO_CB, ussdc.NO_CB).encode()

    def _happening(self, pdu: Pdu) -> Happening | None:
        match pdu.command:
            case Command.BIND_RESP:
                return Bound() if pdu.status == 0 else Turned(f"bind_{pdu.status:#x}")
            case Command.SHAKE_RESP:
                return Alive()
            case Command.SHAKE:
                return Answer(Pdu(Command.SHAKE_RESP, pdu.receiver_cb, pdu.sender_cb).encode())
            case Command.UNBIND:
                return Turned("unbound")
            case Command.CONTINUE | Command.END | Command.ABORT if pdu.receiver_cb in self._pushes:
                return self._landed(pdu, self._pushes.pop(pdu.receiver_cb))
            case Command.BEGIN | Command.CONTINUE:
                return self._talked(pdu)
            case Command.END | Command.ABORT:
                return self._aborted(pdu)
            case _:
                # What a later version of the centre may say is nothing that a person waits for.
                return None

    def _talked(self, pdu: Pdu) -> Happening:
        try:
            talk = ussdc.talk_of(pdu.body)
            ussdc.c_octets(talk.msisdn, ussdc.MSISDN_OCTETS)
        except BadInput:
            # A phone may send whatever it likes; the dialogues of others must not end for it.
            place = self._places.pop(pdu.sender_cb, None)
            ours = place.ours if place else next(self._numbers)
            return Misread(Pdu(Command.ABORT, ours, pdu.sender_cb).encode())
        return self._begin(pdu, talk) if pdu.command == Command.BEGIN else self._next(pdu, talk)

    def _begin(self, pdu: Pdu, talk: ussdc.Talk) -> Happening:
        place = self._opened(_Place(pdu.sender_cb, next(self._numbers), talk.msisdn))
        named = _NAMED.fullmatch(talk.text)
        dialled = _dialled(named[1], named[2]) if named else talk.text or f"*{talk.service_code}#"
        return self._asked(place, HopKind.BEGIN, dialled)

    def _opened(self, place: _Place) -> _Place:
        """Remember a dialogue."""
        self._places.pop(place.theirs, None)
        if len(self._places) >= self._profile.dialogues_max:
            # Of ends that the centre never told. Should the oldest go on after all, it is like one from before.
            del self._places[next(iter(self._places))]
        self._places[place.theirs] = place
        return place

    def _landed(self, pdu: Pdu, push: Push) -> Landed:
        """What became of a push: the phone's answer, or the status of the end that the network put to it."""
        ours, text = pdu.receiver_cb, ""
        if pdu.command == Command.ABORT or pdu.status:
            # A status of 0 is the red key: the person has seen it and wants nothing of it.
            outcome = {**MAP_ERRORS, **self._profile.push_ends}.get(pdu.status, PushOutcome.REJECTED)
            return Landed(ours, outcome)
        with suppress(BadInput):
            # What cannot be read was shown all the same, and must not end the dialogues of others.
            text = ussdc.talk_of(pdu.body).text if pdu.body else ""
        place = _Place(pdu.sender_cb, ours, push.msisdn.removeprefix("+"), push.session_key)
        if push.asks and pdu.command == Command.CONTINUE:
            self._opened(place)
            return Landed(ours, PushOutcome.SHOWN, asked=self._asked(place, HopKind.CONTINUE, text))
        release = b"" if pdu.command == Command.END else self.page(place, LinkPage("", ends=True))
        return Landed(ours, PushOutcome.SHOWN, release)

    def _next(self, pdu: Pdu, talk: ussdc.Talk) -> Happening:
        place = self._places.get(pdu.sender_cb)
        if place is None:
            # From before this connection: the dialogues know the person or say that the session is over.
            place = _Place(pdu.sender_cb, next(self._numbers), talk.msisdn)
        named = _NAMED.fullmatch(talk.text)
        return self._asked(place, HopKind.CONTINUE, named[2] if named else talk.text)

    def _aborted(self, pdu: Pdu) -> Happening | None:
        place = self._places.pop(pdu.sender_cb, None)
        return None if place is None else self._asked(place, HopKind.ABORT, "")

    def _asked(self, place: _Place, kind: HopKind, text: str) -> Asked:
        msisdn = f"+{place.msisdn.removeprefix('+')}"
        # The centre's number is its own only while the dialogue lasts; the person's tells two apart meanwhile.
        key = place.key or f"{place.theirs:08x}"
        return Asked(LinkHop(self._profile.name, key, msisdn, kind, text), place)


def _dialled(code: str, rest: str) -> str:
    """What was dialled, out of the code and what stands behind it."""
    rest = rest.strip("*#")
    return f"{code.rstrip('#')}*{rest}#" if rest else f"{code.rstrip('#')}#"
