"""Links that we keep to USSD centres over TCP: Huawei's binary protocol and MTN Nigeria's XML."""

from gateway.peers.ussd.link import UssdLink
from gateway.peers.ussd.poster import HttpPoster
from gateway.peers.ussd.profile import UssdLinkKind, UssdLinkProfile, read_ussd_links

__all__ = ["HttpPoster", "UssdLink", "UssdLinkKind", "UssdLinkProfile", "read_ussd_links"]
