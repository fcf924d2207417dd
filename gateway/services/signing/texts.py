"""What phones of staff read that is not a document's own text; the words are in `texts.toml` beside this file."""

import tomllib
from pathlib import Path

from gateway.services.signing.rules import FALLBACK

TEXTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))


def phone_text(name: str, language: str, **values: str) -> str:
    """A text in the language of its reader."""
    return TEXTS.get(language, TEXTS[FALLBACK])[name].format_map(values)
