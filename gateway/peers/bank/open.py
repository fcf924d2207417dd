"""Which door of the bank the settings name."""

import ssl
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from gateway.errors import SettingsFault
from gateway.peers.bank.folder import FolderBank
from gateway.peers.bank.http import HttpBank
from gateway.settings import Settings


def open_bank(settings: Settings) -> AbstractAsyncContextManager[HttpBank | FolderBank] | None:
    """The door that the settings name, or None; inside a running loop.

    Raises:
        SettingsFault: The file of certificates cannot be used.
    """
    if settings.bank_url:
        token, timeout_s = settings.bank_token.get_secret_value(), settings.bank_timeout_s
        return HttpBank(settings.bank_url, token, timeout_s=timeout_s, tls=_trust(settings.bank_ca_file))
    if settings.bank_folder:
        return FolderBank(Path(settings.bank_folder), timeout_s=settings.bank_timeout_s)
    return None


def _trust(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as problem:
        raise SettingsFault(f"bank_ca_file: cannot use {ca_file} ({type(problem).__name__})") from problem
