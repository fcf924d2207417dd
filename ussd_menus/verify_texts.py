"""Proofs about the texts: every one in every language, with the same placeholders, each of which can be filled."""

from collections.abc import Iterator, Mapping

from ussd_menus.alphabet import unlike
from ussd_menus.model import Finding
from ussd_menus.plurals import categories
from ussd_menus.rules import Rule, at_text
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
    Plural,
    SecretScreen,
    SubflowScreen,
    Text,
    Tongue,
    WordType,
)
from ussd_menus.texts import FORMS, PLACEHOLDER, RIAL, TOMAN_UNIT, parse, spellings

ERROR_CHOICE = "error.choice"
ENGINE_KEYS = ("nav.back", "nav.home", "nav.more", ERROR_CHOICE, "house.over")
"""Texts that the engine itself uses."""


def names_in(menus: Menus, key: str) -> frozenset[str]:
    """Names of the placeholders of a text, over all languages, plain and easy; none for no key."""
    found: frozenset[str] = frozenset()
    if key:
        for tongue in menus.tongues.values():
            for texts in layers(tongue):
                if key in texts:
                    found |= parse(texts[key]).names
    return found


def layers(tongue: Tongue) -> tuple[Mapping[str, Text], ...]:
    """The plain texts, and the easy ones where there are some."""
    return (tongue.texts, tongue.easy.texts) if tongue.easy else (tongue.texts,)


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
        case PagesScreen() | ListScreen():
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
    keys = set(ENGINE_KEYS)
    amounts = {word.code for word in menus.words.values() if word.type is WordType.AMOUNT}
    keys |= {f"unit.{code}" for code in amounts} | ({TOMAN_UNIT} if RIAL in amounts else set())
    keys |= {f"{word.texts}.{known}" for word in menus.words.values() for known in word.words}
    keys |= {"nav.help"} if any(screen.help for screen in menus.screens.values()) else set()
    keys |= {"nav.call_back"} if menus.house.call_back else set()
    return keys | ({"dial.unknown", "dial.pin"} if menus.shortcuts else set())


def used_keys(menus: Menus) -> dict[str, str]:
    """Every key that is used, with a screen that uses it."""
    used = dict.fromkeys(sorted(engine_keys(menus)), "")
    for name, screen in menus.screens.items():
        used = dict.fromkeys(sorted(keys_of(screen)), name) | used
    return used


def texts(menus: Menus) -> Iterator[Finding]:
    """Every text in every language; a text that one language has and another lacks counts too."""
    used = used_keys(menus)
    plain = engine_keys(menus).union(*(plain_keys_of(screen) for screen in menus.screens.values()))
    every = used | {key: "" for tongue in menus.tongues.values() for key in tongue.texts if key not in used}
    for tongue in menus.tongues.values():
        for key, screen in every.items():
            if key not in tongue.texts:
                fix = f"write {key}"
                yield at_text(menus, tongue, key, screen, Rule.TRANSLATION_MISSING, fix)
        for easy, layer in enumerate(layers(tongue)):
            for key, text in layer.items():
                check = _Check(menus, tongue, key, every.get(key, ""), easy=bool(easy))
                if easy and key not in every:
                    yield check.found(Rule.TRANSLATION_MISSING, f"{key} stands here only: the plain texts lack it")
                yield from check.placeholders(text, plain=key in plain)
                yield from check.forms(text, plain=key in plain)


class _Check:
    """The checks of one text of one language."""

    def __init__(self, menus: Menus, tongue: Tongue, key: str, screen: str, *, easy: bool) -> None:
        self.menus, self.tongue, self.key, self.screen, self.easy = menus, tongue, key, screen, easy

    def found(self, rule: Rule, fix: str, *form: str) -> Finding:
        """A finding at the text."""
        return at_text(self.menus, self.tongue, self.key, self.screen, rule, fix, *form, easy=self.easy)

    def placeholders(self, text: Text, *, plain: bool) -> Iterator[Finding]:
        """Letters of its alphabet, the placeholders of the other languages, each with a form that its word can have."""
        lacks = names_in(self.menus, self.key) - parse(text).names
        if lacks:
            named = ", ".join(f"{{{name}}}" for name in sorted(lacks))
            yield self.found(Rule.PLACEHOLDERS_DIFFER, f"{self.key} lacks {named}, which another language has")
        if plain and parse(text).names:
            yield self.found(Rule.PLACEHOLDER_FORM, f"{self.key} is a label, which fills no placeholder")
        for spelling in spellings(text):
            strange = unlike(spelling) if self.tongue.alphabet == "gsm" else ""
            if strange:
                fix = f"{self.key} has {strange}, which people read as `?` in the alphabet gsm: write it otherwise"
                yield self.found(Rule.UNKNOWN_LETTERS, fix)
            if set(PLACEHOLDER.sub("", spelling)) & {"{", "}"}:
                yield self.found(Rule.PLACEHOLDER_FORM, f"{self.key} has a brace that belongs to no placeholder")
            for name, form in PLACEHOLDER.findall(spelling):
                word = self.menus.words.get(name)
                if word is None:
                    yield self.found(Rule.UNKNOWN_WORD, f"{{{name}}} of {self.key} is not declared in [words]")
                elif form not in FORMS or word.type not in FORMS[form]:
                    fix = f"{{{name}:{form}}} of {self.key}: a {word.type} has no such form"
                    yield self.found(Rule.PLACEHOLDER_FORM, fix)

    def forms(self, text: Text, *, plain: bool) -> Iterator[Finding]:
        """Every plural form of the language, chosen by a number, each with the same placeholders."""
        if not isinstance(text, Plural):
            return
        word = self.menus.words.get(text.by)
        if word is None:
            yield self.found(Rule.UNKNOWN_WORD, f"declare {text.by} in [words]", "by")
        elif word.type is not WordType.NUMBER:
            yield self.found(Rule.TYPE_MISMATCH, f"{text.by} is no number, and chooses a plural form", "by")
        if plain:
            yield self.found(Rule.PLURAL_FORMS, f"{self.key} is a label, which has one form")
        wanted = set(categories(self.tongue.code))
        for category in sorted(wanted - text.forms.keys()):
            fix = f"{self.key} lacks the plural form `{category}` of this language"
            yield self.found(Rule.PLURAL_FORMS, fix)
        for category in sorted(text.forms.keys() - wanted):
            fix = f"this language has no plural form `{category}`: delete it"
            yield self.found(Rule.PLURAL_FORMS, fix, category)
        names = {category: parse(form).names - {text.by} for category, form in text.forms.items()}
        every = frozenset().union(*names.values())
        for category, found in names.items():
            if found != every:
                lacks = ", ".join(sorted(every - found))
                fix = f"the form `{category}` of {self.key} lacks {lacks}, which another form has"
                yield self.found(Rule.PLACEHOLDERS_DIFFER, fix, category)
