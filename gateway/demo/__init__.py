"""The demo: its people, merchants and staff as data, and what starts and seeds it."""
