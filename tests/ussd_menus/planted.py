"""A copy of the shipped menus with something changed in it."""

import shutil
from pathlib import Path

from ussd_menus.loader import FOLDER

Change = tuple[str, str, str]
"""File, what stands there, what shall stand there (appended when nothing stands there)."""


def planted(folder: Path, *changes: Change) -> Path:
    """The folder, holding the menus with the changes."""
    for part in ("menus", "texts"):
        shutil.copytree(FOLDER / part, folder / part)
    for file, before, after in changes:
        path = folder / file
        content = path.read_text("utf-8") if path.exists() else ""
        assert before in content, f"{file} does not hold {before}"
        path.write_text(content.replace(before, after, 1) if before else content + after, "utf-8")
    return folder
