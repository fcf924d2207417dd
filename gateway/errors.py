"""Faults of the gateway. A refusal is never here: it is a member of a service's closed enum.

Fault
├── BadInput          bytes from outside that do not have the form of their wire
├── NotAllowed        a caller that may not do this (credential, role, CSRF token)
├── NotFound          something named that does not exist
├── Conflict          what was read has changed before it was written; read again
├── Overloaded        a queue is full; nothing was taken
├── PeerUnavailable   a system we call does not answer in time
├── StoreUnavailable  the gateway's database cannot be reached
├── KeyFault          a key is missing, wrong or refused
├── KeysUnavailable   the hardware module that holds the keys is away or does not answer in time
└── SettingsFault     a setting is misspelt, missing or out of range
"""

from typing import ClassVar


class Fault(Exception):
    """Base of the tree. The text is safe to log and to show; `http_status` is what the HTTP doors answer."""

    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    code: ClassVar[str] = "fault"


class BadInput(Fault):
    """Bytes from outside that do not have the form of their wire."""

    http_status = 400
    code = "bad_input"


class NotAllowed(Fault):
    """The caller may not do this."""

    http_status = 403
    code = "not_allowed"


class NotFound(Fault):
    """There is no such thing."""

    http_status = 404
    code = "not_found"


class Conflict(Fault):
    """What was read has changed before it was written."""

    retryable = True
    http_status = 409
    code = "conflict"


class Overloaded(Fault):
    """A queue is full; nothing was taken."""

    retryable = True
    http_status = 429
    code = "overloaded"


class PeerUnavailable(Fault):
    """A system we call does not answer in time."""

    retryable = True
    http_status = 503
    code = "peer_unavailable"


class StoreUnavailable(Fault):
    """The gateway's database cannot be reached."""

    retryable = True
    http_status = 503
    code = "store_unavailable"


class KeyFault(Fault):
    """A key is missing, wrong or refused."""

    code = "key_fault"


class KeysUnavailable(Fault):
    """The hardware module that holds the keys is away or does not answer in time.

    No `KeyFault`: what is sealed will open again, so nobody may give it up for that.
    """

    retryable = True
    http_status = 503
    code = "keys_unavailable"


class SettingsFault(Fault):
    """A setting is misspelt, missing or out of range."""

    code = "settings_fault"
