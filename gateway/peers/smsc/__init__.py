"""Links to SMSCs: SMPP 3.4 over TCP, bound again whenever they can be, and the one carrier that they are together."""

from gateway.peers.smsc.config import LinksFile, read_links
from gateway.peers.smsc.inbound import Inbound, MessageBox, ReceiptBox
from gateway.peers.smsc.link import Link
from gateway.peers.smsc.links import Links
from gateway.peers.smsc.profile import BindKind, LinkProfile
from gateway.peers.smsc.routing import Route

__all__ = [
    "BindKind",
    "Inbound",
    "Link",
    "LinkProfile",
    "Links",
    "LinksFile",
    "MessageBox",
    "ReceiptBox",
    "Route",
    "read_links",
]
