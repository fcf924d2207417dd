"""A mobile signature verified by all its checks, beside the bare signatures: `make bench-payouts`.

RSA and EC signers under one RSA root; certificates and signatures are made here by `cryptography`. The yardstick
is what nothing can do without: the two public-key operations, of the path and of the signature.
"""

import sys
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from bench.ledger_figures import Bar, Figures
from bench.smpp_codec import best_us
from gateway.wire.cms import Roots, Verified, verify

COMMAND = "python -m bench.signing"
TEXT = b"SSO: pay 100000 benef. batch B7 #9F3A21C0"
MS_MAX = 2.0
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(name: str, key: Key, issuer: str, signing: Key, now: datetime, *, ca: bool) -> x509.Certificate:
    """One."""
    subject, above = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
    made = x509.CertificateBuilder(above, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True).sign(
        signing, hashes.SHA256()
    )


def bare(key: Key, data: bytes) -> None:
    """A signature over `data`, made before, verified and nothing else."""
    public, signature = key.public_key(), _made(key, data)
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        public.verify(signature, data, ec.ECDSA(hashes.SHA256()))


_SIGNATURES: dict[tuple[int, bytes], bytes] = {}


def _made(key: Key, data: bytes) -> bytes:
    at = id(key), data
    if at not in _SIGNATURES:
        signed = key.sign(data, padding.PKCS1v15(), hashes.SHA256()) if isinstance(key, rsa.RSAPrivateKey) else None
        _SIGNATURES[at] = signed or key.sign(data, ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg, arg-type]
    return _SIGNATURES[at]


def main() -> bool:
    """Print and write the figures; whether both are within the bar."""
    now, figures, met = datetime.now(UTC), Figures(COMMAND), True
    root_key = rsa.generate_private_key(65537, 2048)
    root = certificate("Root", root_key, "Root", root_key, now, ca=True)
    roots = Roots([root.public_bytes(Encoding.DER)])
    keys: dict[str, Key] = {
        "RSA 2048": rsa.generate_private_key(65537, 2048),
        "EC P-256": ec.generate_private_key(ec.SECP256R1()),
    }
    for name, key in keys.items():
        signer = certificate(name, key, "Root", root_key, now, ca=False)
        builder = pkcs7.PKCS7SignatureBuilder().set_data(TEXT).add_signer(signer, key, hashes.SHA256())
        options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
        octets = builder.sign(Encoding.DER, options)
        assert isinstance(verify(octets, roots, now, content=TEXT), Verified)

        def ours(octets: bytes = octets) -> None:
            verify(octets, roots, now, content=TEXT)

        def yardstick(key: Key = key) -> None:
            bare(root_key, TEXT)
            bare(key, TEXT)

        ours_us, bare_us = best_us(ours, yardstick, rounds=100, times=3)
        figures.add(f"{name} verified", ours_us / 1000, bare_us / 1000, "ms")
        figures.add(f"{name}, of {MS_MAX:g} ms", ours_us / 1000, MS_MAX, "ms", Bar(1.0, at_most=True))
        met &= ours_us / 1000 <= MS_MAX
    figures.write("signing")
    return met


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
