"""What controls say to a payment, and what a control may look like. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import time

from gateway.errors import BadInput
from gateway.services.controls.model import SUMS, Bound, Channel, Control, Finding, Spend
from gateway.services.controls.windows import Standing, Used
from wallet.money import MINOR_MAX

LIST_MAX = 100
TEXT_MAX = 60
COUNT_MAX = 100_000
_CATEGORY = re.compile(r"\d{4}(-\d{4})?", re.ASCII)
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_LISTS = ("channels", "merchants", "merchants_not", "categories", "categories_not", "cities", "hours")


@dataclass(frozen=True, slots=True)
class Rule:
    """One control that holds for a payment, whose it is, and what was counted for its subject.

    `who` says whose in the words of a detail: `account, holder`.
    """

    who: str
    control: Control
    standing: Standing


@dataclass(frozen=True, slots=True)
class Account:
    """An account and one of its tokens, held for a payment: the rules over it, and what was counted.

    Attributes:
        programmes: Which the merchant is part of; looked up only if a rule asks.
        token: None unless a rule sums what the token alone pays: then it is counted from when such a rule is set.
    """

    par: str
    token_id: str
    rules: tuple[Rule, ...]
    programmes: frozenset[str]
    standing: Standing
    token: Standing | None

    @property
    def unverified(self) -> Used:
        """What the account paid without its holder verified, since the last time they were."""
        return self.standing.unverified


def domain(rules: Iterable[Rule], spend: Spend) -> list[Finding]:
    """What the rules say of way, place and time, bound by bound; each bound once, refused if any rule refuses."""
    return _joined(rules, lambda rule: _domain(rule.control, spend))


def limits(rules: Iterable[Rule], spend: Spend) -> list[Finding]:
    """What the rules say of the amount, and of it together with what was counted."""
    return _joined(rules, lambda rule: _limits(rule, spend.amount_minor))


def check(control: Control) -> Control:
    """The control, if it is one.

    Raises:
        BadInput: A list too long, a word too long, or something that is no channel, category, span of hours or limit.
    """
    for name in _LISTS:
        words: tuple[str, ...] = getattr(control, name)
        if len(words) > LIST_MAX or not all(0 < len(word) <= TEXT_MAX for word in words):
            raise BadInput(f"{name}: at most {LIST_MAX} words of 1 to {TEXT_MAX} characters")
    if strange := set(control.channels) - set(Channel):
        raise BadInput(f"channels: {min(strange)} is none")
    for word in (*control.categories, *control.categories_not):
        low, _, high = word.partition("-")
        if not _CATEGORY.fullmatch(word) or (high and high < low):
            raise BadInput("categories: four digits, or a range as 5400-5499")
    if not all(_HOURS.fullmatch(word) for word in control.hours):
        raise BadInput("hours: spans as 08:00-20:00")
    if len(control.programme) > TEXT_MAX:
        raise BadInput(f"programme: at most {TEXT_MAX} characters")
    for name in ("tap_minor", *SUMS):
        value, most = getattr(control, name), COUNT_MAX if name.endswith("_count") else MINOR_MAX
        if value is not None and not (type(value) is int and 0 <= value <= most):
            raise BadInput(f"{name}: a whole number from 0 to {most}")
    return control


def _joined(rules: Iterable[Rule], of: Callable[[Rule], Iterator[tuple[Bound, bool, str]]]) -> list[Finding]:
    found: dict[Bound, Finding] = {}
    for rule in rules:
        for bound, passed, detail in of(rule):
            before = found.get(bound)
            if before is None or (before.passed and not passed):
                found[bound] = Finding(bound, passed, f"{rule.who}: {detail}" if not passed else "")
    return [found[bound] for bound in Bound if bound in found]


def _domain(control: Control, spend: Spend) -> Iterator[tuple[Bound, bool, str]]:
    """What a control bounds of way, place and time; a bound that it does not set says nothing."""
    merchant, category = spend.merchant_id, spend.category
    if not control.on:
        yield Bound.SWITCH, False, "switched off"
    if control.channels:
        yield Bound.CHANNEL, spend.channel in control.channels, f"not by {spend.channel}"
    if control.merchants or control.merchants_not:
        listed = not control.merchants or merchant in control.merchants
        yield Bound.MERCHANT, listed and merchant not in control.merchants_not, f"not at {merchant}"
    if control.categories or control.categories_not:
        listed = not control.categories or _within(category, control.categories)
        yield Bound.CATEGORY, listed and not _within(category, control.categories_not), f"not in category {category}"
    if control.cities:
        cities = {city.casefold() for city in control.cities}
        yield Bound.PLACE, spend.city.casefold() in cities, f"not in {spend.city}"
    if control.hours:
        now = spend.at.timetz().replace(tzinfo=None)
        yield Bound.HOURS, any(_covers(hours, now) for hours in control.hours), f"not at {now:%H:%M}"
    if control.programme:
        yield Bound.PROGRAMME, control.programme in spend.programmes, f"{control.programme} has no such merchant"


def _limits(rule: Rule, amount_minor: int) -> Iterator[tuple[Bound, bool, str]]:
    control, used = rule.control, rule.standing
    if control.tap_minor is not None:
        yield Bound.TAP_AMOUNT, amount_minor <= control.tap_minor, f"above {control.tap_minor}"
    spans: tuple[tuple[Bound, Bound, int | None, int | None, Used], ...] = (
        (Bound.DAY_AMOUNT, Bound.DAY_COUNT, control.day_minor, control.day_count, used.day),
        (Bound.WEEK_AMOUNT, Bound.WEEK_COUNT, control.week_minor, control.week_count, used.week),
        (Bound.MONTH_AMOUNT, Bound.MONTH_COUNT, control.month_minor, control.month_count, used.month),
    )
    for amount, count, minor_max, count_max, so_far in spans:
        if minor_max is not None:
            yield amount, so_far.minor + amount_minor <= minor_max, f"{so_far.minor} of {minor_max} used"
        if count_max is not None:
            yield count, so_far.count < count_max, f"{so_far.count} of {count_max} used"


def _within(category: str, listed: Iterable[str]) -> bool:
    return any(low <= category <= (high or low) for low, _, high in (word.partition("-") for word in listed))


def _covers(hours: str, now: time) -> bool:
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    return begin <= now < end if begin <= end else now >= begin or now < end
