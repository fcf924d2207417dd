"""Which KeyStore the settings name, opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.errors import SettingsFault
from gateway.keys.base import KeyStore
from gateway.keys.software import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.settings import Settings


@asynccontextmanager
async def opened_keys(
    settings: Settings, file: Path, metrics: Metrics, *, create: bool = False
) -> AsyncIterator[KeyStore]:
    """The keys, until the block ends.

    Args:
        settings: The effective settings.
        file: The software store's key file, which is made if there is none.
        metrics: Where a hardware module's operations are counted.
        create: Make the keys that a hardware module's token lacks.

    Raises:
        KeyFault: The file does not open; or the token refuses the PIN, lacks keys, or would let one out.
        KeysUnavailable: The hardware module is not there.
        SettingsFault: The package for hardware modules is not installed.
    """
    if settings.keystore == "software":
        secret = settings.key_secret.get_secret_value()
        yield await asyncio.to_thread(SoftwareKeyStore.open, file, secret)
        return
    try:
        from gateway.keys.pkcs11 import Pkcs11KeyStore
        from gateway.keys.token import TokenDoor
    except ImportError as missing:
        raise SettingsFault("keystore=pkcs11 needs the package of the extra `hsm`: python-pkcs11") from missing
    door = TokenDoor(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin.get_secret_value())
    async with Pkcs11KeyStore.opened(door, metrics, timeout_s=settings.pkcs11_timeout_s, create=create) as keys:
        yield keys
