"""The link to the SMSC: SMPP 3.4 over TCP, one transceiver bind, that comes back by itself."""

from gateway.peers.smsc.link import Link, ReceiptBox
from gateway.peers.smsc.profile import LinkProfile

__all__ = ["Link", "LinkProfile", "ReceiptBox"]
