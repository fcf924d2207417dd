"""Status and fault codes of the mobile signature service (ETSI TS 102 204, and the texts of Swisscom's guide)."""

from enum import IntEnum

ETSI = "http://uri.etsi.org/TS102204/v1.1.2#"
FICOM = "http://mss.ficom.fi/TS102204/v1.0.0#"


class Code(IntEnum):
    """Every code; up to 99 nothing, from 500 on (and 100, 400, 408) a status, the others are faults."""

    REQUEST_OK = 100
    WRONG_PARAM = 101
    MISSING_PARAM = 102
    WRONG_DATA_LENGTH = 103
    UNAUTHORIZED_ACCESS = 104
    UNKNOWN_CLIENT = 105
    HANDSHAKE_REQUIRED = 106
    INAPPROPRIATE_DATA = 107
    INCOMPATIBLE_INTERFACE = 108
    UNSUPPORTED_PROFILE = 109
    EXPIRED_TRANSACTION = 208
    OTA_ERROR = 209
    USER_SIGN = 400
    USER_CANCEL = 401
    PIN_NR_BLOCKED = 402
    CARD_BLOCKED = 403
    NO_KEY_FOUND = 404
    NO_URL_FOUND = 405
    PB_SIGNATURE_PROCESS = 406
    REGISTRATION_NOK = 407
    REGISTRATION_OK = 408
    NO_CERT_FOUND = 422
    CRL_PB = 423
    CRL_EXPIRED = 424
    ERROR_CERTIFICATE = 425
    SIGNATURE = 500
    REVOKED_CERTIFICATE = 501
    VALID_SIGNATURE = 502
    INVALID_SIGNATURE = 503
    OUTSTANDING_TRANSACTION = 504
    INTERNAL_ERROR = 900

    @property
    def is_status(self) -> bool:
        """Whether it is answered as a status rather than as a fault."""
        return self in _STATUS

    @property
    def is_senders(self) -> bool:
        """Whether a fault is the asking side's."""
        return self < Code.EXPIRED_TRANSACTION


_STATUS = frozenset(
    {
        Code.REQUEST_OK, Code.USER_SIGN, Code.REGISTRATION_OK, Code.SIGNATURE, Code.REVOKED_CERTIFICATE,
        Code.VALID_SIGNATURE, Code.INVALID_SIGNATURE, Code.OUTSTANDING_TRANSACTION,
    }
)  # fmt: skip


class Refusal(Exception):
    """What is answered with a Fault."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code} {code.name} {detail}")
        self.code = code
        self.detail = detail
