"""Bars drawn on the server: no script, no style, read by a screen reader as a list."""

from collections.abc import Sequence

from markupsafe import Markup

from gateway.channels.console.words import Words

BAR, ROW, LABEL, WIDTH = 260, 22, 120, 460


def bars(rows: Sequence[tuple[str, int]], words: Words) -> Markup:
    """A bar for each label, as long as its count is, from the side where reading begins."""
    most = max(1, *(count for _, count in rows))
    rtl = words.direction == "rtl"
    parts = []
    for place, (label, count) in enumerate(rows):
        y, width, number = place * ROW, round(BAR * count / most), words.number(count)
        bar_x = WIDTH - LABEL - width if rtl else LABEL
        text_x, direction = (WIDTH, "rtl") if rtl else (0, "ltr")
        number_x = bar_x - 6 if rtl else bar_x + width + 6
        side = "end" if rtl else "start"
        parts.append(
            Markup(
                '<text x="{}" y="{}" direction="{}">{}</text><rect x="{}" y="{}" width="{}" height="14"/>'
                '<text x="{}" y="{}" text-anchor="{}">{}</text>'
            ).format(text_x, y + 14, direction, label, bar_x, y + 3, width, number_x, y + 14, side, number)
        )
    told = words.t("shell.comma").join(f"{label} {words.number(count)}" for label, count in rows)
    head = Markup('<svg class="bars" direction="ltr" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return head.format(WIDTH, ROW * len(rows), told) + Markup("").join(parts) + Markup("</svg>")
