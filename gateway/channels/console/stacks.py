"""One bar in parts, drawn on the server: no script, no style, read by a screen reader as a list."""

from collections.abc import Sequence

from markupsafe import Markup

from gateway.channels.console.words import Words

WIDTH, HEIGHT = 480, 34
GAP = 2


def stack(rows: Sequence[tuple[str, int]], words: Words) -> Markup:
    """A part for each label, as long as its share; a part that is there at all is never too thin to be seen.

    Parts are told apart by their shade, the last one the strongest, and by the number that stands in them.
    """
    shown = [(place, label, count) for place, (label, count) in enumerate(rows) if count]
    whole = sum(count for _, _, count in shown)
    room = WIDTH - GAP * len(shown)
    widths = [max(26, room * count // whole) for _, _, count in shown]
    if sum(widths) > room:
        # What the thin ones were given is taken from the longest.
        widths[widths.index(max(widths))] -= sum(widths) - room
    parts, x = [], 0
    for (place, _, count), width in zip(shown, widths, strict=True):
        left = WIDTH - x - width if words.direction == "rtl" else x
        parts.append(
            Markup('<g class="age{}"><rect x="{}" y="0" width="{}" height="{}" rx="3"/>').format(
                place, left, width, HEIGHT
            )
            + Markup('<text x="{}" y="{}" text-anchor="middle">{}</text></g>').format(
                left + width // 2, HEIGHT // 2 + 5, words.number(count)
            )
        )
        x += width + GAP
    told = words.t("shell.comma").join(f"{label}: {words.number(count)}" for _, label, count in shown)
    head = Markup('<svg class="stacked" direction="ltr" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return head.format(WIDTH, HEIGHT, told) + Markup("").join(parts) + Markup("</svg>")
