"""Direct dial: what people dial behind the service code (`*1420*1#`) becomes what they would have typed.

A shortcut is named and versioned. Its inputs go through the menus one by one like typed ones, and stop at the first
page that asks for a secret or an agreement: those are never taken from a dial string, which phones and networks keep.

    plan = dialled(frozen, "1")
    while the reply is a Page:
        event, plan = onward(frozen, state, plan)
        if event is None: break
        state, reply = step(frozen, state, event, profile)
    if plan.note: state, reply = renote(frozen, state, plan.note, profile)
"""

from dataclasses import dataclass, field, replace

from ussd_menus.answers import TYPED_MAX, clean
from ussd_menus.engine import show_again
from ussd_menus.freeze import FrozenMenus
from ussd_menus.model import Input, Page, Phase, Profile, State
from ussd_menus.screens import ConfirmScreen, SecretScreen, Shortcut
from ussd_menus.texts import DIAL_NOTES

UNKNOWN, PIN = DIAL_NOTES


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to type, of a shortcut that was dialled. Never stored."""

    inputs: tuple[str, ...] = field(default=(), repr=False)
    name: str = ""
    """Of the shortcut; empty when none was dialled."""
    note: str = ""
    """Key of a text for the page at which the plan stops."""
    starts_at: str = ""
    """The screen on which the first input is typed; empty once it was."""
    at: str = ""
    """Where the session begins, of a shortcut for anyone; see Begin."""
    more: bool = False
    """Something stood behind what the shortcut knows. It is not kept: it may be a PIN."""


def dialled(frozen: FrozenMenus, answers: str) -> Plan:
    """The plan for what stood behind the service code: `1`, or `3*12345*50000`. The longest shortcut wins."""
    text = clean(answers).strip("*")
    if not text:
        return Plan()
    parts = tuple(text.split("*")) if len(text) <= TYPED_MAX else ()
    known = [shortcut for shortcut in frozen.menus.shortcuts.values() if _matches(shortcut, parts)]
    if not known:
        return Plan(note=UNKNOWN)
    found = max(known, key=_weight)
    values = dict(zip(found.dial, parts, strict=False))
    inputs = tuple(values.get(given, given) for given in found.inputs)
    at = found.starts_at if found.anyone else ""
    return Plan(inputs, found.name, "", found.starts_at, at, more=len(parts) > len(found.dial))


def _matches(shortcut: Shortcut, parts: tuple[str, ...]) -> bool:
    if len(parts) < len(shortcut.dial):
        return False
    pairs = zip(shortcut.dial, parts, strict=False)
    return all(part if given.startswith("{") else part == given for given, part in pairs)


def _weight(shortcut: Shortcut) -> tuple[int, tuple[bool, ...]]:
    """The longer first, then the one whose plain digits stand before another's name."""
    return len(shortcut.dial), tuple(not part.startswith("{") for part in shortcut.dial)


def onward(frozen: FrozenMenus, state: State, plan: Plan) -> tuple[Input | None, Plan]:
    """The next input to feed, or None when the plan is over; then its note, if any, belongs above the page."""
    over = replace(plan, inputs=(), starts_at="", more=False)
    screen = frozen.menus.screens[state.screen]
    if state.phase is not Phase.SHOWN or not plan.name:
        return None, over
    if isinstance(screen, SecretScreen | ConfirmScreen):
        return None, replace(over, note=PIN if plan.inputs or plan.more else plan.note)
    if plan.starts_at and state.screen != plan.starts_at:
        # The person stands elsewhere: not enrolled yet, or locked. What was dialled means nothing there.
        return None, over
    if state.note:
        return None, over
    if not plan.inputs:
        return None, replace(over, note=UNKNOWN if plan.more else plan.note)
    return Input(plan.inputs[0]), replace(plan, inputs=plan.inputs[1:], starts_at="")


def renote(
    frozen: FrozenMenus,
    state: State,
    note: str,
    profile: Profile = Profile(),  # noqa: B008  - frozen
) -> tuple[State, Page]:
    """The page of a state under a note; the state must show a page."""
    return show_again(frozen, state, note, profile)
