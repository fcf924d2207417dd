"""What every command shares: the --config option and the settings behind it."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import settings as settings_module
from gateway.settings import Settings

Config = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", exists=True, dir_okay=False)]


def read_settings(config: Path | None) -> Settings:
    """The effective settings.

    Raises:
        SettingsFault: A setting is misspelt or out of range.
    """
    return settings_module.load(config)
