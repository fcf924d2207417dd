"""The HTTP API for phones' own software, auditors and other institutions' systems, `/api/v1`."""

from gateway.channels.api.app import api_app
from gateway.channels.api.partners import Partners

__all__ = ["Partners", "api_app"]
