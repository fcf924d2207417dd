"""Letters that become text messages: who may send them, how many a day, each once."""

from gateway.services.forwarding.forwarding import Forwarding
from gateway.services.forwarding.model import ForwardOutcome, NewSender, Request, Sender

__all__ = ["ForwardOutcome", "Forwarding", "NewSender", "Request", "Sender"]
