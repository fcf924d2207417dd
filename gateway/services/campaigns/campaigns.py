"""The front door of this service."""

from gateway.services.campaigns.loading import Loading
from gateway.services.campaigns.sending import Sending


class Campaigns(Loading, Sending):
    """Tells many people something, once each, at a pace, after two members of staff have looked at it."""
