"""What is known of one link at one moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One link of one process.

    Attributes:
        name: As in the file of links.
        bind: How it binds: `transceiver`, `transmitter`, `receiver`, `pair`, `outbind`.
        up: Whether it is bound.
        since: When it became what it is.
        alarm: Why somebody must look, such as `bind_0x0E`; '' while nobody must.
        window: submit_sm that may wait for their answers.
        in_flight: Those that do.
        waiting: Short messages that wait for a place or their turn.
        rate: submit_sm a second that throttling leaves of `rate_max`.
        rate_max: submit_sm a second that the operator allows.
        throttle_ratio: Share of recent answers that said too fast, 0 to 1.
        error_ratio: Share of recent answers that were errors or never came, 0 to 1.
        latency_ms: Recent time to an answer.
        health: 0 to 100; routes prefer what is healthy.
        submitted: submit_sm since the process began.
        uncertain: Those of them whose answers never came.
    """

    name: str
    bind: str
    up: bool
    since: datetime
    alarm: str = ""
    window: int = 0
    in_flight: int = 0
    waiting: int = 0
    rate: float = 0.0
    rate_max: float = 0.0
    throttle_ratio: float = 0.0
    error_ratio: float = 0.0
    latency_ms: float = 0.0
    health: int = 0
    submitted: int = 0
    uncertain: int = 0
