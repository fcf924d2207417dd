"""The actions about benefits: claims of every kind, one claim looked at, objections, and attesters on the screen."""

from collections.abc import Container, Mapping
from datetime import date
from typing import assert_never

from gateway.channels.ussd.identity import active
from gateway.channels.ussd.ports import Benefits, People
from gateway.services.benefits import (
    KINDS,
    Attested,
    AttesterOutcome,
    AttestOutcome,
    Claim,
    ClaimOutcome,
    ClaimResult,
    ClaimState,
    Why,
)
from gateway.services.dialogues import Actions, Caller
from ussd_menus import Call, Result, Row, Value

ROWS_MAX = 9
STATE_WORDS: Mapping[ClaimState, str] = {state: state.value for state in ClaimState} | {
    ClaimState.SUBMITTED: "pending",
    # By which door the money goes out is no matter of the person's.
    ClaimState.BATCHED: "approved",
}
"""A claim's state in the menus' vocabulary."""
NEVER_OF_SICKNESS = frozenset({ClaimOutcome.UNKNOWN_ATTESTER, ClaimOutcome.SELF})
NEVER_OF_EVENTS = frozenset({ClaimOutcome.ORDER, ClaimOutcome.TOO_LONG})
"""What only a change of KINDS could bring, for which the menus have no way."""
DATA: Mapping[str, str] = {
    "person_register": "person",
    "claim": "claim",
    "contributions": "contributions",
    "attestation": "attestation",
    "decision_table": "rule",
}
"""Where a datum comes from, as the person is told; the daily rate is the house's own."""


class Claims:
    """What a person claims."""

    def __init__(self, people: People, benefits: Benefits) -> None:
        self._people = people
        self._benefits = benefits

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "benefits.claim": self.claim,
            "benefits.list": self.list,
            "benefits.kinds": self.kinds,
            "benefits.attester": self.attester,
            "benefits.claim_days": self.claim_days,
            "benefits.claim_event": self.claim_event,
            "benefits.status": self.status,
            "benefits.looked": self.looked,
            "benefits.object": self.object,
        }

    async def claim(self, caller: Caller, call: Call) -> Result:
        """ok{number} | order | too_long{days_max} | too_late | overlap | in_future."""
        person = await active(self._people, caller)
        days = _day(call, "first_day"), _day(call, "last_day")
        return _claimed(await self._benefits.claim(person.id, *days, caller.call_key(call)), NEVER_OF_SICKNESS)

    async def list(self, caller: Caller, _call: Call) -> Result:
        """ok{rows[{number, state}]} | none."""
        person = await active(self._people, caller)
        claims = await self._benefits.claims_of(person.id)
        rows: tuple[Row, ...] = tuple({"number": one.number, "state": STATE_WORDS[one.state]} for one in claims)
        return Result("ok", {"rows": rows[:ROWS_MAX]}) if rows else Result("none")

    async def kinds(self, _caller: Caller, _call: Call) -> Result:
        """ok{rows[{benefit_kind}]}: those that somebody has to confirm."""
        rows: tuple[Row, ...] = tuple({"benefit_kind": kind.name} for kind in KINDS.values() if kind.attester)
        return Result("ok", {"rows": rows[:ROWS_MAX]})

    async def attester(self, caller: Caller, call: Call) -> Result:
        """ok{attester_name} | unknown_attester | self."""
        person = await active(self._people, caller)
        kind, code = str(call.args["benefit_kind"]), str(call.args["attester_code"])
        outcome, attester = await self._benefits.attester(person, kind, code)
        match outcome:
            case AttesterOutcome.OK:
                assert attester is not None
                return Result("ok", {"attester_name": attester.name})
            case AttesterOutcome.UNKNOWN:
                return Result("unknown_attester")
            case AttesterOutcome.SELF:
                return Result("self")
            case unreachable:
                assert_never(unreachable)

    async def claim_days(self, caller: Caller, call: Call) -> Result:
        """ok{number} | order | too_long{days_max} | too_late | overlap | in_future | unknown_attester | self."""
        return _claimed(await self._claim(caller, call, _day(call, "last_day")), frozenset())

    async def claim_event(self, caller: Caller, call: Call) -> Result:
        """ok{number} | too_late | overlap | in_future | unknown_attester | self."""
        return _claimed(await self._claim(caller, call, _day(call, "first_day")), NEVER_OF_EVENTS)

    async def status(self, caller: Caller, call: Call) -> Result:
        """ok{number, benefit_kind, state} | refused{number, why, until} | refused_again{number, why} | unknown."""
        person = await active(self._people, caller)
        claim = await self._benefits.own_claim(person.id, str(call.args["claim_number"]))
        if claim is None:
            return Result("unknown")
        if claim.state is ClaimState.REJECTED:
            return self._refused(claim)
        values = {"number": claim.number, "benefit_kind": claim.kind, "state": STATE_WORDS[claim.state]}
        return Result("ok", dict(values))

    async def looked(self, caller: Caller, call: Call) -> Result:
        """ok{rows[{datum}]} | none: where the data come from that were looked at, in a few words."""
        person = await active(self._people, caller)
        claim = await self._benefits.own_claim(person.id, str(call.args["claim_number"]))
        seen = await self._benefits.evidence(claim.id) if claim else []
        words = dict.fromkeys(DATA[one.datum.source] for one in seen if one.datum.source in DATA)
        rows: tuple[Row, ...] = tuple({"datum": word} for word in words)
        return Result("ok", {"rows": rows[:ROWS_MAX]}) if rows else Result("none")

    async def object(self, caller: Caller, call: Call) -> Result:
        """ok{number} | unknown | not_refused | twice | too_late | overlap."""
        person = await active(self._people, caller)
        digits = str(call.args["claim_number"])
        outcome = await self._benefits.object_to(person.id, digits)
        claim = await self._benefits.own_claim(person.id, digits)
        return Result(outcome.value, {"number": claim.number} if claim else {})

    async def _claim(self, caller: Caller, call: Call, last_day: date) -> ClaimResult:
        person = await active(self._people, caller)
        kind, code = str(call.args["benefit_kind"]), str(call.args["attester_code"])
        days, key = (_day(call, "first_day"), last_day), caller.call_key(call)
        return await self._benefits.claim(person.id, *days, key, kind=kind, attester_code=code)

    def _refused(self, claim: Claim) -> Result:
        values: dict[str, Value] = {"number": claim.number, "why": (claim.why or Why.OTHER).value}
        until = self._benefits.objection_until(claim)
        return Result("refused", {**values, "until": until}) if until else Result("refused_again", values)


