"""MONEY: accounts, transfers and the ledger. Knows opaque references, never phones, people, menus or HTTP."""
