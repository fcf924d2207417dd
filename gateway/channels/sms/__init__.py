"""The door of SMS: what people write to our short code, by keyword, in each language."""

from gateway.channels.sms.door import Door
from gateway.channels.sms.keywords import Found, Keyword, Keywords

__all__ = ["Door", "Found", "Keyword", "Keywords"]
