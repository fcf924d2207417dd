"""Which menus a session stands on: the ones in force when it began, until it is over."""

from typing import Protocol

from ussd_menus import FrozenMenus


class MenuSource(Protocol):
    """Where sessions get their menus; satisfied by services/releases, and by Menus below."""

    def choose(self, msisdn: str, branch: str) -> FrozenMenus:
        """What a new session of this number begins on; `branch` is that of the person, '' for none."""
        ...

    async def fetch(self, version: str) -> FrozenMenus | None:
        """The menus that a live session stands on, loaded if need be; None if nobody has them."""
        ...


class Menus:
    """One version for everyone, and older ones that live sessions still stand on, in one process."""

    def __init__(self, current: FrozenMenus) -> None:
        self.current = current
        self._versions: dict[str, FrozenMenus] = {current.version: current}

    def release(self, menus: FrozenMenus) -> None:
        """New sessions begin on `menus`; live ones stay on theirs."""
        self.current = menus
        self._versions[menus.version] = menus

    def choose(self, msisdn: str, branch: str) -> FrozenMenus:
        """The same for everyone."""
        return self.current

    def version(self, version: str) -> FrozenMenus | None:
        """The menus of that version, if this process has them."""
        return self._versions.get(version)

    async def fetch(self, version: str) -> FrozenMenus | None:
        """The menus of that version, if this process has them."""
        return self.version(version)
