"""Links to SMSCs: SMPP 3.4 over TCP, bound again whenever they can be."""

from gateway.peers.smsc.inbound import Inbound, ReceiptBox
from gateway.peers.smsc.link import Link
from gateway.peers.smsc.profile import BindKind, LinkProfile

__all__ = ["BindKind", "Inbound", "Link", "LinkProfile", "ReceiptBox"]
