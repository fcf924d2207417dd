"""From a profile to a bound session: connecting, TLS, and the bind that the profile asks for."""

import asyncio
import ssl

from gateway.errors import PeerUnavailable, SettingsFault
from gateway.peers.smsc.profile import BindKind, LinkProfile
from gateway.peers.smsc.session import Owner, Session
from gateway.wire import smpp

_KINDS: dict[BindKind, tuple[type[smpp.BindTransceiver | smpp.BindTransmitter | smpp.BindReceiver], ...]] = {
    BindKind.TRX: (smpp.BindTransceiver,),
    BindKind.TX: (smpp.BindTransmitter,),
    BindKind.RX: (smpp.BindReceiver,),
    BindKind.PAIR: (smpp.BindReceiver, smpp.BindTransmitter),
}


class Unreachable(PeerUnavailable):
    """Nobody answers there."""

    code = "smsc_unreachable"


class WrongPeer(PeerUnavailable):
    """Whoever answers there has no certificate that we trust for this name."""

    code = "smsc_certificate"


def tls_of(profile: LinkProfile) -> ssl.SSLContext | None:
    """What checks the SMSC's certificate and name; None for a line without TLS.

    Raises:
        SettingsFault: The file of trusted certificates cannot be read.
    """
    if not profile.tls:
        return None
    try:
        return ssl.create_default_context(cafile=profile.tls_ca_file or None)
    except (OSError, ssl.SSLError) as problem:
        raise SettingsFault(f"link {profile.name}: cannot read tls_ca_file ({problem})") from problem


def requests_of(profile: LinkProfile) -> tuple[smpp.Pdu, ...]:
    """The binds that make the link; the one that sends comes last, so that nothing is sent before receipts can come."""
    return tuple(
        kind(
            system_id=profile.system_id,
            password=profile.password,
            system_type=profile.system_type,
            addr_ton=profile.address_ton,
            addr_npi=profile.address_npi,
            address_range=profile.address_range,
        )
        for kind in _KINDS[profile.bind]
    )


async def connect(profile: LinkProfile, owner: Owner, tls: ssl.SSLContext | None) -> Session:
    """A session that is not bound yet.

    Raises:
        Unreachable: No connection in time.
        WrongPeer: The certificate is not trusted, or is another name's.
    """
    loop = asyncio.get_running_loop()
    hostname = (profile.tls_hostname or profile.host) if tls else None
    try:
        async with asyncio.timeout(profile.bind_s):
            _, session = await loop.create_connection(
                lambda: Session(profile.timers, owner), profile.host, profile.port, ssl=tls, server_hostname=hostname
            )
    except ssl.SSLCertVerificationError as problem:
        raise WrongPeer(f"certificate refused: {problem.verify_message}") from problem
    except (OSError, TimeoutError, ValueError) as problem:
        # ValueError is a host that is no name, which only the resolver or TLS finds out.
        raise Unreachable(type(problem).__name__) from problem
    return session
