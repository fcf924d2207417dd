"""The auditor: a second, simpler ledger in dicts that predicts every answer. It shares no code with the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tests.wallet.strategies import START, Step
from wallet.accounts import Account, AccountChange, Limits
from wallet.ids import AccountId
from wallet.money import MINOR_MAX
from wallet.transfers import Outcome, Transfer

Answer = tuple[str, tuple[int, ...] | None, str | None]
"""Outcome, the ten figures after it, differing field."""
_NAMES = (
    "debit", "credit", "amount", "code", "cause", "kind", "hold_id", "expires_at", "effective_on", "linked", "cites",
    "balancing",
)  # fmt: skip


@dataclass
class World:
    """Everything that an entry may change."""

    sums: dict[UUID, list[int]] = field(default_factory=dict)
    """Of each account: debits and credits posted, debits and credits held, version."""
    asked: dict[UUID, tuple[Transfer, Answer, UUID, int]] = field(default_factory=dict)
    """Under each id: what was asked first, the answer, the entry and the place in it."""
    amounts: dict[UUID, int] = field(default_factory=dict)
    """What each transfer in the book moved, reserved or released."""
    open: dict[UUID, Transfer] = field(default_factory=dict)
    ended: dict[UUID, str] = field(default_factory=dict)
    taken_back: dict[UUID, int] = field(default_factory=dict)
    """What all reversals of a transfer moved back."""
    moved: int = 0
    """Rows of the log."""

    def copy(self) -> "World":
        sums = {account: list(figures) for account, figures in self.sums.items()}
        rest = dict(self.asked), dict(self.amounts), dict(self.open), dict(self.ended), dict(self.taken_back)
        return World(sums, *rest, self.moved)


class Auditor:
    """Ask it the same as the ledger, in the same order, and compare."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.states: dict[UUID, str] = {account.id: "open" for account in accounts}
        self.limits: dict[UUID, Limits] = {}
        """Those that are no longer the account's first ones."""
        self.world = World({account.id: [0, 0, 0, 0, 0] for account in accounts})
        self.closed_through = self.soft_through = date.min

    def follow(self, steps: Sequence[Step]) -> list[list[Answer] | str]:
        """Predict a whole story."""
        now, answers = START, list[list[Answer] | str]()
        for step in steps:
            if isinstance(step, datetime):
                now = step
            else:
                answers.append(self.change(step) if isinstance(step, AccountChange) else self.ask(step, now))
        return answers

    def ask(self, transfers: Sequence[Transfer], now: datetime) -> list[Answer]:
        """Predict one call at the decision moment `now`, which may lie before the last one."""
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
        """Predict the outcome of a change of an account."""
        if change.account not in self.accounts:
            return "UNKNOWN"
        paid, got, reserved, promised, _ = self.world.sums[change.account]
        if change.state == "closed" and (paid != got or reserved or promised):
            return "NOT_EMPTY"
        if change.limits is not None:
            overdrawn, overfull = change.limits.debit_excess_max, change.limits.credit_excess_max
            if overdrawn is not None and overdrawn < paid + reserved - got:
                return "BEYOND"
            if overfull is not None and overfull < got + promised - paid:
                return "BEYOND"
            self.limits[change.account] = change.limits
        if change.state is not None:
            self.states[change.account] = change.state.value
        return "CHANGED"

    def lapse(self, now: datetime, most: int = 1000) -> int:
        """End the holds whose time is over, those first that lapsed first; how many."""
        held = ((hold.expires_at, hold) for hold in self.world.open.values())
        due = sorted(((at, hold) for at, hold in held if at is not None and at <= now), key=lambda row: row[0])[:most]
        for _, hold in due:
            self.end(hold, "expire", 0)
        return len(due)

    def entry(self, chain: list[Transfer], now: datetime) -> list[Answer]:
        first = chain[0].id
        old = [self.world.asked.get(transfer.id) for transfer in chain]
        if any(old) or len({transfer.id for transfer in chain}) < len(chain):
            return self.known(chain, old)
        if chain[-1].linked:
            return [self.refuse(t, first, i, "CHAIN_OPEN" if t is chain[-1] else "") for i, t in enumerate(chain)]
        before = self.world.copy() if len(chain) > 1 else self.world
        answers: list[Answer] = []
        for leg, transfer in enumerate(chain):
            minor = self.minor(transfer)
            why = self.objection(transfer, minor, now)
            if why:
                self.world = before
                return [self.refuse(t, first, i, why if i == leg else "") for i, t in enumerate(chain)]
            answers.append(self.book(transfer, minor))
            self.world.asked[transfer.id] = (transfer, answers[-1], first, leg)
        return answers

    def known(self, chain: list[Transfer], old: list[tuple[Transfer, Answer, UUID, int] | None]) -> list[Answer]:
        first = chain[0].id
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

    def reused(self, chain: list[Transfer], leg: int, old: tuple[Transfer, Answer, UUID, int] | None) -> Answer:
        transfer = chain[leg]
        before = [other for other in chain[:leg] if other.id == transfer.id]
        if old is None and not before:
            return self.refuse(transfer, chain[0].id, leg, "")
        first = before[0] if old is None else old[0]
        differing = [name for name in _NAMES if getattr(first, name) != getattr(transfer, name)]
        return "ID_REUSED", None, (differing or ["linked"])[0]

    def refuse(self, transfer: Transfer, entry: UUID, leg: int, why: str) -> Answer:
        answer: Answer = (why or "LINKED_FAILED", None, None)
        self.world.asked[transfer.id] = (transfer, answer, entry, leg)
        return answer

    def minor(self, t: Transfer) -> int:
        """What it would move: of a balancing one what there is room for, 0 if there is none."""
        if t.balancing == "no" or t.debit not in self.accounts or t.credit not in self.accounts:
            return t.amount.minor
        giver, taker = self.world.sums[t.debit], self.world.sums[t.credit]
        if t.balancing == "debit":
            room = giver[1] - giver[0] - giver[2] + (self.limits_of(t.debit).debit_excess_max or 0)
        else:
            room = taker[0] - taker[1] - taker[3] + (self.limits_of(t.credit).credit_excess_max or 0)
        return min(t.amount.minor, max(room, 0))

    def objection(self, t: Transfer, minor: int, now: datetime) -> str:
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
            return self.hold_objection(t) or self.period_objection(t)
        for state in ("closed", "frozen"):
            for side, account in (("debit", t.debit), ("credit", t.credit)):
                if self.states[account] == state:
                    return f"{side}_{state}".upper()
        if t.hold_id is not None or t.kind == "expire":
            return "HOLD_NOT_A_HOLD"
        return self.citation_objection(t) or self.period_objection(t) or self.funds_objection(t, minor)

    def hold_objection(self, t: Transfer) -> str:
        row = self.world.asked.get(t.hold_id) if t.hold_id else None
        if row is None or row[1][0] != "POSTED":
            return "HOLD_UNKNOWN"
        hold = row[0]
        if hold.kind != "hold":
            return "HOLD_NOT_A_HOLD"
        reserved = self.world.amounts[hold.id]
        if (hold.debit, hold.credit) != (t.debit, t.credit) or (t.kind == "void" and reserved != t.amount.minor):
            return "HOLD_DIFFERS"
        if hold.id in self.world.ended:
            return {"capture": "HOLD_CAPTURED", "void": "HOLD_VOIDED", "expire": "HOLD_EXPIRED"}[
                self.world.ended[hold.id]
            ]
        return "HOLD_EXCEEDED" if t.amount.minor > reserved else ""

    def citation_objection(self, t: Transfer) -> str:
        if t.cites is None:
            return ""
        row = self.world.asked.get(t.cites)
        if row is None or row[1][0] != "POSTED":
            return "CITED_UNKNOWN"
        if t.kind == "post":
            return ""
        cited = row[0]
        if cited.kind not in ("post", "capture") or cited.debit != t.credit or cited.credit != t.debit:
            return "CITED_DIFFERS"
        left = self.world.amounts[cited.id] - self.world.taken_back.get(cited.id, 0)
        return "REVERSAL_EXCEEDED" if t.amount.minor > left else ""

    def period_objection(self, t: Transfer) -> str:
        through = self.closed_through if t.cites is not None else max(self.closed_through, self.soft_through)
        return "PERIOD_CLOSED" if t.effective_on is not None and t.effective_on <= through else ""

    def funds_objection(self, t: Transfer, minor: int) -> str:
        if minor == 0:
            return "INSUFFICIENT_FUNDS" if t.balancing == "debit" else "LIMIT_EXCEEDED"
        paid, got, reserved, _, _ = self.world.sums[t.debit]
        spent, earned, _, promised, _ = self.world.sums[t.credit]
        overdraft, cap = self.limits_of(t.debit).debit_excess_max, self.limits_of(t.credit).credit_excess_max
        if overdraft is not None and overdraft + got - paid - reserved < minor:
            return "INSUFFICIENT_FUNDS"
        if cap is not None and cap + spent - earned - promised < minor:
            return "LIMIT_EXCEEDED"
        return "SUM_TOO_LARGE" if max(paid + reserved, earned + promised) + minor >= 2**63 else ""

    def limits_of(self, account: UUID) -> Limits:
        return self.limits.get(account) or self.accounts[AccountId(account)].limits

    def book(self, t: Transfer, minor: int) -> Answer:
        self.world.amounts[t.id] = minor
        if t.kind == "hold":
            self.world.open[t.id] = t
            return self.touch(t, 0, minor)
        if t.hold_id is not None:
            return self.end(self.world.open[t.hold_id], str(t.kind), minor)
        if t.kind == "reverse" and t.cites is not None:
            self.world.taken_back[t.cites] = self.world.taken_back.get(t.cites, 0) + minor
        return self.touch(t, minor, 0)

    def end(self, hold: Transfer, how: str, moved: int) -> Answer:
        del self.world.open[hold.id]
        self.world.ended[hold.id] = how
        return self.touch(hold, moved if how == "capture" else 0, -self.world.amounts[hold.id])

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
