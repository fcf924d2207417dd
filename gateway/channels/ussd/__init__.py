"""The USSD door: wires in, dialogues answered, actions bound to services."""

from gateway.channels.ussd.actions import build_actions
from gateway.channels.ussd.africastalking import AfricasTalking, Credential

__all__ = ["AfricasTalking", "Credential", "build_actions"]
