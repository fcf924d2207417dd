"""One writer groups what waits and commits it as one transaction."""
