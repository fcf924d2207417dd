"""Menus that were proved, compiled for `step`."""

from dataclasses import dataclass

from ussd_menus.model import Profile
from ussd_menus.screens import Menus


@dataclass(frozen=True, slots=True)
class FrozenMenus:
    """Sound menus with their texts parsed."""

    menus: Menus

    @property
    def version(self) -> str:
        """Hash of the content of all files."""
        return self.menus.version

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages, in the order of the language screen."""
        return tuple(self.menus.tongues)


def freeze(menus: Menus, profile: Profile = Profile()) -> FrozenMenus:  # noqa: B008  - frozen
    """Compile the menus.

    Raises:
        MenusFault: They are not sound for `profile`.
    """
    raise NotImplementedError(menus, profile)
