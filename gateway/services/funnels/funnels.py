"""Counting sessions that are over, a slice at a time, and reading the counts of a day."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select, update

from gateway.services.funnels.model import Completion, Delay, Ending, Funnel, Sessions, Use, What
from gateway.services.funnels.tables import COUNTS, REACHED
from gateway.services.funnels.tally import Key, delay_of, screens_of, tally
from gateway.services.funnels.tariffs import Tariffs, tariff_for
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import first_id

SLICE = 200
SETTLED_AFTER = timedelta(minutes=15)
"""A session that began longer ago is over, and its end was noted: one lasts ten minutes at most."""
_NAME = "sessions"
_KEYS = ("day", "what", "name", "version", "wire", "operator", "language")
_ADD = (
    update(COUNTS)
    .where(*(COUNTS.c[name] == bindparam(f"b_{name}", type_=COUNTS.c[name].type) for name in _KEYS))
    .values(number=COUNTS.c.number + bindparam("b_more"))
)


class Funnels:
    """What sessions did, in counts; nothing leads from a count back to a session."""

    def __init__(self, store: Store, clock: Clock, sessions: Sessions, zone: ZoneInfo, tariffs: Tariffs) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._zone = zone
        self._tariffs = tariffs

    async def tick(self) -> int:
        """Count the next slice of sessions; how many. Whoever counts beside it makes it count none."""
        rows = await self._store.read(select(REACHED.c.session_id).where(REACHED.c.name == _NAME))
        reached = rows[0].session_id if rows else ""
        before = first_id("ses", self._clock.now() - SETTLED_AFTER)
        seen = await self._sessions.slice(reached, before, SLICE)
        if not seen:
            return 0
        counts = tally(seen, self._zone)

        def work(tx: Connection) -> int:
            insert_ignore(tx, REACHED, {"name": _NAME, "session_id": ""})
            mine = select(REACHED.c.session_id).where(REACHED.c.name == _NAME).with_for_update(key_share=True)
            if tx.execute(mine).scalar_one() != reached:
                return 0
            for key, more in counts.items():
                _add(tx, key, more)
            tx.execute(update(REACHED).where(REACHED.c.name == _NAME).values(session_id=seen[-1].id))
            return len(seen)

        return await self._store.write(work)

    async def day(self, day: date, *, operator: str = "", language: str = "", version: str = "") -> Funnel:
        """What was counted of a day; of one operator, language or version, or of all where ''."""
        wanted = {"operator": operator, "language": language, "version": version}
        kept = [COUNTS.c[name] for name in ("what", "name", "wire", "operator")]
        # Added up where they lie: a day has a row for each language and version, and no figure here tells them apart.
        query = select(*kept, func.sum(COUNTS.c.number).label("number")).where(COUNTS.c.day == day).group_by(*kept)
        for name, value in wanted.items():
            query = query.where(COUNTS.c[name] == value) if value else query
        by_name: Counter[tuple[str, str]] = Counter()
        by_wire: defaultdict[str, Counter[int]] = defaultdict(Counter)
        by_operator: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in await self._store.read(query):
            number = int(row.number)
            by_name[row.what, row.name] += number
            by_operator[row.wire, row.operator][row.what] += number
            if row.what == What.TOOK:
                by_wire[row.wire][int(row.name)] += number
        chosen = await self._store.read(
            select(COUNTS.c.operator, COUNTS.c.version).where(COUNTS.c.day == day).distinct()
        )
        return Funnel(
            screens=screens_of(by_name),
            endings={ending: by_name[What.ENDING, ending.value] for ending in Ending},
            delays=_delays(by_wire),
            uses=[self._use(*which, counts) for which, counts in sorted(by_operator.items())],
            operators=sorted({row.operator for row in chosen if row.operator}),
            versions=sorted({row.version for row in chosen}),
        )

    async def heat(self, day: date, version: str) -> Mapping[str, float]:
        """Of each screen of a version, the share of those who saw it on a day and went no further."""
        return {one.screen: one.share_left for one in (await self.day(day, version=version)).screens}

    async def completions(self, since: date, versions: Collection[str]) -> Mapping[str, Completion]:
        """How many sessions of each version, from a day on, came to an end, and how many of them to the dialogue's."""
        query = (
            select(COUNTS.c.version, COUNTS.c.name, func.sum(COUNTS.c.number).label("number"))
            .where(COUNTS.c.day >= since, COUNTS.c.what == What.ENDING.value, COUNTS.c.version.in_(versions))
            .group_by(COUNTS.c.version, COUNTS.c.name)
        )
        ends: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in await self._store.read(query):
            ends[row.version][row.name] += int(row.number)
        return {
            version: Completion(ends[version].total() - ends[version][Ending.RESUMED], ends[version][Ending.COMPLETED])
            for version in versions
        }

    def _use(self, wire: str, operator: str, counts: Mapping[str, int]) -> Use:
        sessions, hops, units = counts[What.ENDING], counts[What.HOPS], counts[What.UNITS]
        cost = tariff_for(self._tariffs, operator, wire).cost_minor(sessions, hops, units)
        return Use(wire, operator, sessions, hops, units, cost)


def _delays(by_wire: Mapping[str, Mapping[int, int]]) -> list[Delay]:
    return [delay_of(wire, by_bound) for wire, by_bound in sorted(by_wire.items())]


def _add(tx: Connection, key: Key, more: int) -> None:
    group, what, name = key
    row = {
        "day": group.day, "what": what.value, "name": name, "version": group.version, "wire": group.wire,
        "operator": group.operator, "language": group.language,
    }  # fmt: skip
    insert_ignore(tx, COUNTS, {**row, "number": 0})
    tx.execute(_ADD, {f"b_{column}": value for column, value in row.items()} | {"b_more": more})
