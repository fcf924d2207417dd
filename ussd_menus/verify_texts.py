"""Proofs about the texts: every one in every language, with the same placeholders, each of which can be filled."""

from collections.abc import Iterator

from ussd_menus.model import Finding
from ussd_menus.screens import (
    ActionScreen,
    AnyScreen,
    ConfirmScreen,
    EndScreen,
    InfoScreen,
    InputScreen,
    ListScreen,
    Menus,
    MenuScreen,
    PagesScreen,
    SecretScreen,
    SubflowScreen,
    Tongue,
    WordType,
)
from ussd_menus.texts import FORMS, PLACEHOLDER, parse, spellings

ERROR_CHOICE = "error.choice"
ENGINE_KEYS = ("nav.back", "nav.home", "nav.more", ERROR_CHOICE, "house.over")
"""Texts that the engine itself uses."""


def names_in(menus: Menus, key: str) -> frozenset[str]:
    """Names of the placeholders of a text, over all languages; none for no key."""
    found = [parse(tongue.texts[key]).names for tongue in menus.tongues.values() if key in tongue.texts]
    return frozenset().union(*found)


def filled_keys_of(screen: AnyScreen) -> set[str]:
    """Keys whose placeholders are filled when the screen is shown or left."""
    keys = {screen.text}
    match screen:
        case ListScreen() | PagesScreen():
            keys.add(screen.row)
        case InputScreen():
            keys.add(screen.error)
        case SecretScreen():
            keys |= {screen.error} | {branch.note for branch in screen.on.values()}
        case ActionScreen() | SubflowScreen():
            keys |= {branch.note for branch in screen.on.values()}
        case EndScreen():
            keys.add(screen.sms)
        case _:
            pass
    return keys - {""}


def plain_keys_of(screen: AnyScreen) -> set[str]:
    """Keys of labels, which have no placeholders."""
    keys = {screen.help} | ({screen.back_label} if screen.back else set())
    match screen:
        case MenuScreen():
            keys |= {option.text for option in screen.options}
        case PagesScreen():
            keys.add(screen.empty)
        case ConfirmScreen() | InfoScreen():
            keys.add(screen.label)
        case _:
            pass
    return keys - {""}


def keys_of(screen: AnyScreen) -> set[str]:
    """Every text of a screen."""
    return filled_keys_of(screen) | plain_keys_of(screen)


def engine_keys(menus: Menus) -> set[str]:
    """Texts that no screen names: navigation, units, listed words."""
    units = {f"unit.{word.code}" for word in menus.words.values() if word.type is WordType.AMOUNT}
    listed = {f"{word.texts}.{known}" for word in menus.words.values() for known in word.words}
    return {*ENGINE_KEYS, *units, *listed}


def used_keys(menus: Menus) -> dict[str, str]:
    """Every key that is used, with a screen that uses it."""
    used = dict.fromkeys(engine_keys(menus), "")
    for name, screen in menus.screens.items():
        used |= dict.fromkeys(keys_of(screen), name)
    return used


def texts(menus: Menus) -> Iterator[Finding]:
    """Every text in every language; a text that one language has and another lacks counts too."""
    used = used_keys(menus)
    plain = engine_keys(menus).union(*(plain_keys_of(screen) for screen in menus.screens.values()))
    every = used | {key: "" for tongue in menus.tongues.values() for key in tongue.texts if key not in used}
    for tongue in menus.tongues.values():
        for key, screen in every.items():
            if key not in tongue.texts:
                yield _at(tongue, key, screen, "translation-missing", f"write {key}")
                continue
            yield from _placeholders(menus, tongue, key, screen, plain=key in plain)


def _placeholders(menus: Menus, tongue: Tongue, key: str, screen: str, *, plain: bool) -> Iterator[Finding]:
    text = tongue.texts[key]
    here, everywhere = parse(text).names, names_in(menus, key)
    if here != everywhere:
        lacks = ", ".join(sorted(everywhere - here))
        yield _at(tongue, key, screen, "placeholders-differ", f"{key} lacks {{{lacks}}}, which another language has")
    if plain and here:
        yield _at(tongue, key, screen, "placeholder-form", f"{key} is a label, which fills no placeholder")
    if set(PLACEHOLDER.sub("", "".join(spellings(text)))) & {"{", "}"}:
        yield _at(tongue, key, screen, "placeholder-form", f"{key} has a brace that belongs to no placeholder")
    for name, form in PLACEHOLDER.findall("".join(spellings(text))):
        word = menus.words.get(name)
        if word is None:
            yield _at(tongue, key, screen, "unknown-word", f"{{{name}}} of {key} is not declared in [words]")
        elif form not in FORMS or word.type not in FORMS[form]:
            yield _at(tongue, key, screen, "placeholder-form", f"{{{name}:{form}}} of {key} has a form it cannot have")


def _at(tongue: Tongue, key: str, screen: str, rule: str, fix: str) -> Finding:
    return Finding(tongue.file, tongue.lines.get(key, 1), screen, tongue.code, rule, fix)
