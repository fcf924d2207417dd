"""Letters as HTML: the words of the plain text, escaped, in the direction of their language.

Nothing in them is fetched from anywhere, so that opening one tells nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads, every cell as people read it; `figures` are the columns that stand in line."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]] = field(repr=False)
    figures: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in its two forms."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def letter(language: str, *, rtl: bool, subject: str, text: str, table: Table | None = None) -> Letter:
    """The letter with this text, a line a paragraph, and a table below it.

    In the plain form a row of the table is a line, its cells parted by ` | `.
    """
    lines = [line for line in text.split("\n") if line]
    html = _TEMPLATES.get_template("letter.jinja").render(
        language=language, direction="rtl" if rtl else "ltr", subject=subject, lines=lines, table=table
    )
    if table is not None:
        text += "\n\n" + "\n".join(" | ".join(row) for row in (table.heads, *table.rows)) + "\n"
    return Letter(subject, text, html)
