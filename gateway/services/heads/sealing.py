"""What of published heads is sealed with a day: those that were published in it."""

from gateway.services.heads.tables import published_heads
from gateway.store.octets import Dated

SEALED = (Dated(published_heads, published_heads.c.published_at),)
