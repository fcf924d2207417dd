"""Counting what an account or a token pays, inside the caller's unit of work.

The row of a subject is held from `held` to the end of the unit, so that two payments at once are counted one after the
other and a limit is exact.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from gateway.services.controls.tables import used
from gateway.services.controls.windows import Standing, Used, Windows
from gateway.store import find, insert_ignore, write

_HELD = select(used).where(used.c.subject == bindparam("a_subject")).with_for_update(key_share=True)
_COLUMNS = tuple(column.name for column in used.c if column.name not in {"subject", "since"})
_UPDATE = (
    update(used)
    .where(used.c.subject == bindparam("a_subject"))
    .values(**{name: bindparam(f"then_{name}", type_=used.c[name].type) for name in _COLUMNS})
)
_DAWN = date(1970, 1, 1)
_NEVER = Standing(Windows(_DAWN, _DAWN, _DAWN))


def held(tx: Connection, subject: str, windows: Windows, now: datetime) -> Standing:
    """What was counted for a subject, as of `windows`; its row is held. What comes after `now` is counted."""
    found = find(tx, _HELD, {"a_subject": subject})
    if not found:
        insert_ignore(tx, used, {"subject": subject, "since": now, **_row(_NEVER)})
        found = find(tx, _HELD, {"a_subject": subject})
    return _standing(found[0]).at(windows)


def put(tx: Connection, subject: str, standing: Standing) -> None:
    """Store what is counted now; the caller holds the row."""
    write(tx, _UPDATE, {"a_subject": subject, **{f"then_{name}": value for name, value in _row(standing).items()}})


def give_back(tx: Connection, subject: str, paid: Used, windows: Windows, made_at: datetime) -> None:
    """Take back what was counted in `windows`, as far as they still run.

    Nothing for a subject that was not counted yet when the payment was made.
    """
    found = find(tx, _HELD, {"a_subject": subject})
    if found and found[0].since <= made_at:
        put(tx, subject, _standing(found[0]).minus(paid, windows))


def _row(standing: Standing) -> Mapping[str, Any]:
    spans = {"day": standing.day, "week": standing.week, "month": standing.month, "unverified": standing.unverified}
    counts = {f"{name}_count": span.count for name, span in spans.items()}
    sums = {f"{name}_minor": span.minor for name, span in spans.items()}
    windows = standing.windows
    return {"day": windows.day, "week": windows.week, "month": windows.month, **counts, **sums}


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        Windows(row.day, row.week, row.month),
        Used(row.day_count, row.day_minor),
        Used(row.week_count, row.week_minor),
        Used(row.month_count, row.month_minor),
        Used(row.unverified_count, row.unverified_minor),
    )
