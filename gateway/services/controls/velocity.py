"""Counting what accounts and tokens pay, inside the caller's unit of work.

The rows of subjects are held from `held` to the end of the unit, so that two payments at once are counted one after the
other and a limit is exact.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row

from gateway.services.controls.tables import used
from gateway.services.controls.windows import Standing, Used, Windows
from gateway.store import Many

_USED = Many(used)
_DAWN = date(1970, 1, 1)
_NEVER = Standing(Windows(_DAWN, _DAWN, _DAWN))


def held(tx: Connection, since: Mapping[str, datetime]) -> dict[str, Standing]:
    """What was counted for these subjects, whose rows are held; what is paid from a moment on if nothing was yet."""
    wanted = [(subject,) for subject in since]
    rows = _USED.locked(tx, wanted)
    fresh = sorted(since.keys() - {row.subject for row in rows})
    if fresh:
        _USED.put(tx, [{"subject": subject, "since": since[subject], **_row(_NEVER)} for subject in fresh])
        rows = _USED.locked(tx, wanted)
    return {row.subject: _standing(row) for row in rows}


def put(tx: Connection, standings: Mapping[str, Standing]) -> None:
    """Store what is counted now; the caller holds the rows."""
    _USED.change(tx, [{"subject": subject, **_row(standings[subject])} for subject in sorted(standings)])


def give_back(tx: Connection, subjects: Sequence[str], paid: Used, windows: Windows, made_at: datetime) -> None:
    """Take back what was counted in `windows`, as far as they still run.

    Nothing for a subject that was not counted yet when the payment was made.
    """
    rows = _USED.locked(tx, [(subject,) for subject in subjects])
    put(tx, {row.subject: _standing(row).minus(paid, windows) for row in rows if row.since <= made_at})


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
