"""When each message of a campaign is due: evenly over the hours in which people may be disturbed. Pure.

Messages of one minute are due together; the links have their own rates within it.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of a day, in `zone`, in which campaigns are sent: from `opens` up to and without `closes`."""

    opens: int
    closes: int
    zone: ZoneInfo

    def after(self, start: datetime, minutes: int) -> datetime:
        """The moment at which the window has been open for so many minutes since `start`; itself inside the window."""
        at = self._next_open(start)
        left = timedelta(minutes=minutes)
        while (room := self._close_of(at) - at) <= left:
            left -= room
            at = self._next_open(at + room)
        return at + left

    def _next_open(self, at: datetime) -> datetime:
        local = at.astimezone(self.zone)
        if self.opens <= local.hour < self.closes:
            return at
        day = local.date() + timedelta(days=1) if local.hour >= self.closes else local.date()
        return datetime.combine(day, time(self.opens), self.zone).astimezone(at.tzinfo)

    def _close_of(self, at: datetime) -> datetime:
        midnight = datetime.combine(at.astimezone(self.zone).date(), time(0), self.zone)
        return (midnight + timedelta(hours=self.closes)).astimezone(at.tzinfo)


def per_minute(total: int, hours: int) -> int:
    """Messages that must be due each minute so that `total` end within `hours` of an open window."""
    return max(1, -(-total // (hours * 60)))
