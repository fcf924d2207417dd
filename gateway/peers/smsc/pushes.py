"""Pushes over SMPP: a submit_sm with USSN request or USSR request, and the deliver_sm that says what became of it."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.peers.smsc.outlet import WAIT_MAX_S
from gateway.peers.smsc.profile import LinkProfile, SessionTlv
from gateway.peers.smsc.ussd import is_confirmation, push_pdu, session_key, session_of
from gateway.services.dialogues.linked import HopKind, LinkHop
from gateway.services.dialogues.push import MAP_ERRORS, Pending, Push, PushOutcome
from gateway.services.notices import PartResult, PartState
from gateway.wire.smpp import DataSm, DeliverSm, SubmitSm, Tag

KEYS_MAX = 20_000
"""Sessions begun by a push that are remembered; more than a link has numbers for persons who talk."""
_GSM = 3
"""Network type of a network_error_code (SMPP 3.4, 5.3.2.31)."""

_NOT_TAKEN = {
    PartState.LATER: PushOutcome.BUSY,
    PartState.REFUSED: PushOutcome.REJECTED,
    PartState.UNCERTAIN: PushOutcome.UNKNOWN,
}


class Pushes:
    """Of one link. A Pusher, and told of what comes by its Inbox."""

    def __init__(self, profile: LinkProfile, submit: Callable[[SubmitSm], Awaitable[PartResult]]) -> None:
        self._profile = profile
        self._submit = submit
        # Even ones where it may be that the lowest bit says that the session ends.
        counted = profile.ussd.session is SessionTlv.ITS_COUNTED
        self._numbers = itertools.cycle(range(1, 1 << 8) if counted else range(2, 1 << 16, 2))
        self._pending = Pending()
        self._in_hand = 0
        self._keys: dict[str, str] = {}
        """Keys of sessions that a push has begun, by what the operator knows them by."""

    @property
    def name(self) -> str:
        """As Pusher."""
        return self._profile.name

    @property
    def push_max_s(self) -> float:
        """As Pusher: a place on the link, the SMSC's answer, and the phone's."""
        return WAIT_MAX_S + self._profile.response_s + self._profile.ussd.push_s

    async def push(self, push: Push) -> PushOutcome:
        """As Pusher."""
        dialect = self._profile.ussd
        if self._in_hand >= dialect.pushes_max:
            return PushOutcome.BUSY if dialect.pushes_max else PushOutcome.UNSUPPORTED
        made = push_pdu(self._profile, push, next(self._numbers))
        if made is None:
            return PushOutcome.UNSUPPORTED
        pdu, session = made
        key = session_key(dialect, session, push.msisdn)
        if key in self._pending:
            # All numbers are taken for this person.
            return PushOutcome.BUSY
        self._in_hand += 1
        if push.asks:
            self._remember(key, push.session_key)
        try:
            return await self._pending.end_of(key, self._sent(pdu, key), dialect.push_s)
        finally:
            self._in_hand -= 1

    def heard(self, pdu: DeliverSm | DataSm, hop: LinkHop | None) -> LinkHop | None:
        """Note what a PDU says of a push; its hop, under the key of the session that the push began."""
        key = session_of(self._profile, pdu)
        if key is None:
            return hop
        if is_confirmation(pdu):
            self._pending.ended(key, PushOutcome.SHOWN)
        elif hop is not None and hop.kind is HopKind.BEGIN:
            self._keys.pop(key, None)
        elif hop is not None:
            self._pending.ended(key, PushOutcome.SHOWN if hop.kind is HopKind.CONTINUE else _error(pdu))
            known = self._keys.get(key) if hop.kind is HopKind.CONTINUE else self._keys.pop(key, None)
            return replace(hop, session_key=known) if known else hop
        return hop

    async def _sent(self, pdu: SubmitSm, key: str) -> None:
        result = await self._submit(pdu)
        if result.state in _NOT_TAKEN:
            self._pending.ended(key, _NOT_TAKEN[result.state])

    def _remember(self, key: str, known: str) -> None:
        self._keys.pop(key, None)
        self._keys[key] = known
        while len(self._keys) > KEYS_MAX:
            del self._keys[next(iter(self._keys))]


def _error(pdu: DeliverSm | DataSm) -> PushOutcome:
    """Why the network ended it: the error of MAP, where the operator hands it on; else the person did."""
    code = pdu.tlv(Tag.NETWORK_ERROR_CODE)
    if not code or len(code) != 3 or code[0] != _GSM:
        return PushOutcome.REJECTED
    return MAP_ERRORS.get(int.from_bytes(code[1:]), PushOutcome.REJECTED)
