"""Checks and roots as JSON, and back: pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gateway.services.closing.model import Cell, Check, CheckName, Excuse, Fact, FactName, Root
from wallet.clock import from_us, to_us
from wallet.money import ASSETS, Money


def of_checks(checks: Sequence[Check]) -> list[dict[str, object]]:
    """Checks as plain values."""
    return [_of_check(check) for check in checks]


def checks_of(plain: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """The checks that `of_checks` has made these of."""
    return tuple(_check(one) for one in plain)


def of_roots(roots: Sequence[Root]) -> list[list[object]]:
    """Roots as plain values."""
    return [[root.section, root.count, root.root.hex()] for root in roots]


def roots_of(plain: Sequence[Sequence[Any]]) -> tuple[Root, ...]:
    """The roots that `of_roots` has made these of."""
    return tuple(Root(section, count, bytes.fromhex(root)) for section, count, root in plain)


def facts_hash(facts: Sequence[Fact]) -> str:
    """What an explanation is bound to."""
    text = json.dumps([_of_fact(fact) for fact in facts], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_check(check: Check) -> dict[str, object]:
    excuse = check.excuse
    return {
        "name": check.name.value,
        "passed": check.passed,
        "blocking": check.blocking,
        "facts": [_of_fact(fact) for fact in check.facts],
        "path": check.path,
        "excusable": check.excusable,
        "excuse": None if excuse is None else [excuse.reason, excuse.staff_id, to_us(excuse.at)],
    }


def _check(plain: Mapping[str, Any]) -> Check:
    excuse = plain["excuse"]
    return Check(
        name=CheckName(plain["name"]),
        passed=plain["passed"],
        blocking=plain["blocking"],
        facts=tuple(Fact(FactName(name), _cell(kind, cell), of) for name, of, kind, cell in plain["facts"]),
        path=plain["path"],
        excusable=plain["excusable"],
        excuse=None if excuse is None else Excuse(excuse[0], excuse[1], from_us(excuse[2])),
    )


def _of_fact(fact: Fact) -> list[object]:
    cell = fact.cell
    match cell:
        case Money():
            return [fact.name.value, fact.of, cell.asset.code, cell.minor]
        case datetime():
            return [fact.name.value, fact.of, "at", to_us(cell)]
        case date():
            return [fact.name.value, fact.of, "on", cell.isoformat()]
        case _:
            return [fact.name.value, fact.of, "", cell]


def _cell(kind: str, plain: Any) -> Cell:  # noqa: ANN401 - what JSON can say
    match kind:
        case "":
            return plain  # type: ignore[no-any-return]  # a text or a number, as it was put in
        case "at":
            return from_us(plain)
        case "on":
            return date.fromisoformat(plain)
        case _:
            return Money(plain, ASSETS[kind])
