"""The one composition root: stores, keys, services, channels, peers and workers joined by plain constructor calls."""

from gateway.app.house import House, built, upgrade
from gateway.app.serve import serve

__all__ = ["House", "built", "serve", "upgrade"]
