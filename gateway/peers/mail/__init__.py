"""The mail relay: receipts by e-mail over SMTP."""

from gateway.peers.mail.relay import MailRelay

__all__ = ["MailRelay"]
