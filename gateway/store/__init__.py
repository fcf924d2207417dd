"""The gateway's own database: one way to write (grouped units of work), reads beside it, migrations."""

from gateway.store.front import Store, Write, find, insert_ignore, metadata, table, write

__all__ = ["Store", "Write", "find", "insert_ignore", "metadata", "table", "write"]
