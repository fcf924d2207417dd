"""Settings. Order: environment (`TAPDIAL_…`), then the TOML file of `--config`, then the default."""

from gateway.settings.fields import DEMO_SECRET, PREFIX, Settings
from gateway.settings.loading import load, must_be_closed, read_secret, read_table

__all__ = ["DEMO_SECRET", "PREFIX", "Settings", "load", "must_be_closed", "read_secret", "read_table"]
