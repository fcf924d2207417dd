"""Status and fault codes of a mobile signature service (ETSI TS 102 204, 8; FiCom 600 to 603)."""

from enum import IntEnum


class Status(IntEnum):
    """How a transaction stands."""

    REQUEST_OK = 100
    """Taken; the signature comes later."""
    USER_SIGN = 400
    """The person was asked."""
    REGISTRATION_OK = 408
    SIGNATURE = 500
    """Here is the signature; the service has not verified it."""
    REVOKED_CERTIFICATE = 501
    """The service has verified it: the certificate is revoked."""
    VALID_SIGNATURE = 502
    """The service has verified it: good."""
    INVALID_SIGNATURE = 503
    """The service has verified it: not good."""
    OUTSTANDING_TRANSACTION = 504
    """Not over yet; ask again."""
    PUSH_SENT = 600
    PUSH_DELIVERED = 601
    PUSH_SHOWN = 602
    PUSH_FAILED = 603
    """Receipts of pushes to the phone, 600 to 603."""


SIGNED_STATUSES = frozenset({Status.SIGNATURE, Status.VALID_SIGNATURE})
WAITING_STATUSES = frozenset({Status.REQUEST_OK, Status.USER_SIGN, Status.OUTSTANDING_TRANSACTION})


class FaultCode(IntEnum):
    """Why a request was refused or has failed."""

    WRONG_PARAM = 101
    """A value is wrong: a number without service, an instant too far from the service's clock."""
    MISSING_PARAM = 102
    WRONG_DATA_LENGTH = 103
    """The text is too long for the phone."""
    UNAUTHORIZED_ACCESS = 104
    """Our name or password is wrong, or we may not do this."""
    UNKNOWN_CLIENT = 105
    """Nobody with this number is registered."""
    HANDSHAKE_REQUIRED = 106
    INAPPROPRIATE_DATA = 107
    """The text lacks our prefix, or has what may not be shown."""
    INCOMPATIBLE_INTERFACE = 108
    UNSUPPORTED_PROFILE = 109
    EXPIRED_TRANSACTION = 208
    """Nobody answered in time."""
    OTA_ERROR = 209
    """The phone could not be reached over the air."""
    USER_CANCEL = 401
    """The person said no."""
    PIN_NR_BLOCKED = 402
    """Too many wrong PINs; the person must enrol again."""
    CARD_BLOCKED = 403
    NO_KEY_FOUND = 404
    NO_URL_FOUND = 405
    PB_SIGNATURE_PROCESS = 406
    """Another request is on this phone already."""
    REGISTRATION_NOK = 407
    NO_CERT_FOUND = 422
    CRL_PB = 423
    CRL_EXPIRED = 424
    ERROR_CERTIFICATE = 425
    """The certificate is revoked or broken."""
    INTERNAL_ERROR = 900
