"""The ledger's only SQL."""
