"""Where the gateway is killed: one journey a table, its points in the order in which people live them."""

from collections.abc import Mapping

from tests.journeys import kill_money, kill_people
from tests.journeys.kills import Point

JOURNEYS: Mapping[str, tuple[Point, ...]] = {
    "enrolment": kill_people.ENROLMENT,
    "benefit": kill_people.BENEFIT,
    "money": kill_money.MONEY,
    "tap": kill_money.TAP,
    "desk": kill_people.DESK,
}
SHORT = (kill_money.MONEY[2], kill_money.TAP[2], kill_people.BENEFIT[6])
"""What every run of the suite plays: the ledger's head has just moved by a send, a hold, a release."""
