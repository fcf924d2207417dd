"""The mobile signature service of the demo: the gateway's settings for it, and what the simulators are told."""

import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from gateway.settings import PREFIX, Settings

FOLDER = "simulators"
"""Where the simulators keep what they keep, below the data folder."""
AP_ID = "http://tapdial.example/demo"
URL = "http://127.0.0.1:8093"


def served(settings: Settings, password: str) -> Settings:
    """The settings with the simulators' service, unless the house has its own or the data folder knows no password."""
    if settings.mssp_ap_id or not password:
        return settings
    given = {
        "mssp_url": settings.mssp_url or URL,
        "mssp_ap_id": AP_ID,
        "mssp_ap_password": SecretStr(password),
        # The simulators make their authority at their first start, which is before the gateway's.
        "mssp_roots_file": str(settings.data_dir / FOLDER / "mssp" / "root.pem"),
    }
    return settings.model_copy(update=given)


def environment(settings: Settings) -> Mapping[str, str]:
    """What the gateway's process finds in its environment."""
    return {
        f"{PREFIX}MSSP_URL": settings.mssp_url,
        f"{PREFIX}MSSP_AP_ID": settings.mssp_ap_id,
        f"{PREFIX}MSSP_AP_PASSWORD": settings.mssp_ap_password.get_secret_value(),
        f"{PREFIX}MSSP_ROOTS_FILE": settings.mssp_roots_file,
    }


def port(settings: Settings) -> int:
    """Where the demo's signature service listens."""
    return urlsplit(settings.mssp_url or URL).port or 80


def world_rows(settings: Settings, password: str) -> dict[str, str | int]:
    """Rows of the simulators' configuration."""
    return {"mssp_port": port(settings), "mssp_ap_id": AP_ID, "mssp_ap_password": password or AP_ID}


def signer_tables(signers: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Lines of the simulators' configuration: a phone that signs for each number, name and PIN; every other has RSA."""
    for place, (msisdn, name, pin) in enumerate(signers):
        yield from ("", "[[signer]]", f"msisdn = {json.dumps(msisdn)}", f"name = {json.dumps(name)}")
        yield from (f"pin = {json.dumps(pin)}", f'key = "{"rsa" if place % 2 else "ec"}"')


__all__ = ["environment", "port", "served", "signer_tables", "world_rows"]
