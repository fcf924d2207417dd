"""Authorities, people's keys and signatures of every kind, right and wrong, for the tests of signatures."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TEXT = b"SSO: pay 1302 benef. batch B7 #9F3A21C0"
DAY = timedelta(days=1)
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - what must be refused
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
Key = CertificateIssuerPrivateKeyTypes


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key a number: they are slow to make."""
    del number
    return rsa.generate_private_key(65537, bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def usage(*names: str) -> x509.KeyUsage:
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in known})


def issue(
    name: str,
    key: Key,
    issuer: Holder | None = None,
    *,
    ca: bool = False,
    path: int | None = None,
    uses: Sequence[str] | None = None,
    days: tuple[int, int] = (-30, 30),
    algorithm: hashes.SHA256 | hashes.SHA384 | None = None,
    extra: x509.ExtensionType | None = None,
    critical: bool = True,
    issuer_name: str | None = None,
    constraints: bool = True,
) -> Holder:
    """A certificate of `issuer`, or of itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = issuer.certificate.subject if issuer else subject
    if issuer_name is not None:
        above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path), critical=True)
    uses = uses if uses is not None else (["key_cert_sign", "crl_sign"] if ca else ["content_commitment"])
    if uses:
        builder = builder.add_extension(usage(*uses), critical=True)
    if extra is not None:
        builder = builder.add_extension(extra, critical=critical)
    signing = issuer.key if issuer else key
    return Holder(builder.sign(signing, algorithm or hashes.SHA256()), key)


@dataclass(frozen=True)
class Making:
    """How a signature is made; the defaults make a good one."""

    signer: Holder
    content: bytes = TEXT
    attached: bytes | None = TEXT
    digest: str = "sha256"
    signature_hash: str | None = None
    pss: bool = False
    by_key_id: bool = False
    certificates: Sequence[bytes] | None = None
    attributes: Callable[[list[cms.CMSAttribute]], list[cms.CMSAttribute]] = list
    signed: Callable[[bytes], bytes] = bytes
    """From the SET that is right to the octets that are signed."""
    key: Key | None = None
    signers: int = 1
    content_type: str = "data"

    def but(self, **changes: object) -> "Making":
        return replace(self, **changes)  # type: ignore[arg-type]

    def octets(self) -> bytes:
        """The SignedData in its ContentInfo."""
        holder = asn1_x509.Certificate.load(self.signer.der)
        given = self.certificates if self.certificates is not None else [self.signer.der]
        info = self._info(holder)
        data = cms.SignedData(
            {
                "version": "v3" if self.by_key_id else "v1",
                "digest_algorithms": [{"algorithm": self.digest}],
                "encap_content_info": {"content_type": self.content_type, "content": self.attached}
                if self.attached is not None
                else {"content_type": self.content_type},
                "certificates": [asn1_x509.Certificate.load(one) for one in given],
                "signer_infos": [info] * self.signers,
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())

    def _info(self, holder: asn1_x509.Certificate) -> cms.SignerInfo:
        made = [
            cms.CMSAttribute({"type": "content_type", "values": [self.content_type]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(NOW)})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(self.digest, self.content).digest()]}),
        ]
        attributes = cms.CMSAttributes(self.attributes(made))
        signature, algorithm = self._signature(self.signed(attributes.dump()))
        if self.by_key_id:
            sid = cms.SignerIdentifier({"subject_key_identifier": holder.key_identifier})
        else:
            named = {"issuer": holder.issuer, "serial_number": holder.serial_number}
            sid = cms.SignerIdentifier({"issuer_and_serial_number": named})
        fields = {
            "version": "v3" if self.by_key_id else "v1",
            "sid": sid,
            "digest_algorithm": {"algorithm": self.digest},
            "signature_algorithm": algorithm,
            "signature": signature,
        }
        return cms.SignerInfo(fields | ({"signed_attrs": attributes} if len(attributes) else {}))

    def _signature(self, octets: bytes) -> tuple[bytes, dict[str, object]]:
        key, name = self.key or self.signer.key, self.signature_hash or self.digest
        algorithm = HASHES[name]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(octets, ec.ECDSA(algorithm)), {"algorithm": f"{name}_ecdsa"}
        assert isinstance(key, rsa.RSAPrivateKey)
        if not self.pss:
            return key.sign(octets, padding.PKCS1v15(), algorithm), {"algorithm": f"{name}_rsa"}
        parameters = algos.RSASSAPSSParams(
            {
                "hash_algorithm": {"algorithm": name},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": name}},
                "salt_length": 32,
            }
        )
        signed = key.sign(octets, padding.PSS(padding.MGF1(algorithm), 32), algorithm)
        return signed, {"algorithm": "rsassa_pss", "parameters": parameters}
