"""TOML files to Menus."""

from pathlib import Path

from ussd_menus.screens import Menus

FOLDER = Path(__file__).parent


def load(folder: Path | None = None) -> Menus:
    """Read `menus/*.toml` and `texts/*.toml` of `folder` (the shipped ones by default).

    Raises:
        MenusFault: A file is not well formed; every finding names file, line and screen.
    """
    raise NotImplementedError(folder)
