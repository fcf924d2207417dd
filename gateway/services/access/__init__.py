"""Access: each view of a person by staff leaves a row."""

from gateway.services.access.access import Access, View

__all__ = ["Access", "View"]
