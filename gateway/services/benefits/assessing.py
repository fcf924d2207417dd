"""What the decision tables say of a claim, and each datum that they were told, with its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.errors import NotFound
from gateway.services.benefits.kinds import Kind
from gateway.services.benefits.model import Attestation, Datum, Verdict
from gateway.services.benefits.ports import Contributions, Rules
from gateway.services.benefits.rules import days_of
from gateway.services.decisions import Decision, InputRefused, Sort, Use, Value, shown
from wallet.money import Money

FACTS = {
    "days": Sort.DAYS,
    "late_days": Sort.DAYS,
    "months_paid": Sort.DAYS,
    "attested": Sort.BOOL,
    "first_day": Sort.DATE,
}
"""What a table may ask about a claim."""
ELIGIBLE_USE = Use(FACTS, {"verdict": Sort.TEXT, "why": Sort.TEXT})
PERCENT_MAX, ONCE_MAX = 1000, 10**12
"""Far beyond what is ever paid, and so little that no sum of a table's rows is more than an amount can hold."""
AMOUNT_USE = Use(FACTS, {"percent": Sort.INT, "once": Sort.AMOUNT}, most={"percent": PERCENT_MAX, "once": ONCE_MAX})
SOURCES: Mapping[str, str] = {
    "days": "claim",
    "late_days": "claim",
    "first_day": "claim",
    "months_paid": "contributions",
    "attested": "attestation",
    "daily_rate": "house",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A claim as the tables see it; `today` is the day on which it was submitted."""

    kind: Kind
    person_id: str
    first_day: date
    last_day: date
    today: date
    attestation: Attestation


@dataclass(frozen=True, slots=True)
class Assessment:
    """What comes of it."""

    verdict: Verdict
    why: str
    amount: Money
    evidence: tuple[Datum, ...]


class Assessor:
    """Asks the tables."""

    def __init__(self, rules: Rules, contributions: Contributions, daily: Money) -> None:
        self._rules = rules
        self._contributions = contributions
        self._daily = daily

    async def assess(self, case: Case) -> Assessment:
        """Look at a claim. Where no table answers, a person has to look, and there is no amount."""
        facts: dict[str, Value] = {
            "days": days_of(case.first_day, case.last_day),
            "late_days": max(0, (case.today - case.first_day).days),
            "months_paid": await self._contributions.months_paid(case.person_id, case.today),
            "attested": case.attestation is Attestation.GIVEN,
            "first_day": case.first_day,
        }
        eligible = await self._asked(case.kind.eligible_table, facts, case.first_day)
        amounts = await self._asked(case.kind.amount_table, facts, case.first_day)
        data = [Datum("person", case.person_id, "person_register")]
        told = facts if case.kind.attester else {name: value for name, value in facts.items() if name != "attested"}
        data += [Datum(name, shown(value), SOURCES[name]) for name, value in told.items()]
        data.append(Datum("daily_rate", str(self._daily), SOURCES["daily_rate"]))
        for name, decision in (("eligible_row", eligible), ("amount_row", amounts)):
            if decision is not None:
                data.append(Datum(name, f"{decision.version} {decision.explanation}", "decision_table"))
        verdict, why = _verdict(eligible)
        return Assessment(verdict, why, self._amount(amounts, days_of(case.first_day, case.last_day)), tuple(data))

    async def _asked(self, table: str, facts: Mapping[str, Value], on: date) -> Decision | None:
        try:
            return await self._rules.evaluate(table, facts, on)
        except (NotFound, InputRefused):
            return None

    def _amount(self, decision: Decision | None, days: int) -> Money:
        outputs = decision.outputs if decision is not None and decision.rows else {}
        percent, once = outputs.get("percent", 0), outputs.get("once", 0)
        assert isinstance(percent, int)
        assert isinstance(once, int)
        return Money(self._daily.minor * days * percent // 100 + once, self._daily.asset)


def _verdict(decision: Decision | None) -> tuple[Verdict, str]:
    if decision is None or not decision.rows:
        return Verdict.LOOK, "no_table" if decision is None else "no_row"
    said = str(decision.outputs["verdict"])
    verdict = Verdict(said) if said in set(Verdict) else Verdict.LOOK
    return verdict, str(decision.outputs["why"])
