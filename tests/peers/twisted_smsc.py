"""A strict SMSC on smpp.twisted3: prints its port, then a line of JSON for each thing that it hears.

It runs in a Python of its own, `.venv-peers`. It refuses what the standard does not allow: optional parameters where
they do not belong with 0xC1, validity periods that are none with 0x62, unknown ids and passwords with 0x0F and 0x0E.
Words: `receipts=0 throttle_every=0 unbind_after=0`.
"""

import json
import sys
from typing import Any

from smpp.pdu.operations import DeliverSM
from smpp.pdu.pdu_types import (
    AddrNpi,
    AddrTon,
    CommandStatus,
    EsmClass,
    EsmClassMode,
    EsmClassType,
    MessageState,
    PDURequest,
)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.error import UnauthorizedLogin
from twisted.internet import defer, reactor

SYSTEM_ID = "tapdial"
PASSWORD = "demo"


def say(heard: dict[str, Any]) -> None:
    """One line."""
    print(json.dumps(heard), flush=True)


class Doorkeeper:
    """Lets one system in, by its password; stands where twisted.cred has a portal."""

    def login(self, credentials: Any, _mind: object, interface: Any) -> Any:
        """As twisted.cred's."""
        if (credentials.username, credentials.password) == (SYSTEM_ID, PASSWORD):
            return defer.succeed((interface, SYSTEM_ID, None))
        return defer.fail(UnauthorizedLogin())


class Smsc:
    """Takes messages, by the words of its command line."""

    def __init__(self, *, receipts: int = 0, throttle_every: int = 0, unbind_after: int = 0) -> None:
        self._receipts = receipts
        self._throttle_every = throttle_every
        self._unbind_after = unbind_after
        self._submits = 0

    def take(self, system_id: str, session: Any, pdu: PDURequest) -> Any:
        """Answer a data request; whatever the codec refuses never comes here."""
        self._submits += 1
        params = pdu.params
        say(
            {
                "submit": self._submits,
                "system_id": system_id,
                "command": pdu.id.name,
                "text": (params.get("short_message") or params.get("message_payload") or b"").hex(),
                "data_coding": str(params["data_coding"].schemeData),
                "features": sorted(feature.name for feature in params["esm_class"].gsmFeatures),
                "source": params["source_addr"].decode(),
                "dest": params["destination_addr"].decode(),
                "validity": str(params.get("validity_period")),
                "tlvs": sorted(name for name in params if name.startswith(("sar_", "message_payload", "user_message"))),
            }
        )
        if self._throttle_every and self._submits % self._throttle_every == 0:
            return CommandStatus.ESME_RTHROTTLED
        message_id = f"{self._submits:08X}"
        if self._receipts:
            session.sendDataRequest(_receipt(params, message_id)).addCallbacks(_receipted, _unreceipted)
        if self._submits == self._unbind_after:
            reactor.callLater(0, session.unbindAndDisconnect)
        return DataHandlerResponse(CommandStatus.ESME_ROK, message_id=message_id)


def _receipt(params: dict[str, Any], message_id: str) -> DeliverSM:
    return DeliverSM(
        source_addr_ton=AddrTon.INTERNATIONAL,
        source_addr_npi=AddrNpi.ISDN,
        source_addr=params["destination_addr"],
        dest_addr_ton=params["source_addr_ton"],
        dest_addr_npi=params["source_addr_npi"],
        destination_addr=params["source_addr"],
        esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.SMSC_DELIVERY_RECEIPT),
        short_message=f"id:{message_id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode(),
        receipted_message_id=message_id,
        message_state=MessageState.DELIVERED,
    )


def _receipted(result: Any) -> None:
    say({"answer": result.response.id.name, "status": result.response.status.name})


def _unreceipted(failure: Any) -> None:
    say({"unanswered": failure.type.__name__})


def main(**words: int) -> None:
    """Listen until killed."""
    config = SMPPServerConfig(msgHandler=Smsc(**words).take, systems={SYSTEM_ID: {"max_bindings": 2}})
    listening = reactor.listenTCP(0, SMPPServerFactory(config, Doorkeeper()), interface="127.0.0.1")
    print(listening.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    main(**{name: int(value) for name, _, value in (word.partition("=") for word in sys.argv[1:])})
