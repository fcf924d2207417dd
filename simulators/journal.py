"""What a terminal owes its acquirer, kept line by line in a file so that a killed terminal still pays its debts.

An authorisation is written before it leaves. Its answer turns it into nothing (declined) or into an advice (0220);
no answer turns it into a reversal (0420). An advice or a reversal stays until the acquirer has acknowledged it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators import files
from simulators.iso8583 import Message

STAN_MAX = 999_999


class Journal:
    """The journal of one terminal; without a `file` it lives as long as the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._stan = 0
        self._open: dict[str, Message] = {}
        self._owed: dict[str, Message] = {}
        if file is not None and file.exists():
            self._read(file)
        self._compact()

    def next_stan(self) -> str:
        """A trace number of six digits that no restart gives again before a million have gone by."""
        self._note({"event": "stan", "stan": self._stan % STAN_MAX + 1})
        return f"{self._stan:06d}"

    def authorising(self, message: Message) -> None:
        """The authorisation is about to leave."""
        self._note({"event": "authorising", "message": _plain(message)})

    def settled(self, stan: str) -> None:
        """The authorisation with this trace number was declined: nothing is owed for it."""
        self._note({"event": "settled", "stan": stan})

    def owe(self, message: Message, *, original: str) -> None:
        """The advice or reversal `message` takes the place of the authorisation `original`."""
        self._note({"event": "owe", "original": original, "message": _plain(message)})

    def paid(self, stan: str) -> None:
        """The acquirer has acknowledged the advice or reversal with this trace number."""
        self._note({"event": "paid", "stan": stan})

    def open_authorisations(self) -> list[Message]:
        """Authorisations of which nobody knows the answer, oldest first."""
        return list(self._open.values())

    def owed(self) -> list[Message]:
        """Advices and reversals that wait for their acknowledgement, oldest first."""
        return list(self._owed.values())

    def _note(self, line: Mapping[str, Any]) -> None:
        # The file first: what is not written has not happened.
        if self._file is not None:
            files.append_private(self._file, json.dumps(line))
        self._apply(line)

    def _apply(self, line: Mapping[str, Any]) -> None:
        match line["event"]:
            case "stan":
                self._stan = line["stan"]
            case "authorising":
                message = _message(line["message"])
                self._open[message[11]] = message
            case "settled":
                self._open.pop(line["stan"], None)
            case "owe":
                self._open.pop(line["original"], None)
                message = _message(line["message"])
                self._owed[message[11]] = message
            case "paid":
                self._owed.pop(line["stan"], None)
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
        lines: list[Mapping[str, Any]] = [{"event": "stan", "stan": self._stan}]
        lines += [{"event": "authorising", "message": _plain(message)} for message in self._open.values()]
        lines += [{"event": "owe", "original": "", "message": _plain(message)} for message in self._owed.values()]
        files.write_private(self._file, "".join(json.dumps(line) + "\n" for line in lines))


def _plain(message: Message) -> dict[str, Any]:
    return {
        "mti": message.mti,
        "fields": {str(number): value for number, value in message.fields.items()},
        "icc": message.icc.hex(),
    }


def _message(plain: Mapping[str, Any]) -> Message:
    fields = {int(number): value for number, value in plain["fields"].items()}
    return Message(plain["mti"], fields, bytes.fromhex(plain["icc"]))
