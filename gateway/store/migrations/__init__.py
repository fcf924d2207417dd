"""Alembic's environment of the gateway's store."""
