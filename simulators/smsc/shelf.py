"""The messages that the SMSC knows, by the ids that it gave them, and when one is to be sent."""

import re
import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from simulators.smsc.receipts import Message
from simulators.smsc.terms import HEX_RECEIPTS, IdForm

KEPT_MAX = 100_000
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])", re.ASCII)


class Shelf:
    """Gives ids and finds messages by them; one of submit_multi stands for several. Forgets the oldest of too many."""

    def __init__(self, ids: IdForm) -> None:
        self._ids = ids
        self._next = secrets.randbits(47)
        self._messages: OrderedDict[int, list[Message]] = OrderedDict()

    def number(self) -> int:
        """A number that no message has."""
        self._next += 1
        return self._next

    def keep(self, message: Message) -> None:
        """Remember a message under its number."""
        self._messages.setdefault(message.number, []).append(message)
        if len(self._messages) > KEPT_MAX:
            self._messages.popitem(last=False)

    def written(self, number: int, *, in_receipt: bool = False, hex_ids: bool = False) -> str:
        """A message's id as its response, or its receipt, has it."""
        form = HEX_RECEIPTS if hex_ids else self._ids
        return format(number, form.receipt if in_receipt else form.response)

    def find(self, message_id: str, *, source: str, hex_ids: bool = False) -> list[Message]:
        """The messages of this id, if they are from `source`."""
        form = HEX_RECEIPTS if hex_ids else self._ids
        try:
            number = int(message_id, 10 if form.response[-1] == "d" else 16)
        except ValueError:
            return []
        return [message for message in self._messages.get(number, ()) if message.source == source]

    def held(self, *, source: str, dest: str) -> list[Message]:
        """Everything from one address to another that has not gone yet (cancel_sm without an id, 4.9.1)."""
        every = (message for messages in self._messages.values() for message in messages)
        return [message for message in every if message.held and (message.source, message.dest) == (source, dest)]


def delay_of(text: str, now: datetime) -> float | None:
    """Seconds until a time of SMPP 3.4, 7.1.1, absolute or relative (`R`); negative if past; None for another form."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, tenth, quarters = (int(part) for part in found.groups()[:8])
    if found[9] == "R":
        days = year * 365 + month * 30 + day
        return timedelta(days=days, hours=hour, minutes=minute, seconds=second).total_seconds()
    ahead = timedelta(minutes=15 * quarters)
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, UTC)
    except ValueError:
        return None
    return (moment - (ahead if found[9] == "+" else -ahead) - now).total_seconds()
