"""The rules of the verifier by their closed names, and how a finding is placed. docs/MENUS.md shows each by example."""

from enum import StrEnum

from ussd_menus.model import Finding
from ussd_menus.places import line_in
from ussd_menus.screens import AnyScreen, Menus, Tongue

ACTIONS_FILE = "menus/actions.toml"
HOUSE_FILE = "menus/house.toml"
SHORTCUTS_FILE = "menus/shortcuts.toml"


class Rule(StrEnum):
    """What a finding can be about; `form` is what the loader refuses."""

    FORM = "form"
    MISSING_TARGET = "missing-target"
    UNREACHABLE = "unreachable"
    DEAD_END = "dead-end"
    LOOP_WITHOUT_EXIT = "loop-without-exit"
    UNKNOWN_ACTION = "unknown-action"
    MISSING_BRANCH = "missing-branch"
    UNKNOWN_OUTCOME = "unknown-outcome"
    NOTE_LOST = "note-lost"
    ROUTER_CASES = "router-cases"
    RECURSION = "recursion"
    SUBFLOW_DEPTH = "subflow-depth"
    RETURN_WITHOUT_CALLER = "return-without-caller"
    MISSING_RESULT = "missing-result"
    UNKNOWN_RESULT = "unknown-result"
    UNKNOWN_WORD = "unknown-word"
    UNDEFINED_VARIABLE = "undefined-variable"
    TYPE_MISMATCH = "type-mismatch"
    UNIT_MISMATCH = "unit-mismatch"
    SECRET_COUNT = "secret-count"  # noqa: S105 - the name of a rule
    SECRET_KEPT = "secret-kept"  # noqa: S105 - the name of a rule
    SENSITIVE_SHOWN = "sensitive-shown"
    SENSITIVE_KEPT = "sensitive-kept"
    SHADOWED_KEY = "shadowed-key"
    CONFIRM_KEY = "confirm-key"
    AMBIGUOUS_DIAL = "ambiguous-dial"
    BROKEN_SHORTCUT = "broken-shortcut"
    SECRET_DIALLED = "secret-dialled"  # noqa: S105 - the name of a rule
    TRANSLATION_MISSING = "translation-missing"
    PLACEHOLDERS_DIFFER = "placeholders-differ"
    PLACEHOLDER_FORM = "placeholder-form"
    PLURAL_FORMS = "plural-forms"
    UNKNOWN_LETTERS = "unknown-letters"
    PAGE_TOO_LONG = "page-too-long"
    SESSION_TOO_LONG = "session-too-long"
    TOO_DEEP = "too-deep"
    HARD_TO_READ = "hard-to-read"


def line_of(menus: Menus, file: str, *key: str) -> int:
    """The line of a key of a file, or of the nearest table around it."""
    return line_in(menus.places.get(file, {}), key)


def at(menus: Menus, screen: AnyScreen, rule: Rule, fix: str, *key: str) -> Finding:
    """A finding at a screen, on the line of the key that it is about."""
    name = screen.name.partition(".")[2]
    return Finding(screen.file, line_of(menus, screen.file, name, *key), screen.name, "", rule, fix)


def at_house(menus: Menus, rule: Rule, fix: str, *key: str) -> Finding:
    """A finding in house.toml."""
    return Finding(HOUSE_FILE, line_of(menus, HOUSE_FILE, *key), "", "", rule, fix)


def at_vocabulary(menus: Menus, rule: Rule, fix: str, *key: str) -> Finding:
    """A finding in actions.toml, at a word or an action."""
    return Finding(ACTIONS_FILE, line_of(menus, ACTIONS_FILE, *key), key[1] if len(key) > 1 else "", "", rule, fix)


def at_text(
    menus: Menus, tongue: Tongue, key: str, screen: str, rule: Rule, fix: str, *form: str, easy: bool = False
) -> Finding:
    """A finding at a text of a language, or at one of its plural forms."""
    file = tongue.easy.file if easy and tongue.easy else tongue.file
    return Finding(file, line_of(menus, file, *key.split(".", 1), *form), screen, tongue.code, rule, fix)
