"""The one composition root: builds stores, keys, services, channels, peers and workers by plain constructor calls."""
