"""The USSD door: wires in, dialogues answered, actions bound to services."""

from gateway.channels.ussd.actions import build_actions
from gateway.channels.ussd.codes import Codes
from gateway.channels.ussd.config import STAFF_CODE, default_mount, read_wires
from gateway.channels.ussd.door import Mount, UssdDoor
from gateway.channels.ussd.later import Clerk
from gateway.channels.ussd.linked import LinkedUssd
from gateway.channels.ussd.ports import SendOutcome, Sent, Services

__all__ = [
    "STAFF_CODE",
    "Clerk",
    "Codes",
    "LinkedUssd",
    "Mount",
    "SendOutcome",
    "Sent",
    "Services",
    "UssdDoor",
    "build_actions",
    "default_mount",
    "read_wires",
]
