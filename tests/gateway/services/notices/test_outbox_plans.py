"""What every poll asks is found by an index, however many notices are due later, long sent, or lost and followed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gateway.services.notices import fallback, matching
from gateway.services.notices.queue import QUEUE
from gateway.services.notices.statements import STATEMENTS
from gateway.store import Store, engines

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WANTED = {"its_channel": "sms", "lane_max": 3, "most": 9, "its_lease": "lse_1", "its_end": NOW, "now": NOW}


@pytest.mark.parametrize(
    ("work", "used", "times"),
    [
        (
            lambda tx: STATEMENTS["sqlite"].claim(tx, **WANTED),
            "INDEX notice_outbox_ready (channel=? AND lane=? AND next_at<?)",
            4,
        ),
        (lambda tx: matching.match_late(tx, NOW, 9), "INDEX notice_receipts_unmatched", 1),
        (lambda tx: matching.forget(tx, NOW, 9), "INDEX notice_receipts_unmatched (received_at<?)", 1),
        (lambda tx: tx.execute(fallback.lost(NOW)), "INDEX notice_outbox_lost (changed_at>?)", 1),
        (lambda tx: tx.execute(QUEUE), "INDEX notice_receipts_unmatched", 1),
    ],
)
async def test_a_poll_reads_no_more_than_it_takes(
    work: Callable[[Connection], Any], used: str, times: int, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    await Store.upgrade(url)
    engine = engines.sqlite_writer(url)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))
    with engine.begin() as tx:
        work(tx)
        sql, values = asked[-1]
        plan = [row.detail for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    engine.dispose()

    assert sum(used in line for line in plan) == times
    assert not [line for line in plan if line.startswith("SCAN notice_") and "INDEX" not in line]
