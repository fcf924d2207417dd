"""Menus that were proved, compiled for `step`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ussd_menus.model import MenusFault, Profile, Style
from ussd_menus.screens import Menus
from ussd_menus.texts import Speech
from ussd_menus.verify import verify


@dataclass(frozen=True, slots=True)
class FrozenMenus:
    """Sound menus with their texts parsed."""

    menus: Menus = field(repr=False)
    speeches: Mapping[str, Speech] = field(repr=False)
    """By language, in the plain style."""
    _styled: dict[tuple[str, Style], Speech] = field(default_factory=dict, repr=False, compare=False)

    def speech(self, language: str, style: Style) -> Speech:
        """The texts of a language in a style; each pair is parsed when it is first asked for."""
        found = self._styled.get((language, style))
        if found is None:
            plain = self.speeches[language]
            found = plain if style == plain.style else Speech(plain.tongue, self.menus.words, style)
            self._styled[language, style] = found
        return found

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
