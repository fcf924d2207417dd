"""Faults that a person in the lab, or a test, switches on. Each simulator reads its own."""

from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """All off at first.

    Attributes:
        drop_session: The carrier loses the dialogue after the next hop's answer.
        answer_delay_s: The carrier holds each answer back for this long.
        callback_twice: The carrier sends each callback twice at once and shows the first answer.
        smsc_down: The SMSC takes no connections and cuts those that it has.
        terminal_line_cut: The terminal's line to the acquirer is cut after a request was sent.
    """

    drop_session: bool = False
    answer_delay_s: float = 0.0
    callback_twice: bool = False
    smsc_down: bool = False
    terminal_line_cut: bool = False
