"""The HTTP API for phones' own software, `/api/v1`."""

from gateway.channels.api.app import api_app

__all__ = ["api_app"]
