"""The service over TLS: its certificate and ours are looked at."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.observe import Metrics
from gateway.peers.mssp import Mssp, mssp_profile
from gateway.services.signing.model import SignOutcome
from gateway.settings import Settings
from gateway.wire.mss import SignatureRequest
from tests.gateway.peers.mssp_stubs import ROOT as SIGNERS_ROOT
from tests.gateway.peers.mssp_stubs import FakeMssp, asked
from tests.gateway.wire.pki import NOW, Holder, ec_key, issue
from wallet.clock import ManualClock

LONG = (-1, 3_650)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[tuple[str, FakeMssp]]:
    """Address of a service that wants a certificate of its callers."""
    ca = issue("CA", ec_key(), ca=True, days=LONG)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    keep(tmp_path, "server", issue("service", ec_key(), ca, uses=["digital_signature"], days=LONG, extra=here))
    keep(tmp_path, "client", issue("us", ec_key(), ca, uses=["digital_signature"], days=LONG))
    keep(tmp_path, "signers", SIGNERS_ROOT)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    fake = FakeMssp()
    runner = web.AppRunner(fake.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}", fake
    await runner.cleanup()


def keep(folder: Path, name: str, holder: Holder) -> None:
    (folder / f"{name}.pem").write_bytes(holder.pem)
    key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(key)


@pytest.mark.parametrize(
    ("missing", "outcome"),
    [
        ("", SignOutcome.SIGNED),
        ("mssp_ca_file", SignOutcome.UNAVAILABLE),
        ("mssp_client_cert_file", SignOutcome.UNAVAILABLE),
    ],
)
async def test_both_sides_show_who_they_are(
    service: tuple[str, FakeMssp], tmp_path: Path, missing: str, outcome: SignOutcome
) -> None:
    url, fake = service
    given = {
        "mssp_url": url,
        "mssp_ap_id": "mid://sso.example",
        "mssp_mode": "synch",
        "mssp_roots_file": str(tmp_path / "signers.pem"),
        "mssp_ca_file": str(tmp_path / "ca.pem"),
        "mssp_client_cert_file": str(tmp_path / "client.pem"),
        "mssp_client_key_file": str(tmp_path / "client.key"),
    }
    profile = mssp_profile(Settings(**(given | ({missing: ""} if missing else {}))))  # type: ignore[arg-type]
    assert profile is not None

    async with Mssp(profile, ManualClock(NOW), Metrics()) as client:
        result = await client.sign(asked())

    assert result.outcome is outcome
    assert fake.count(SignatureRequest) == (1 if outcome is SignOutcome.SIGNED else 0)
