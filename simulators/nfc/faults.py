"""What goes wrong at the phone's side of a tap."""

from dataclasses import dataclass


class TornOff(Exception):
    """The phone left the field, or never was in it: whether it took the last command nobody at the terminal knows."""


@dataclass(slots=True)
class CardFaults:
    """Faults of one phone in a field; all off at first, and each can be switched while it runs.

    Commands of a tap are counted from 1, anew in each field; a number of 0 is never.

    Attributes:
        tear_at: The field is lost at the so manieth command.
        tear_after: The phone took that command, and its answer is lost; else the command never reached it.
        tears_max: So many taps are torn, then no more; 0 is every one.
        tears: How many were.
        delay_ms: Each answer is held back for this long, as a relay's network would.
        truncate_at: The answer to the so manieth command is cut to its first `truncate_to` bytes.
        status_at: The answer to the so manieth command is `status` alone, whatever the phone did.
        clock_skew_s: The phone's clock is ahead by so much.
    """

    tear_at: int = 0
    tear_after: bool = False
    tears_max: int = 0
    tears: int = 0
    delay_ms: int = 0
    truncate_at: int = 0
    truncate_to: int = 1
    status_at: int = 0
    status: bytes = b"\x6f\x00"
    clock_skew_s: int = 0

    def tears_now(self, number: int) -> bool:
        """Whether the field is lost at this command of the tap."""
        return number == self.tear_at and (self.tears_max == 0 or self.tears < self.tears_max)

    def marred(self, number: int, answer: bytes) -> bytes:
        """The answer to the so manieth command as it goes out."""
        if number == self.status_at:
            return self.status
        return answer[: self.truncate_to] if number == self.truncate_at else answer
