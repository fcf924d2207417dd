"""Funnels: how far people come, how long answers take, what sessions cost, and which of two texts does better."""

from gateway.services.funnels.funnels import Funnels
from gateway.services.funnels.intervals import newcombe, wilson
from gateway.services.funnels.model import Completion, Delay, Ending, Funnel, ScreenSeen, Seen, Shown, Use
from gateway.services.funnels.tariffs import Tariff, Tariffs, read_tariffs

__all__ = [
    "Completion",
    "Delay",
    "Ending",
    "Funnel",
    "Funnels",
    "ScreenSeen",
    "Seen",
    "Shown",
    "Tariff",
    "Tariffs",
    "Use",
    "newcombe",
    "read_tariffs",
    "wilson",
]
