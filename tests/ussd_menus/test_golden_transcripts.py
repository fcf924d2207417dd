"""The main paths in four languages, byte for byte."""

import os
from pathlib import Path

import pytest

from tests.ussd_menus.player import replay
from ussd_menus import FrozenMenus

FOLDER = Path(__file__).parents[1] / "golden" / "ussd"
FILES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_transcript_replays_byte_for_byte(frozen: FrozenMenus, path: Path) -> None:
    transcript = path.read_text("utf-8")
    played = replay(frozen, transcript)
    if os.environ.get("GOLDEN_RECORD"):
        path.write_text(played, "utf-8")
    assert played.splitlines() == transcript.splitlines() or os.environ.get("GOLDEN_RECORD")


def test_every_path_has_a_transcript_in_every_language(frozen: FrozenMenus) -> None:
    paths = {path.stem.split(".")[0] for path in FILES}
    assert len(paths) >= 12
    assert {path.stem for path in FILES} == {f"{path}.{language}" for path in paths for language in frozen.languages}
