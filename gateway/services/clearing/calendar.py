"""When cycles cut: the day's cuts are data. Pure but for reading their file."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.errors import SettingsFault

BYTES_MAX = 10_000
CUTS_MAX = 48
EXTRA_FROM = 51
"""Numbers of cycles that staff ask for between those of the calendar."""
_SHIPPED = Path(__file__).with_name("cycles.toml")
_CUT = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Cut:
    """A cycle to be: it takes what was taken before `at`."""

    business_on: date
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """The cuts of each day, in minutes from its midnight; the last is the day's end."""

    cuts: tuple[int, ...]
    zone: ZoneInfo

    def business_on(self, moment: datetime) -> date:
        """The business date on which the host takes something at this moment."""
        return moment.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When a business date begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def at(self, day: date, number: int) -> datetime:
        """The moment of a day's cut with this number, from 1."""
        minutes = self.cuts[number - 1]
        if minutes == _DAY_MINUTES:
            return self.midnight(day + timedelta(days=1))
        return datetime.combine(day, time(minutes // 60, minutes % 60), self.zone).astimezone(UTC)

    def due(self, since: datetime, now: datetime) -> Iterator[Cut]:
        """Cuts after `since` and not after `now`, in order."""
        day, last = self.business_on(since), self.business_on(now)
        while day <= last:
            for number in range(1, len(self.cuts) + 1):
                at = self.at(day, number)
                if since < at <= now:
                    yield Cut(day, number, at)
            day += timedelta(days=1)

    def latest(self, now: datetime) -> Cut:
        """The last cut that is not after `now`."""
        *_, last = self.due(now - timedelta(days=2), now)
        return last


def read_calendar(zone: ZoneInfo, path: str = "") -> Calendar:
    """The cuts of a file; without one those that are shipped.

    Raises:
        SettingsFault: It cannot be read, or has no cuts in order up to 24:00.
    """
    file = Path(path) if path else _SHIPPED
    try:
        content = file.read_bytes()
        if len(content) > BYTES_MAX:
            raise SettingsFault(f"{file} is longer than {BYTES_MAX} bytes")
        table = tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError) as problem:
        raise SettingsFault(f"cannot read {file}: {problem}") from problem
    cuts = table.get("cuts")
    if set(table) != {"cuts"} or not isinstance(cuts, list) or not 0 < len(cuts) <= CUTS_MAX:
        raise SettingsFault(f"{file}: `cuts`, up to {CUTS_MAX} of them, and nothing else")
    if not all(isinstance(cut, str) and _CUT.fullmatch(cut) for cut in cuts):
        raise SettingsFault(f"{file}: a cut is HH:MM, the last 24:00")
    minutes = tuple(int(cut[:2]) * 60 + int(cut[3:]) for cut in cuts)
    if list(minutes) != sorted(set(minutes)) or minutes[0] == 0 or minutes[-1] != _DAY_MINUTES:
        raise SettingsFault(f"{file}: cuts rise from after 00:00 to 24:00, the day's end")
    return Calendar(minutes, zone)
