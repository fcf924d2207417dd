"""A signature as a SIM's service hands it over: CMS SignedData (RFC 5652) with one signer and signed attributes."""

import hashlib
from datetime import datetime
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto.x509 import Certificate as Asn1Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from simulators.mssp.authority import Issued, PrivateKey

SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
"""RFC 5035. By number: asn1crypto knows the name only if nobody has made an attribute before `tsp` was imported."""


def signed_data(
    signer: Issued, chain: tuple[x509.Certificate, ...], at: datetime, *, digest: bytes, content: bytes | None = None
) -> bytes:
    """DER of the SignedData.

    Args:
        signer: Whose key signs.
        chain: Certificates between the signer's and the root.
        at: The signing time attribute.
        digest: The message digest attribute, SHA-256.
        content: What was signed, where it goes along; None is a detached signature, the only one there can be of a
            digest whose content the phone has never seen.
    """
    attributes = _attributes(signer.certificate, at, digest)
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": _issuer_and_serial(signer.certificate)}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": _algorithm(signer.key)},
        "signature": _raw(signer.key, attributes.dump()),
    }
    encapsulated = {"content_type": "data"} | ({} if content is None else {"content": content})
    data = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": encapsulated,
        "certificates": [_asn1(one) for one in (signer.certificate, *chain)],
        "signer_infos": [info],
    }
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()
    return made


def _attributes(certificate: x509.Certificate, at: datetime, digest: bytes) -> Any:  # noqa: ANN401 - asn1crypto has no types
    fingerprint = hashlib.sha256(der(certificate)).digest()
    signing_certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": fingerprint})]})
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [digest]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
            {"type": SIGNING_CERTIFICATE_V2, "values": [signing_certificate]},
        ]
    )


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's octets."""
    return certificate.public_bytes(serialization.Encoding.DER)


def algorithm(key: PrivateKey) -> str:
    """EC or RSA."""
    return "EC" if isinstance(key, ec.EllipticCurvePrivateKey) else "RSA"


def _asn1(certificate: x509.Certificate) -> Any:  # noqa: ANN401 - asn1crypto has no types
    return Asn1Certificate.load(der(certificate))


def _issuer_and_serial(certificate: x509.Certificate) -> dict[str, Any]:
    return {"issuer": _asn1(certificate).issuer, "serial_number": certificate.serial_number}


def _algorithm(key: PrivateKey) -> str:
    # rsaEncryption names no digest (RFC 3370, 3.2): whoever verifies must look at the digest of the signer info.
    return "sha256_ecdsa" if isinstance(key, ec.EllipticCurvePrivateKey) else "rsassa_pkcs1v15"


def _raw(key: PrivateKey, octets: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(octets, ec.ECDSA(hashes.SHA256()))
    return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
