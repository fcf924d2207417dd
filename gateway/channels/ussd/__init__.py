"""The USSD door: wires in, dialogues answered, actions bound to services."""

from gateway.channels.ussd.actions import build_actions
from gateway.channels.ussd.africastalking import AfricasTalking, Credential
from gateway.channels.ussd.linked import LinkedUssd

__all__ = ["AfricasTalking", "Credential", "LinkedUssd", "build_actions"]
