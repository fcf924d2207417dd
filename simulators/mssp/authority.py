"""The operator's certification authority: a root, an issuing authority below it, and certificates of SIM keys."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from simulators.files import write_private

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
EARLIER = timedelta(days=1)
"""How long before now a certificate is valid, so that clocks need not agree."""
ROOT_FOR, ISSUER_FOR, CARD_FOR = timedelta(days=7_300), timedelta(days=3_650), timedelta(days=1_095)


def system_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Issued:
    """A key and its certificate."""

    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate

    def pem(self) -> tuple[str, str]:
        """Key and certificate as PEM."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key.decode(), self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def issued_of(key: str, certificate: str) -> Issued:
    """The same of PEM.

    Raises:
        TypeError: A key of another kind.
    """
    loaded = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("a SIM has an RSA or an EC key")
    return Issued(loaded, x509.load_pem_x509_certificate(certificate.encode()))


class Authority:
    """Root and issuing authority, made once and kept in `folder`; without one they live as long as the process."""

    def __init__(self, folder: Path | None, clock: Callable[[], datetime] = system_clock) -> None:
        self._clock = clock
        self.root = self._kept(folder, "root", lambda: self._authority("Simulated Root CA", None, ROOT_FOR))
        self.issuer = self._kept(
            folder, "issuing", lambda: self._authority("Simulated Mobile Signature CA", self.root, ISSUER_FOR)
        )

    def chain(self) -> tuple[x509.Certificate, ...]:
        """What goes along with a signature besides the signer's certificate; the root is pinned and never sent."""
        return (self.issuer.certificate,)

    def root_pem(self) -> str:
        """The root's certificate, which a relying party pins."""
        return self.root.pem()[1]

    def certify(self, key: PrivateKey, name: str, *, expired: bool = False) -> Issued:
        """A certificate of a SIM's key with a serial number of its own."""
        now = self._clock()
        begins, ends = now - EARLIER, now + CARD_FOR
        if expired:
            begins, ends = now - 2 * EARLIER, now - timedelta(minutes=1)
        mark = hashlib.sha256(name.encode()).hexdigest()[:12].upper()
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.SERIAL_NUMBER, f"MID{mark}")]
        )
        usage = _usage(digital_signature=True, content_commitment=True)
        built = _builder(key, subject, self.issuer.certificate.subject, begins, ends)
        built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        built = built.add_extension(usage, critical=True).add_extension(_from(self.issuer.key), critical=False)
        return Issued(key, built.sign(self.issuer.key, hashes.SHA256()))

    def _authority(self, name: str, above: Issued | None, valid: timedelta) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tapdial"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        signer = above.key if above else key
        now = self._clock()
        built = _builder(key, subject, above.certificate.subject if above else subject, now - 2 * EARLIER, now + valid)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0 if above else 1), critical=True)
        built = built.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        return Issued(key, built.add_extension(_from(signer), critical=False).sign(signer, hashes.SHA256()))

    def _kept(self, folder: Path | None, name: str, make: Callable[[], Issued]) -> Issued:
        if folder is None:
            return make()
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        if key.exists() and certificate.exists():
            return issued_of(key.read_text("ascii"), certificate.read_text("ascii"))
        made = make()
        # The certificate last: it is what says that both are there.
        for file, text in zip((key, certificate), made.pem(), strict=True):
            write_private(file, text)
        return made


def _builder(
    key: PrivateKey, subject: x509.Name, issuer: x509.Name, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _from(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})
