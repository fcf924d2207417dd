"""The one composition root: stores, keys, services, channels, peers and workers joined by plain constructor calls."""

from gateway.app.building import built, upgrade
from gateway.app.house import House
from gateway.app.serve import serve

__all__ = ["House", "built", "serve", "upgrade"]
