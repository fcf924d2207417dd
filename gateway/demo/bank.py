"""The bank of the demo: the simulator's, unless the settings name another."""

from urllib.parse import urlsplit

from pydantic import SecretStr

from gateway.settings import DEMO_SECRET, Settings

URL = "http://127.0.0.1:8094"
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def joined(settings: Settings) -> Settings:
    """The settings with the simulator's bank, unless they name a bank."""
    if settings.bank_folder or settings.bank_token.get_secret_value():
        return settings
    # An address without a token is where somebody has moved the simulator's bank to.
    return settings.model_copy(update={"bank_url": settings.bank_url or URL, "bank_token": SecretStr(DEMO_SECRET)})


def port(settings: Settings) -> int:
    """Port of `bank_url`, where the simulator listens; 0, any, if the bank is somewhere else."""
    url = urlsplit(settings.bank_url)
    return url.port or 0 if url.hostname in LOOPBACK else 0


__all__ = ["joined", "port"]
