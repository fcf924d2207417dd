"""How a mobile signature service is reached, and whom we trust for signatures; read once from the settings."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import BadInput, SettingsFault
from gateway.settings import Settings, must_be_closed
from gateway.wire.cms import Roots
from gateway.wire.mss import Form, JsonForm, Mode, SoapForm

MODES = {"synch": Mode.SYNCH, "polled": Mode.POLLED, "pushed": Mode.PUSHED}


@dataclass(frozen=True, slots=True)
class MsspProfile:
    """What the client needs.

    Attributes:
        url: Of the service, without a path of a form.
        ap_id: Our name there.
        prefix: What the service wants every text to begin with.
        profile: Signature profile that is asked for.
        callback_url: Where the service posts results, if it wants to be told with each request.
        probe_msisdn: A number that nobody has.
        poll_s: Pause between two questions how a signature stands.
        tls: Certificates trusted for the service, and ours; None: no TLS.
    """

    url: str
    form: Form
    mode: Mode
    ap_id: str
    password: str = field(repr=False)
    roots: Roots
    prefix: str = ""
    profile: str = ""
    callback_url: str = ""
    probe_msisdn: str = ""
    poll_s: float = 2.0
    tls: ssl.SSLContext | None = None


def mssp_profile(settings: Settings) -> MsspProfile | None:
    """What the settings say; None where there is no service. Reads files.

    Raises:
        SettingsFault: A file cannot be read, others may read the private key, or a setting is missing.
    """
    if not settings.mssp_url:
        return None
    for name in ("mssp_ap_id", "mssp_roots_file"):
        if not getattr(settings, name):
            raise SettingsFault(f"{name} is missing, but mssp_url is set")
    return MsspProfile(
        url=settings.mssp_url.rstrip("/"),
        form=JsonForm() if settings.mssp_form == "json" else SoapForm(),
        mode=MODES[settings.mssp_mode],
        ap_id=settings.mssp_ap_id,
        password=settings.mssp_ap_password.get_secret_value(),
        roots=_roots(settings.mssp_roots_file),
        prefix=settings.mssp_ap_prefix,
        profile=settings.mssp_profile,
        callback_url=settings.mssp_callback_url,
        probe_msisdn=settings.mssp_probe_msisdn,
        poll_s=settings.mssp_poll_s,
        tls=_tls(settings) if settings.mssp_url.startswith("https:") else None,
    )


def _roots(file: str) -> Roots:
    try:
        return Roots.of_pem(Path(file).read_bytes())
    except (OSError, BadInput) as problem:
        raise SettingsFault(f"mssp_roots_file: cannot read {file} ({type(problem).__name__})") from problem


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.mssp_ca_file or None)
        if settings.mssp_client_cert_file:
            key = Path(settings.mssp_client_key_file)
            if settings.environment != "demo":
                must_be_closed("mssp_client_key_file", "private key", key)
            context.load_cert_chain(settings.mssp_client_cert_file, key)
    except (OSError, ValueError) as problem:
        raise SettingsFault(f"mssp: TLS files cannot be read ({type(problem).__name__})") from problem
    return context
