"""Everything that can be proved about menus before a person dials."""

from ussd_menus.model import Finding, Profile
from ussd_menus.screens import Menus


def verify(menus: Menus, profile: Profile = Profile()) -> list[Finding]:  # noqa: B008  - frozen
    """All findings, sorted by file and line; empty when the menus are sound for `profile`."""
    raise NotImplementedError(menus, profile)
