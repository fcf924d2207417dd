"""Certificates: which key signs with which algorithm, and whether a path leads to a pinned root (RFC 5280, 6.1).

Paths are short and few: at most PATH_MAX certificates between signer and root, and CHECKS_MAX signatures are looked
at in all, so that no heap of certificates costs time. Revocation is the signature service's answer (501), not ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.errors import BadInput
from gateway.wire.cms.der import elements, is_der, is_positive

PATH_MAX = 4
CHECKS_MAX = 12
CERTIFICATE_MAX = 16_384
VERSION_TAG = 0xA0
"""Before the version, which certificates without extensions leave out."""
RSA_BITS = range(2_048, 8_193)
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
CURVES = (ec.SECP256R1, ec.SECP384R1)
KNOWN_CRITICAL = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
        x509.SubjectAlternativeName.oid,
    }
)
"""Extensions that may be critical."""
UNCHECKED = frozenset({x509.NameConstraints.oid, x509.PolicyConstraints.oid, x509.InhibitAnyPolicy.oid})
"""What limits the certificates below and is not looked at here: who says so is refused, critical or not."""
MACHINES = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)
"""Uses of keys of servers and services; a certificate for these alone is no person's (RFC 5280, 4.2.1.12)."""

UNREADABLE = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError)
"""What readers of ASN.1 raise over octets that are not what they should be."""
_CERTIFICATE_FAULTS = (
    *UNREADABLE,
    # What the reader only warns of where warnings are errors.
    Warning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

SigningKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Cert:
    """A certificate with what is asked about it, read once; all of it could be read."""

    raw: bytes
    of: x509.Certificate
    issuer: bytes
    subject: bytes
    key: SigningKey | None
    """None: a key that is too weak or of another kind."""
    constraints: x509.BasicConstraints | None
    usage: x509.KeyUsage | None
    key_id: bytes | None
    foreign: bool
    """It has a critical extension that is not known here, or a limit that is not looked at."""
    machine: bool
    """It is for servers and services alone."""

    def in_date(self, at: datetime) -> bool:
        """Valid at that moment."""
        return self.of.not_valid_before_utc <= at <= self.of.not_valid_after_utc

    @property
    def signs(self) -> bool:
        """It is a person's, for signatures."""
        is_ca = self.constraints is not None and self.constraints.ca
        usage = self.usage
        if is_ca or self.foreign or self.machine:
            return False
        return usage is None or usage.digital_signature or usage.content_commitment

    def issues(self, below: int) -> bool:
        """It may issue certificates, with `below` of CAs between it and the signer."""
        limits = self.constraints
        if limits is None or not limits.ca or self.foreign or self.key is None:
            return False
        if self.usage is not None and not self.usage.key_cert_sign:
            return False
        return limits.path_length is None or limits.path_length >= below

    def signed_by(self, issuer: "Cert") -> bool:
        """Its signature is the issuer's, and not with a weak algorithm."""
        try:
            if not isinstance(self.of.signature_hash_algorithm, HASHES):
                return False
            self.of.verify_directly_issued_by(issuer.of)
        except (InvalidSignature, *_CERTIFICATE_FAULTS):
            return False
        return True


@lru_cache(maxsize=256)
def read_certificate(raw: bytes) -> Cert | None:
    """A certificate of DER; None if it is none. Authorities come again with every signature, so the last are kept."""
    if len(raw) > CERTIFICATE_MAX or not is_der(raw):
        return None
    try:
        serial, issuer, subject = _identity(raw)
        if not is_positive(serial):
            return None
        read = x509.load_der_x509_certificate(raw)
        extensions = read.extensions
        uses = _extension(extensions, x509.ExtendedKeyUsage)
        return Cert(
            raw=raw,
            of=read,
            issuer=issuer,
            subject=subject,
            key=_signing_key(read),
            constraints=_extension(extensions, x509.BasicConstraints),
            usage=_extension(extensions, x509.KeyUsage),
            key_id=key_id.digest if (key_id := _extension(extensions, x509.SubjectKeyIdentifier)) else None,
            foreign=any(one.oid in UNCHECKED or (one.critical and one.oid not in KNOWN_CRITICAL) for one in extensions),
            machine=uses is not None and MACHINES.issuperset(uses),
        )
    except _CERTIFICATE_FAULTS:
        return None


def _identity(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Serial number, issuer and subject as they stand there (RFC 5280, 4.1): names are compared octet by octet."""
    fields = elements(elements(raw)[0])
    at = 1 if fields[0][0] == VERSION_TAG else 0
    return fields[at], fields[at + 2], fields[at + 4]


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signing_key(certificate: x509.Certificate) -> SigningKey | None:
    try:
        key = certificate.public_key()
    except _CERTIFICATE_FAULTS:
        return None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES) else None


def certificates_of(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file, as DER.

    Raises:
        BadInput: There is none, or one that cannot be read.
    """
    try:
        return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem))
    except _CERTIFICATE_FAULTS as problem:
        raise BadInput("no certificates in PEM") from problem


class Roots:
    """The roots that are pinned; nothing else ends a path."""

    def __init__(self, certificates: Iterable[bytes]) -> None:
        """Of DER.

        Raises:
            BadInput: One cannot be read, or is no CA with a strong key.
        """
        self._roots: list[Cert] = []
        for raw in certificates:
            root = read_certificate(raw)
            if root is None or not root.issues(0):
                raise BadInput("a pinned root is no certificate of a CA with a strong key")
            self._roots.append(root)

    @classmethod
    def of_pem(cls, pem: bytes) -> "Roots":
        """Of a PEM file; raises BadInput as the constructor does."""
        return cls(certificates_of(pem))

    def lead_to(self, signer: Cert, between: Sequence[Cert], at: datetime) -> bool:
        """Whether a path leads from a root to the signer, every certificate of it valid at that moment."""
        return _Search(self._roots, between, at).found(signer, 0)


class _Search:
    """Looks upwards from a certificate, first among the roots, and stops after CHECKS_MAX signatures."""

    def __init__(self, roots: Sequence[Cert], between: Sequence[Cert], at: datetime) -> None:
        self._roots = roots
        self._between = between
        self._at = at
        self._checks = 0

    def found(self, certificate: Cert, below: int) -> bool:
        """Whether a root is above; `below` CAs stand under the one that is looked for."""
        if any(self._issued(certificate, root, below) for root in self._roots):
            return True
        if below == PATH_MAX:
            return False
        # A pinned root inside the message, or a certificate that issues itself, is no step upwards.
        steps = (one for one in self._between if one.raw != certificate.raw)
        return any(self._issued(certificate, one, below) and self.found(one, below + 1) for one in steps)

    def _issued(self, certificate: Cert, issuer: Cert, below: int) -> bool:
        if certificate.issuer != issuer.subject or not issuer.issues(below) or not issuer.in_date(self._at):
            return False
        self._checks += 1
        return self._checks <= CHECKS_MAX and certificate.signed_by(issuer)
