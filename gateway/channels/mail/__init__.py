"""The letters' door: e-mail that becomes text messages, and letters of ours that came back."""

from gateway.channels.mail.desk import MailDesk
from gateway.channels.mail.ingress import MailIngress, tls_context

__all__ = ["MailDesk", "MailIngress", "tls_context"]
