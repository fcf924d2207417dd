"""What the codes of a service mean for whoever wants a signature: one table, complete by assertion."""

from collections.abc import Mapping

from gateway.services.signing.model import SignOutcome
from gateway.services.signing.profiles import ProfileState
from gateway.wire.mss import SIGNED_STATUSES, WAITING_STATUSES, FaultCode, Status

FAULTS: Mapping[FaultCode, SignOutcome] = {
    FaultCode.WRONG_PARAM: SignOutcome.UNAVAILABLE,
    FaultCode.MISSING_PARAM: SignOutcome.UNAVAILABLE,
    FaultCode.WRONG_DATA_LENGTH: SignOutcome.UNAVAILABLE,
    FaultCode.UNAUTHORIZED_ACCESS: SignOutcome.UNAVAILABLE,
    FaultCode.UNKNOWN_CLIENT: SignOutcome.NOT_ENROLLED,
    FaultCode.HANDSHAKE_REQUIRED: SignOutcome.UNAVAILABLE,
    FaultCode.INAPPROPRIATE_DATA: SignOutcome.UNAVAILABLE,
    FaultCode.INCOMPATIBLE_INTERFACE: SignOutcome.UNAVAILABLE,
    FaultCode.UNSUPPORTED_PROFILE: SignOutcome.UNAVAILABLE,
    FaultCode.EXPIRED_TRANSACTION: SignOutcome.EXPIRED,
    FaultCode.OTA_ERROR: SignOutcome.UNREACHABLE,
    FaultCode.USER_CANCEL: SignOutcome.REFUSED,
    FaultCode.PIN_NR_BLOCKED: SignOutcome.PIN_BLOCKED,
    FaultCode.CARD_BLOCKED: SignOutcome.PIN_BLOCKED,
    FaultCode.NO_KEY_FOUND: SignOutcome.NOT_ENROLLED,
    FaultCode.NO_URL_FOUND: SignOutcome.UNAVAILABLE,
    FaultCode.PB_SIGNATURE_PROCESS: SignOutcome.BUSY,
    FaultCode.REGISTRATION_NOK: SignOutcome.NOT_ENROLLED,
    FaultCode.NO_CERT_FOUND: SignOutcome.NOT_ENROLLED,
    FaultCode.CRL_PB: SignOutcome.UNAVAILABLE,
    FaultCode.CRL_EXPIRED: SignOutcome.UNAVAILABLE,
    FaultCode.ERROR_CERTIFICATE: SignOutcome.REVOKED,
    FaultCode.INTERNAL_ERROR: SignOutcome.UNAVAILABLE,
}
assert FAULTS.keys() == set(FaultCode)

ENDS: Mapping[Status, SignOutcome] = {
    Status.REVOKED_CERTIFICATE: SignOutcome.REVOKED,
    Status.INVALID_SIGNATURE: SignOutcome.INVALID,
    Status.REGISTRATION_OK: SignOutcome.UNAVAILABLE,
    Status.PUSH_SENT: SignOutcome.UNAVAILABLE,
    Status.PUSH_DELIVERED: SignOutcome.UNAVAILABLE,
    Status.PUSH_SHOWN: SignOutcome.UNAVAILABLE,
    Status.PUSH_FAILED: SignOutcome.UNAVAILABLE,
}
"""Statuses that end a transaction without a signature; the others bring one, or say to wait."""
assert ENDS.keys() | SIGNED_STATUSES | WAITING_STATUSES == set(Status)

STATES: Mapping[SignOutcome, ProfileState] = {
    SignOutcome.NOT_ENROLLED: ProfileState.NOT_ENROLLED,
    SignOutcome.PIN_BLOCKED: ProfileState.PIN_BLOCKED,
    SignOutcome.UNREACHABLE: ProfileState.UNREACHABLE,
    SignOutcome.REVOKED: ProfileState.UNTRUSTED,
}
"""What a fault to the question for a profile says of the number; any other says nothing."""
