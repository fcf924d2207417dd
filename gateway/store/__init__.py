"""The gateway's own database: one way to write (grouped units of work), reads beside it, migrations."""

from gateway.store.front import Many, Store, Write, find, insert_ignore, metadata, table, write

__all__ = ["Many", "Store", "Write", "find", "insert_ignore", "metadata", "table", "write"]
