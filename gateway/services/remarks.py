"""What staff write beside a thing: a reason, a comment, a note."""

_JOINERS = "\u200c\u200d"
"""They do not show, and Persian cannot be written without."""
_TURNS = dict.fromkeys((0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def words(text: str) -> str:
    """What somebody has written, on one line, without what does not show or turns the direction of writing."""
    kept = text.translate(_TURNS)
    return " ".join("".join(one if one.isprintable() or one in _JOINERS else " " for one in kept).split())
