"""Which door of the bank the settings name."""

import ssl
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import PeerUnavailable, SettingsFault
from gateway.peers.bank.folder import FolderBank
from gateway.peers.bank.http import HttpBank
from gateway.services.banking.ports import Arrived
from gateway.settings import Settings


class NoBank:
    """No bank is joined: what is ordered waits."""

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is kept."""

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        """Nothing can be sent.

        Raises:
            PeerUnavailable: Always.
        """
        raise PeerUnavailable("no bank is set: bank_url or bank_folder")

    async def enquire(self, order_id: str) -> bool:
        """Nobody can be asked.

        Raises:
            PeerUnavailable: Always.
        """
        raise PeerUnavailable("no bank is set: bank_url or bank_folder")

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        """Nothing comes from nobody."""
        return ()


def open_bank(settings: Settings) -> "AbstractAsyncContextManager[HttpBank | FolderBank | NoBank]":
    """The door that the settings name; inside a running loop.

    Raises:
        SettingsFault: The file of certificates cannot be used.
    """
    if settings.bank_url:
        token, timeout_s = settings.bank_token.get_secret_value(), settings.bank_timeout_s
        return HttpBank(settings.bank_url, token, timeout_s=timeout_s, tls=_trust(settings.bank_ca_file))
    if settings.bank_folder:
        return FolderBank(Path(settings.bank_folder), timeout_s=settings.bank_timeout_s)
    return NoBank()


def _trust(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as problem:
        raise SettingsFault(f"bank_ca_file: cannot use {ca_file} ({type(problem).__name__})") from problem
