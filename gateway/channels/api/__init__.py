"""The HTTP API for phones' own software and for auditors, `/api/v1`."""

from gateway.channels.api.app import api_app

__all__ = ["api_app"]