class Attesting:
    """What employers and providers say, on the screen of their registered phone."""

    def __init__(self, benefits: Benefits) -> None:
        self._benefits = benefits

    def actions(self) -> Actions:
        """Name to function."""
        return {"attest.open": self.open, "attest.give": self.give, "attest.deny": self.deny}

    async def open(self, caller: Caller, call: Call) -> Result:
        """ok{number, claimant, benefit_kind, first_day, last_day} | wrong | expired."""
        said = await self._benefits.attest_open(caller.msisdn, call.secrets["attest_code"])
        if said.claim is None:
            return Result(said.outcome.value)
        claim = said.claim
        days = {"first_day": claim.first_day, "last_day": claim.last_day}
        return Result("ok", {"number": claim.number, "claimant": said.claimant, "benefit_kind": claim.kind, **days})

    async def give(self, caller: Caller, call: Call) -> Result:
        """Ok, or expired."""
        number = str(call.args["number"])
        return _said(await self._benefits.attest_seen(caller.msisdn, number, agrees=True))

    async def deny(self, caller: Caller, call: Call) -> Result:
        """Ok, or expired."""
        number = str(call.args["number"])
        return _said(await self._benefits.attest_seen(caller.msisdn, number, agrees=False))


def _said(said: Attested) -> Result:
    return Result("ok" if said.outcome is AttestOutcome.OK else "expired")


def _day(call: Call, name: str) -> date:
    day = call.args[name]
    assert isinstance(day, date)
    return day


def _claimed(result: ClaimResult, never: Container[ClaimOutcome]) -> Result:
    if result.outcome in never:
        return Result("unavailable")
    values: dict[str, Value] = {}
    if result.outcome is ClaimOutcome.OK:
        assert result.claim is not None
        values["number"] = result.claim.number
    elif result.outcome is ClaimOutcome.TOO_LONG:
        values["days_max"] = result.days_max or 0
    return Result(result.outcome.value, values)
