"""Signatures that OpenSSL makes verify here, and those of the tests' own making verify there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.wire.cms import CmsRefusal, Roots, Verified, verify
from tests.gateway.wire.pki import NOW, TEXT, Holder, Making, ec_key, issue, rsa_key

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's command is not installed")

ROOT = issue("Root", ec_key(), ca=True)
BETWEEN = issue("Between", rsa_key(), ROOT, ca=True, path=0)
HOLDERS = {
    "RSA": issue("Reza", rsa_key(1), BETWEEN),
    "P-256": issue("Leila", ec_key(), BETWEEN),
    "P-384": issue("Mina", ec_key(ec.SECP384R1()), BETWEEN),
}
OPTIONS: dict[str, list[str]] = {
    "detached": [],
    "attached": ["-nodetach"],
    "by key identifier": ["-nodetach", "-keyid"],
    "SHA-384": ["-md", "sha384"],
}


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)


def _made(folder: Path, holder: Holder, options: list[str]) -> bytes:
    text, signer, key, chain, out = (folder / name for name in ("text", "signer.pem", "key.pem", "chain.pem", "out"))
    text.write_bytes(TEXT)
    signer.write_bytes(holder.pem)
    key.write_bytes(holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(BETWEEN.pem)
    files: list[str | Path] = ["-in", text, "-signer", signer, "-inkey", key, "-certfile", chain, "-out", out]
    _openssl("cms", "-sign", "-binary", "-outform", "DER", *files, *options)
    return out.read_bytes()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_openssl_signs_verifies_here(tmp_path: Path, holder: Holder, options: list[str]) -> None:
    octets = _made(tmp_path, holder, options)

    answer = verify(octets, Roots([ROOT.der]), NOW, content=TEXT)

    assert isinstance(answer, Verified)
    assert answer.serial == str(holder.certificate.serial_number)
    assert verify(octets, Roots([ROOT.der]), NOW, content=b"other") is CmsRefusal.CONTENT


def test_rsa_pss_of_openssl_verifies_here(tmp_path: Path) -> None:
    options = ["-nodetach", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"]

    assert isinstance(verify(_made(tmp_path, HOLDERS["RSA"], options), Roots([ROOT.der]), NOW, content=TEXT), Verified)


def test_what_openssl_signs_without_attributes_is_refused(tmp_path: Path) -> None:
    octets = _made(tmp_path, HOLDERS["RSA"], ["-nodetach", "-noattr"])

    assert verify(octets, Roots([ROOT.der]), NOW, content=TEXT) is CmsRefusal.TYPE


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_openssl_verifies_what_the_tests_sign(tmp_path: Path, holder: Holder) -> None:
    """So that the tests' own maker of signatures is no second mistake of the same mind."""
    octets, root = tmp_path / "octets", tmp_path / "root.pem"
    octets.write_bytes(Making(holder, certificates=(holder.der, BETWEEN.der)).octets())
    root.write_bytes(ROOT.pem)

    moment = ["-attime", str(int(NOW.timestamp())), "-purpose", "any"]
    _openssl(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", octets, "-CAfile", root, "-out", tmp_path / "o", *moment
    )

    assert (tmp_path / "o").read_bytes() == TEXT
