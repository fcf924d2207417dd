"""What a terminal has sold and what it owes its acquirer, line by line in a file: a killed terminal goes on from it.

An authorisation is written before it leaves. Its answer turns it into nothing (declined), into an item of the batch,
or into an item and an advice (0220); no answer turns it into a reversal (0420), and a void into itself: it is asked
again. What is owed stays until the acquirer has acknowledged it. A batch that is being closed stands apart, and the
next one has begun.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators import files
from simulators.till.iso8583 import Message
from simulators.till.items import Item, ItemKind, ItemState

STAN_MAX = 999_999
BATCH_MAX = 999_999
CLOSED_MAX = 3
"""So many closed batches are kept, for refunds."""


@dataclass(slots=True)
class Batch:
    """A batch that is no longer open: `totals` is the 0500 that is being asked, `end` what it came to, '' if open."""

    number: int
    items: dict[str, Item]
    totals: Message | None = None
    end: str = ""


@dataclass(slots=True)
class State:
    """All that a journal says."""

    stan: int = 0
    batch: int = 1
    open: dict[str, Message] = field(default_factory=dict)
    owed: dict[str, tuple[Message, str]] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    behind: dict[int, Batch] = field(default_factory=dict)


class Journal:
    """The journal of one terminal; without a `file` it lives as long as the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._now = State()
        if file is not None and file.exists():
            self._read(file)
        self._compact()

    @property
    def batch(self) -> int:
        """The number of the open batch."""
        return self._now.batch

    def next_stan(self) -> str:
        """A trace number of six digits that no restart gives again before a million have gone by."""
        # Not waited for on the disk: the message that carries it is, and a number that never left may come again.
        self._note({"event": "stan", "stan": self._now.stan % STAN_MAX + 1}, durable=False)
        return f"{self._now.stan:06d}"

    def asking(self, message: Message) -> None:
        """The authorisation, refund or void is about to leave."""
        self._note({"event": "asking", "message": _plain(message)})

    def settled(self, stan: str) -> None:
        """What was asked with this trace number was declined, or a void done: nothing is owed for it."""
        self._note({"event": "settled", "stan": stan})

    def took(self, item: Item, *owed: Message) -> None:
        """It was approved: it stands in the batch, and these messages are owed for it."""
        self._note({"event": "took", "item": _item_plain(item), "owed": [_plain(message) for message in owed]})

    def changed(self, item: Item) -> None:
        """The item is another now; wherever it stands."""
        self._note({"event": "changed", "item": _item_plain(item)})

    def owe(self, message: Message, *, original: str) -> None:
        """`message` is owed, about what had the trace number `original`; neither is open any more."""
        self._note({"event": "owe", "original": original, "message": _plain(message)})

    def paid(self, stan: str, *owed: Message) -> None:
        """The acquirer has acknowledged the message with this trace number; these take its place."""
        self._note({"event": "paid", "stan": stan, "owed": [_plain(message) for message in owed]})

    def closing(self) -> Batch:
        """The open batch is closed to anything new, and the next one begins."""
        number = self._now.batch
        self._note({"event": "closing", "number": number, "next": number % BATCH_MAX + 1})
        return self._now.behind[number]

    def totalling(self, batch: Batch, message: Message) -> None:
        """This 0500 is about to leave for the batch."""
        self._note({"event": "totalling", "number": batch.number, "message": _plain(message)})

    def closed(self, batch: Batch, end: str) -> None:
        """The acquirer has agreed."""
        self._note({"event": "closed", "number": batch.number, "end": end})

    def open_messages(self) -> list[Message]:
        """What was asked and of which nobody knows the answer, oldest first."""
        return list(self._now.open.values())

    def owed(self) -> list[Message]:
        """What waits for its acknowledgement, oldest first."""
        return [message for message, _ in self._now.owed.values()]

    def original_of(self, stan: str) -> str:
        """The trace number that an owed message is about."""
        return self._now.owed[stan][1]

    def items(self) -> list[Item]:
        """The open batch."""
        return list(self._now.items.values())

    def item(self, stan: str) -> Item | None:
        """The item with this trace number, in the open batch or in one of the last."""
        places = [self._now.items, *(batch.items for batch in reversed(self._now.behind.values()))]
        return next((items[stan] for items in places if stan in items), None)

    def every_item(self) -> list[Item]:
        """Those of the batches that are kept and of the open one, oldest first."""
        behind = [item for batch in self._now.behind.values() for item in batch.items.values()]
        return [*behind, *self._now.items.values()]

    def unfinished(self) -> list[Batch]:
        """Batches that are being closed, oldest first."""
        return [batch for batch in self._now.behind.values() if not batch.end]

    def _note(self, line: Mapping[str, Any], *, durable: bool = True) -> None:
        # The file first: what is not written has not happened.
        if self._file is not None:
            files.append_private(self._file, json.dumps(line), durable=durable)
        self._apply(line)

    def _apply(self, line: Mapping[str, Any]) -> None:
        now = self._now
        match line["event"]:
            case "stan":
                now.stan = line["stan"]
            case "batch":
                now.batch = line["number"]
            case "asking":
                message = _message(line["message"])
                now.open[message[11]] = message
            case "settled":
                now.open.pop(line["stan"], None)
            case "took":
                item = _item(line["item"])
                now.open.pop(item.stan, None)
                now.items[item.stan] = item
                self._apply_owed(line["owed"], item.stan)
            case "changed":
                self._apply_changed(_item(line["item"]))
            case "owe":
                now.open.pop(line["original"], None)
                now.open.pop(line["message"]["fields"]["11"], None)
                self._apply_owed([line["message"]], line["original"])
            case "paid":
                _, original = now.owed.pop(line["stan"], (None, ""))
                self._apply_owed(line["owed"], original)
            case _:
                self._apply_batch(line)

    def _apply_owed(self, plain: list[Mapping[str, Any]], original: str) -> None:
        for each in plain:
            message = _message(each)
            self._now.owed[message[11]] = (message, original)

    def _apply_changed(self, item: Item) -> None:
        for items in (self._now.items, *(batch.items for batch in self._now.behind.values())):
            if item.stan in items:
                items[item.stan] = item

    def _apply_batch(self, line: Mapping[str, Any]) -> None:
        now, number = self._now, line.get("number", 0)
        match line["event"]:
            case "closing":
                now.behind[number] = Batch(number, now.items)
                now.items, now.batch = {}, line["next"]
            case "behind":
                items = [_item(each) for each in line["items"]]
                now.behind[number] = Batch(number, {item.stan: item for item in items}, end=line["end"])
            case "totalling":
                now.behind[number].totals = _message(line["message"])
            case "closed":
                now.behind[number].end = line["end"]
                for old in [batch.number for batch in now.behind.values() if batch.end][:-CLOSED_MAX]:
                    del now.behind[old]
            case other:
                raise ValueError(f"the journal holds {other!r}")

    def _read(self, file: Path) -> None:
        for text in file.read_text("utf-8").splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                # A kill in the middle of a write tears the last line: it has not happened.
                continue
            self._apply(line)

    def _compact(self) -> None:
        if self._file is None:
            return
        now = self._now
        lines: list[Mapping[str, Any]] = [
            {"event": "stan", "stan": now.stan},
            {"event": "batch", "number": now.batch},
        ]
        for batch in now.behind.values():
            items = [_item_plain(item) for item in batch.items.values()]
            lines.append({"event": "behind", "number": batch.number, "items": items, "end": batch.end})
            if batch.totals is not None:
                lines.append({"event": "totalling", "number": batch.number, "message": _plain(batch.totals)})
        lines += [{"event": "took", "item": _item_plain(item), "owed": []} for item in now.items.values()]
        lines += [{"event": "asking", "message": _plain(message)} for message in now.open.values()]
        lines += [
            {"event": "owe", "original": original, "message": _plain(message)}
            for message, original in now.owed.values()
        ]
        files.write_private(self._file, "".join(json.dumps(line) + "\n" for line in lines), durable=True)


def _plain(message: Message) -> dict[str, Any]:
    return {
        "mti": message.mti,
        "fields": {str(number): value for number, value in message.fields.items()},
        "icc": message.icc.hex(),
        "was": message.was_minor,
    }


def _message(plain: Mapping[str, Any]) -> Message:
    fields = {int(number): value for number, value in plain["fields"].items()}
    return Message(plain["mti"], fields, bytes.fromhex(plain["icc"]), plain["was"])


def _item_plain(item: Item) -> dict[str, Any]:
    return {
        "original": _plain(item.original),
        "kind": item.kind,
        "amount": item.amount_minor,
        "approval": item.approval,
        "offline": item.offline,
        "state": item.state,
    }


def _item(plain: Mapping[str, Any]) -> Item:
    original, kind, state = _message(plain["original"]), ItemKind(plain["kind"]), ItemState(plain["state"])
    return Item(original, kind, plain["amount"], plain["approval"], plain["offline"], state)
