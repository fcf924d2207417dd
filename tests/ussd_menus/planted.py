"""Sound menus with something changed in them, and the table of defects that the verifier must find."""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ussd_menus.loader import FOLDER, files_of

Change = tuple[str, str, str]
"""File, what stands there, what shall stand there (appended when nothing stands there)."""
HERE = Path(__file__).parent
SOUND = HERE / "sound"
CLINIC = files_of(SOUND / "clinic")


@dataclass(frozen=True)
class Defect:
    """What is changed in the sound menus of a clinic, and the finding that must come of it."""

    rule: str
    screen: str
    """Empty for any."""
    language: str
    line: str
    """How the line of the finding begins."""
    changes: tuple[Change, ...]


def changed(files: dict[str, bytes], *changes: Change) -> dict[str, bytes]:
    """The files with the changes."""
    found = dict(files)
    for file, before, after in changes:
        content = found.get(file, b"").decode("utf-8")
        assert before in content, f"{file} does not hold {before}"
        found[file] = (content.replace(before, after, 1) if before else content + after).encode("utf-8")
    return found


def planted(folder: Path, *changes: Change) -> Path:
    """The folder, holding the shipped menus with the changes."""
    for part in ("menus", "texts"):
        shutil.copytree(FOLDER / part, folder / part)
    for name, content in changed(files_of(FOLDER), *changes).items():
        (folder / name).write_bytes(content)
    return folder


def defects() -> list[Defect]:
    """The table `defects.toml`."""
    table = tomllib.loads((HERE / "defects.toml").read_text("utf-8"))["planted"]
    return [
        Defect(
            row["rule"],
            row.get("screen", ""),
            row.get("language", ""),
            row.get("line", ""),
            tuple((change["file"], change.get("before", ""), change["after"]) for change in row["changes"]),
        )
        for row in table
    ]
