"""The revisions, forwards only, oldest first."""
