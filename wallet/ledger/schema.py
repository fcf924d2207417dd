"""Tables, triggers and migrations of the ledger."""
