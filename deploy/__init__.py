"""How Tapdial is run outside the demo: a cluster of databases (`ha`), units and environment files (`systemd`)."""
