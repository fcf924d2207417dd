"""The gateway's own database: one way to write (grouped units of work), reads beside it, migrations."""

from gateway.store.front import Store, Write, insert_ignore, metadata, table

__all__ = ["Store", "Write", "insert_ignore", "metadata", "table"]
