"""The front door of this service."""

from gateway.services.banking.inbox import Inbox


class Banking(Inbox):
    """Writes orders and ships them; keeps what the bank says, and tells who has ordered.

    `order`, `ship`, `fetch`, `sweep`, `import_statement`, and `tells(taker)` once there is somebody to tell.
    """
