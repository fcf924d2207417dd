"""Why a signature is not taken."""

from enum import StrEnum


class CmsRefusal(StrEnum):
    """Answers of `verify`, in the order in which they are looked at."""

    MALFORMED = "malformed"
    """No DER of one SignedData: indefinite lengths, octets after the end, too many of them, a doubled attribute."""
    TYPE = "type"
    """Another content than data, or another form of signature than one over signed attributes."""
    SIGNERS = "signers"
    """None or several have signed."""
    NO_CERTIFICATE = "no_certificate"
    """The signer's certificate is not there, or two of them are meant."""
    DATE = "date"
    """The signer's certificate was not valid at the moment of signing."""
    USAGE = "usage"
    """The signer's certificate is not for signatures."""
    WEAK = "weak"
    """Another algorithm than RSA of 2048 bits and more or ECDSA over P-256 or P-384, with SHA-256 and better."""
    PATH = "path"
    """No path leads to a pinned root."""
    SIGNATURE = "signature"
    """The signature is not the certificate's over these attributes."""
    CONTENT = "content"
    """It signs something else than what was sent."""
