"""Verifies one CMS SignedData (RFC 5652) by five checks: certificate, date, path, signature, content.

The signer is found by its identifier (5.3); the signature must be over signed attributes, encoded again as a DER SET
(5.4); `contentType` and `messageDigest` must be there once (11.1, 11.2). What a service sends is hostile until then:
its octets are bounded and must be DER before a lenient reader sees them, and nothing that they hold raises.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import cms
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from gateway.wire.cms.der import is_der
from gateway.wire.cms.refusals import CmsRefusal
from gateway.wire.cms.roots import UNREADABLE, Cert, Roots, SigningKey, read_certificate

OCTETS_MAX = 65_536
CERTIFICATES_MAX = 8
ATTRIBUTES_MAX = 32
SALT_MAX = 64
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """Who has signed."""

    serial: str
    """Serial number of the certificate, decimal digits."""
    subject: str
    """Its distinguished name, RFC 4514."""
    certificate: bytes = field(repr=False)
    """As DER."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """What was read out of the octets; nothing of it is believed yet."""

    content: bytes | None
    certificates: Sequence[bytes]
    issuer_serial: tuple[bytes, int] | None
    key_id: bytes | None
    attributes: bytes
    """The SET that is signed."""
    message_digest: bytes
    digest: str
    scheme: str
    signature_hash: str
    salt: int
    signature: bytes


def verify(
    octets: bytes, roots: Roots, at: datetime, *, content: bytes | None = None, digest: bytes | None = None
) -> Verified | CmsRefusal:
    """Verify a signature as of `at`, the moment when it was made.

    Args:
        octets: The SignedData in its ContentInfo, DER.
        roots: The roots that are pinned.
        at: The moment for which certificates must be valid.
        content: What was sent to be signed; it may be inside or not.
        digest: Or, instead of the content, its hash under SHA-256.
    """
    assert (content is None) != (digest is None)
    if len(octets) > OCTETS_MAX or not is_der(octets):
        return CmsRefusal.MALFORMED
    try:
        signed = _read(octets)
    except UNREADABLE:
        return CmsRefusal.MALFORMED
    if isinstance(signed, CmsRefusal):
        return signed
    return _checked(signed, roots, at, content, digest)


def identify(certificates: Sequence[bytes], roots: Roots, at: datetime) -> Verified | CmsRefusal:
    """Whose certificate the first of these is, if it is one for signatures, in date, strong, and leads to a root."""
    read = [one for raw in certificates[:CERTIFICATES_MAX] if (one := read_certificate(raw)) is not None]
    if not read or read[0].raw != certificates[0]:
        return CmsRefusal.NO_CERTIFICATE
    return _trusted(read[0], read[1:], roots, at) or _named(read[0])


def _trusted(signer: Cert, others: Sequence[Cert], roots: Roots, at: datetime) -> CmsRefusal | None:
    if not signer.in_date(at):
        return CmsRefusal.DATE
    if not signer.signs:
        return CmsRefusal.USAGE
    if signer.key is None:
        return CmsRefusal.WEAK
    return None if roots.lead_to(signer, others, at) else CmsRefusal.PATH


def _named(signer: Cert) -> Verified:
    return Verified(str(signer.of.serial_number), signer.of.subject.rfc4514_string(), signer.raw)


def _checked(
    signed: _Signed, roots: Roots, at: datetime, content: bytes | None, digest: bytes | None
) -> Verified | CmsRefusal:
    certificates = [read for raw in dict.fromkeys(signed.certificates) if (read := read_certificate(raw)) is not None]
    named = [one for one in certificates if _is_named(signed, one)]
    if len(named) != 1:
        return CmsRefusal.NO_CERTIFICATE
    signer = named[0]
    refusal = _trusted(signer, [one for one in certificates if one is not signer], roots, at)
    if refusal is not None:
        return refusal
    if signed.digest not in _HASHES or signed.signature_hash != signed.digest:
        return CmsRefusal.WEAK
    if signer.key is None or not _is_signature(signed, signer.key):
        return CmsRefusal.SIGNATURE
    if not _is_content(signed, content, digest):
        return CmsRefusal.CONTENT
    return _named(signer)


def _is_named(signed: _Signed, certificate: Cert) -> bool:
    if signed.issuer_serial is not None:
        return signed.issuer_serial == (certificate.issuer, certificate.of.serial_number)
    return signed.key_id is not None and signed.key_id == certificate.key_id


def _is_signature(signed: _Signed, key: SigningKey) -> bool:
    algorithm = _HASHES[signed.digest]
    try:
        match key, signed.scheme:
            case rsa.RSAPublicKey(), "rsassa_pkcs1v15":
                key.verify(signed.signature, signed.attributes, padding.PKCS1v15(), algorithm)
            case rsa.RSAPublicKey(), "rsassa_pss":
                pss = padding.PSS(padding.MGF1(algorithm), signed.salt)
                key.verify(signed.signature, signed.attributes, pss, algorithm)
            case ec.EllipticCurvePublicKey(), "ecdsa":
                key.verify(signed.signature, signed.attributes, ec.ECDSA(algorithm))
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, *UNREADABLE):
        return False
    return True


def _is_content(signed: _Signed, content: bytes | None, digest: bytes | None) -> bool:
    """The digest that is signed is that of what was sent, and what lies inside is just that."""
    if signed.content is not None:
        if content is not None and signed.content != content:
            return False
        if hashlib.new(signed.digest, signed.content).digest() != signed.message_digest:
            return False
    if content is not None:
        return hashlib.new(signed.digest, content).digest() == signed.message_digest
    return signed.digest == "sha256" and signed.message_digest == digest


def _read(octets: bytes) -> _Signed | CmsRefusal:
    outer = cms.ContentInfo.load(octets)
    if outer["content_type"].native != "signed_data":
        return CmsRefusal.TYPE
    data = outer["content"]
    inner = data["encap_content_info"]
    if inner["content_type"].native != "data":
        return CmsRefusal.TYPE
    if len(data["signer_infos"]) != 1:
        return CmsRefusal.SIGNERS
    signer = data["signer_infos"][0]
    attributes = _attributes(signer["signed_attrs"])
    if isinstance(attributes, CmsRefusal):
        return attributes
    if len(data["certificates"]) > CERTIFICATES_MAX:
        return CmsRefusal.MALFORMED
    scheme, hashed, salt = _algorithm(signer)
    by_name = signer["sid"].name == "issuer_and_serial_number"
    sid = signer["sid"].chosen
    return _Signed(
        content=_octets(inner["content"].native),
        certificates=[one.chosen.dump() for one in data["certificates"] if one.name == "certificate"],
        issuer_serial=(sid["issuer"].dump(), int(sid["serial_number"].native)) if by_name else None,
        key_id=None if by_name else bytes(sid.native),
        attributes=_as_set(signer["signed_attrs"]),
        message_digest=attributes,
        digest=str(signer["digest_algorithm"]["algorithm"].native),
        scheme=scheme,
        signature_hash=hashed,
        salt=salt,
        signature=bytes(signer["signature"].native),
    )


def _octets(native: object) -> bytes | None:
    if native is not None and not isinstance(native, bytes):
        raise TypeError("data that are no octets")
    return native


def _attributes(attributes: cms.CMSAttributes) -> bytes | CmsRefusal:
    """The signed message digest, if the attributes are as they must be."""
    if not len(attributes):
        return CmsRefusal.TYPE
    if len(attributes) > ATTRIBUTES_MAX:
        return CmsRefusal.MALFORMED
    values = {one["type"].dotted: one["values"] for one in attributes}
    if len(values) != len(attributes):
        return CmsRefusal.MALFORMED
    kind, digest = values.get(CONTENT_TYPE), values.get(MESSAGE_DIGEST)
    if kind is None or digest is None or len(kind) != 1 or len(digest) != 1:
        return CmsRefusal.MALFORMED
    return bytes(digest[0].native) if kind[0].native == "data" else CmsRefusal.TYPE


def _as_set(attributes: cms.CMSAttributes) -> bytes:
    """The attributes as a DER SET OF, in its order (X.690, 11.6), instead of the implicit tag under which they came."""
    elements = b"".join(sorted(one.dump() for one in attributes))
    length = len(elements)
    if length < 0x80:
        return bytes([0x31, length]) + elements
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([0x31, 0x80 | len(size)]) + size + elements


def _algorithm(signer: cms.SignerInfo) -> tuple[str, str, int]:
    """Scheme, hash and length of the salt; a plain RSA key leaves the hash to the digest (RFC 3370, 3.2)."""
    algorithm, digest = signer["signature_algorithm"], str(signer["digest_algorithm"]["algorithm"].native)
    scheme = str(algorithm.signature_algo)
    if scheme == "rsassa_pss":
        parameters = algorithm["parameters"]
        mask = parameters["mask_gen_algorithm"]
        hashed = str(parameters["hash_algorithm"]["algorithm"].native)
        salt = int(parameters["salt_length"].native)
        plain = mask["algorithm"].native == "mgf1" and mask["parameters"]["algorithm"].native == hashed
        return (scheme if plain and 0 <= salt <= SALT_MAX else "", hashed, min(max(salt, 0), SALT_MAX))
    if algorithm["algorithm"].native == "rsassa_pkcs1v15":
        return scheme, digest, 0
    return scheme, str(algorithm.hash_algo), 0
