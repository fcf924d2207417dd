"""The mail relay: receipts and statements by e-mail over SMTP."""

from gateway.peers.mail.connections import RelayProfile, Tls
from gateway.peers.mail.relay import MailRelay

__all__ = ["MailRelay", "RelayProfile", "Tls"]
