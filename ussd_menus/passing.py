"""Screens that only pass on: routers, subflows and returns."""

from collections.abc import Mapping
from dataclasses import replace

from ussd_menus.model import Amount, State
from ussd_menus.screens import STACK_MAX, Branch, Menus, ReturnScreen, RouterScreen, SubflowScreen
from ussd_menus.texts import OTHER, ambient

SILENT_MAX = 32
"""Screens that may pass on one after another; more lead round and round, which verify has excluded."""


def passed(menus: Menus, state: State, screen: RouterScreen | SubflowScreen | ReturnScreen) -> State:
    """The state at the next screen; a note stays for the page that comes, unless a branch has one of its own."""
    match screen:
        case RouterScreen():
            return replace(state, screen=route(screen, {**state.variables, **ambient(state.language, state.style)}))
        case SubflowScreen():
            # One that is open already is entered anew, so that the stack cannot grow by going round.
            outer = state.stack[: state.stack.index(screen.name)] if screen.name in state.stack else state.stack
            return replace(state, screen=screen.flow, stack=(*outer, screen.name)[-STACK_MAX:])
        case ReturnScreen():
            branch = _branch(menus, state.stack[-1] if state.stack else "", screen.result)
            return replace(state, screen=branch.to, note=branch.note or state.note, stack=state.stack[:-1])


def _branch(menus: Menus, caller: str, result: str) -> Branch:
    found = menus.screens.get(caller)
    entry = Branch(menus.house.entry)
    return found.on.get(result, entry) if isinstance(found, SubflowScreen) else entry


def route(screen: RouterScreen, values: Mapping[str, object]) -> str:
    """Where a router leads; a word that its list does not know goes where `other` does."""
    value = values[screen.by]
    match value:
        case str():
            to = screen.cases.get(value) or screen.otherwise or screen.cases.get(OTHER, "")
            assert to, f"{screen.name} has no case for a word of its list"
            return to
        case int() | Amount():
            size = value.minor if isinstance(value, Amount) else value
            return next((to for below, to in screen.steps if size < below), screen.otherwise)
        case _:
            return screen.otherwise
