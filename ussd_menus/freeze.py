"""Menus that were proved, compiled for `step`."""

from collections.abc import Mapping
from dataclasses import dataclass

from ussd_menus.model import MenusFault, Profile
from ussd_menus.screens import Menus
from ussd_menus.texts import Speech
from ussd_menus.verify import verify


@dataclass(frozen=True, slots=True)
class FrozenMenus:
    """Sound menus with their texts parsed."""

    menus: Menus
    speeches: Mapping[str, Speech]
    """By language."""

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
    findings = verify(menus, profile)
    if findings:
        raise MenusFault(findings)
    return FrozenMenus(menus, {code: Speech(tongue, menus.words) for code, tongue in menus.tongues.items()})
