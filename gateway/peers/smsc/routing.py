"""Which links a message may take: pure rules over names."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.services.notices import Outgoing

Group = Mapping[str, int]
"""Names of links and their weights: twice the weight, twice the messages."""


@dataclass(frozen=True, slots=True)
class Route:
    """Messages that fit all conditions go to the first group that has a healthy link, else to the next.

    Attributes:
        to: Groups in their order.
        prefix: Beginnings of the number it goes to, `+98912`; none is any.
        sender: Source addresses that it must go out with; none is any.
        class_: Classes of notices; none is any.
        lane: Lanes; none is any.
    """

    to: tuple[Group, ...]
    prefix: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    class_: tuple[str, ...] = ()
    lane: tuple[int, ...] = ()

    def fits(self, message: Outgoing) -> bool:
        """Whether `message` goes this way."""
        return (
            (not self.prefix or message.address.startswith(self.prefix))
            and (not self.sender or message.sender in self.sender)
            and (not self.class_ or message.class_ in self.class_)
            and (not self.lane or message.lane in self.lane)
        )


def groups_of(message: Outgoing, routes: tuple[Route, ...], others: Group) -> tuple[Group, ...]:
    """Groups of the first route that fits; `others` if none does."""
    return next((route.to for route in routes if route.fits(message)), (others,))


def shuffled(group: Group, seed: str) -> list[str]:
    """Names in an order that is random by weight, and the same whenever the same message asks."""
    if len(group) == 1:
        return list(group)
    return sorted(group, key=lambda name: _draw(f"{seed}/{name}") / group[name])


def _draw(text: str) -> float:
    """Exponentially distributed, so that the least of `draw / weight` is each name's by its share of the weights."""
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())
    return -math.log((number + 1) / 2**48)
