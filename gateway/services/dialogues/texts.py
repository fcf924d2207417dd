"""What a person reads when there is no dialogue to speak: the words are in `texts.toml` beside this file."""

import tomllib
from enum import StrEnum
from pathlib import Path


class Closing(StrEnum):
    """Why a dialogue ends without a page of its own."""

    LOST = "lost"
    EXPIRED = "expired"
    FAILED = "failed"
    BUSY = "busy"
    UNREADABLE = "unreadable"


def closing_text(closing: Closing, language: str) -> str:
    """The text in `language`, or in English where we have no such language. Fits one USSD page."""
    texts = _TEXTS[closing.value]
    return texts.get(language, texts["en"])


_TEXTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))
