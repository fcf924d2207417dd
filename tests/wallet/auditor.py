"""The auditor: a second, simpler ledger in dicts that predicts every answer. It shares no code with the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from wallet.accounts import Account, AccountChange
from wallet.money import MINOR_MAX
from wallet.transfers import Outcome, Transfer

Answer = tuple[str, tuple[int, ...] | None, str | None]
"""Outcome, the ten figures after it, differing field."""


@dataclass
class World:
    """Everything that an entry may change."""

    sums: dict[UUID, list[int]] = field(default_factory=dict)
    asked: dict[UUID, tuple[Transfer, Answer, UUID, int]] = field(default_factory=dict)
    open: dict[UUID, Transfer] = field(default_factory=dict)
    ended: dict[UUID, str] = field(default_factory=dict)
    moved: int = 0

    def copy(self) -> "World":
        sums = {account: list(figures) for account, figures in self.sums.items()}
        return World(sums, dict(self.asked), dict(self.open), dict(self.ended), self.moved)


class Auditor:
    """Ask it the same as the ledger, in the same order, and compare."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.states: dict[UUID, str] = {account.id: "open" for account in accounts}
        self.world = World({account.id: [0, 0, 0, 0, 0] for account in accounts})

    def ask(self, transfers: Sequence[Transfer], now: datetime) -> list[Answer]:
        self.lapse(now)
        answers: list[Answer] = []
        chain: list[Transfer] = []
        for transfer in transfers:
            chain.append(transfer)
            if not transfer.linked:
                answers += self.entry(chain, now)
                chain = []
        return answers + (self.entry(chain, now) if chain else [])

    def change(self, change: AccountChange) -> str:
        if change.account not in self.accounts:
            return "UNKNOWN"
        paid, got, reserved, promised, _ = self.world.sums[change.account]
        if change.state == "closed" and (paid != got or reserved or promised):
            return "NOT_EMPTY"
        if change.state is not None:
            self.states[change.account] = change.state.value
        return "CHANGED"

    def lapse(self, now: datetime) -> int:
        due = [hold for hold in self.world.open.values() if hold.expires_at is not None and hold.expires_at <= now]
        for hold in due:
            self.end(hold, "expire", 0)
        return len(due)

    def entry(self, chain: list[Transfer], now: datetime) -> list[Answer]:
        first = chain[0].id
        old = [self.world.asked.get(transfer.id) for transfer in chain]
        twice = len({transfer.id for transfer in chain}) < len(chain)
        if any(old) or twice:
            same = [
                row is not None and row[0] == transfer and (len(chain) == 1 or row[2:] == (first, leg))
                for leg, (row, transfer) in enumerate(zip(old, chain, strict=True))
            ]
            if all(same) and all(row is not None and row[1][0] == "POSTED" for row in old):
                return [("DUPLICATE", row[1][1], None) for row in old if row is not None]
            return [
                row[1] if row is not None and same[leg] and row[1][0] != "POSTED" else self.reused(chain, leg, row)
                for leg, row in enumerate(old)
            ]
        if chain[-1].linked:
            return [self.refuse(t, first, i, "CHAIN_OPEN" if t is chain[-1] else "") for i, t in enumerate(chain)]
        before = self.world.copy()
        answers: list[Answer] = []
        for leg, transfer in enumerate(chain):
            why = self.objection(transfer, now)
            if why:
                self.world = before
                return [self.refuse(t, first, i, why if i == leg else "") for i, t in enumerate(chain)]
            answers.append(self.book(transfer))
            self.world.asked[transfer.id] = (transfer, answers[-1], first, leg)
        return answers

    def reused(self, chain: list[Transfer], leg: int, old: tuple[Transfer, Answer, UUID, int] | None) -> Answer:
        transfer = chain[leg]
        if old is None and all(other.id != transfer.id for other in chain[:leg]):
            return self.refuse(transfer, chain[0].id, leg, "")
        if old is not None:
            for name in ("debit", "credit", "amount", "code", "cause", "kind", "hold_id", "expires_at", "effective_on"):
                if getattr(old[0], name) != getattr(transfer, name):
                    return "ID_REUSED", None, name
        return "ID_REUSED", None, "linked"

    def refuse(self, transfer: Transfer, entry: UUID, leg: int, why: str) -> Answer:
        answer: Answer = (why or "LINKED_FAILED", None, None)
        self.world.asked[transfer.id] = (transfer, answer, entry, leg)
        return answer

    def objection(self, t: Transfer, now: datetime) -> str:
        debit, credit = self.accounts.get(t.debit), self.accounts.get(t.credit)
        lapsed = t.expires_at is not None and t.expires_at <= now
        objections = [
            ("AMOUNT_INVALID", t.amount.minor < 1 or t.amount.minor > MINOR_MAX),
            ("SAME_ACCOUNT", t.debit == t.credit),
            ("EXPIRY_INVALID", (t.kind == "hold") != (t.expires_at is not None) or lapsed),
            ("BALANCING_INVALID", t.balancing != "no" and t.kind not in ("post", "hold")),
            ("CITATION_INVALID", t.kind == "reverse" if t.cites is None else t.kind not in ("post", "reverse")),
            ("DEBIT_UNKNOWN", debit is None),
            ("CREDIT_UNKNOWN", credit is None),
        ]
        for name, applies in objections:
            if applies:
                return name
        assert debit is not None
        assert credit is not None
        if len({debit.asset, credit.asset, t.amount.asset}) > 1:
            return "ASSET_DIFFERS"
        if t.kind in ("capture", "void"):
            return self.hold_objection(t)
        for state in ("closed", "frozen"):
            for side, account in (("debit", t.debit), ("credit", t.credit)):
                if self.states[account] == state:
                    return f"{side}_{state}".upper()
        if t.hold_id is not None or t.kind == "expire":
            return "HOLD_NOT_A_HOLD"
        return self.funds_objection(debit, credit, t.amount.minor)

    def hold_objection(self, t: Transfer) -> str:
        row = self.world.asked.get(t.hold_id) if t.hold_id else None
        if row is None or row[1][0] != "POSTED":
            return "HOLD_UNKNOWN"
        hold = row[0]
        if hold.kind != "hold":
            return "HOLD_NOT_A_HOLD"
        if (hold.debit, hold.credit) != (t.debit, t.credit) or (t.kind == "void" and hold.amount != t.amount):
            return "HOLD_DIFFERS"
        if hold.id in self.world.ended:
            return {"capture": "HOLD_CAPTURED", "void": "HOLD_VOIDED", "expire": "HOLD_EXPIRED"}[
                self.world.ended[hold.id]
            ]
        return "HOLD_EXCEEDED" if t.amount.minor > hold.amount.minor else ""

    def funds_objection(self, debit: Account, credit: Account, minor: int) -> str:
        paid, got, reserved, _, _ = self.world.sums[debit.id]
        spent, earned, _, promised, _ = self.world.sums[credit.id]
        if debit.limits.debit_excess_max is not None and got - paid - reserved < minor:
            return "INSUFFICIENT_FUNDS"
        if credit.limits.credit_excess_max is not None and spent - earned - promised < minor:
            return "LIMIT_EXCEEDED"
        return "SUM_TOO_LARGE" if max(paid + reserved, earned + promised) + minor >= 2**63 else ""

    def book(self, t: Transfer) -> Answer:
        if t.kind == "hold":
            self.world.open[t.id] = t
            return self.touch(t, 0, t.amount.minor)
        if t.hold_id is not None:
            return self.end(self.world.open[t.hold_id], str(t.kind), t.amount.minor)
        return self.touch(t, t.amount.minor, 0)

    def end(self, hold: Transfer, how: str, moved: int) -> Answer:
        del self.world.open[hold.id]
        self.world.ended[hold.id] = how
        return self.touch(hold, moved if how == "capture" else 0, -hold.amount.minor)

    def touch(self, t: Transfer, posted: int, held: int) -> Answer:
        debit, credit = self.world.sums[t.debit], self.world.sums[t.credit]
        debit[0] += posted
        debit[2] += held
        credit[1] += posted
        credit[3] += held
        debit[4] += 1
        credit[4] += 1
        self.world.moved += 1
        return "POSTED", (*debit, *credit), None


def every_outcome() -> set[str]:
    return {outcome.name for outcome in Outcome}
