"""Proofs about values: every name is a word, has a value on every way to where it is used, and fits where it goes."""

from collections.abc import Iterator

from ussd_menus.answers import TYPES
from ussd_menus.flow import FIELD, ROWS, Key
from ussd_menus.graph import Graph
from ussd_menus.model import Finding
from ussd_menus.rules import Rule, at, at_vocabulary
from ussd_menus.screens import (
    Action,
    ActionScreen,
    AnswerKind,
    AnyScreen,
    EndScreen,
    InputScreen,
    ListScreen,
    Menus,
    PagesScreen,
    RouterScreen,
    SecretScreen,
    Word,
    WordType,
)
from ussd_menus.texts import AMBIENT
from ussd_menus.verify_texts import names_in

LENGTHS = {AnswerKind.NATIONAL_NUMBER: 10, AnswerKind.MSISDN: 13, AnswerKind.IBAN: 26}
"""Characters of an answer whose length is fixed."""


def vocabulary(menus: Menus) -> Iterator[Finding]:
    """Every name of an action is a word, and one asset has one exponent."""
    secrets = {name for action in menus.actions.values() for name in action.secrets}
    exponents: dict[str, Word] = {}
    for word in menus.words.values():
        first = exponents.setdefault(word.code, word)
        if word.type is WordType.AMOUNT and first.exponent != word.exponent:
            fix = f"{word.code} has {first.exponent} decimals in {first.name}: an asset has one exponent"
            yield at_vocabulary(menus, Rule.UNIT_MISMATCH, fix, "words", word.name, "exponent")
        if word.name in AMBIENT and word.type not in {WordType.TEXT, WordType.WORD}:
            fix = f"{word.name} is a word of the session itself: a text or a word"
            yield at_vocabulary(menus, Rule.TYPE_MISMATCH, fix, "words", word.name, "type")
    for action in menus.actions.values():
        yield from _action(menus, action, secrets)


def _action(menus: Menus, action: Action, secrets: set[str]) -> Iterator[Finding]:
    named = [("args", name) for name in action.args] + [("row", name) for name in action.row]
    named += [("on", name) for names in action.outcomes.values() for name in names if name != ROWS]
    for key, name in dict.fromkeys(named):
        word = menus.words.get(name)
        if word is None:
            yield at_vocabulary(menus, Rule.UNKNOWN_WORD, f"declare {name} in [words]", "actions", action.name, key)
        elif key == "row" and word.sensitive:
            fix = f"{name} is sensitive, and rows are kept: leave it out of the row"
            yield at_vocabulary(menus, Rule.SENSITIVE_KEPT, fix, "actions", action.name, key)
        elif name in secrets and not word.sensitive:
            fix = f"{name} is a secret of an action and kept as a value here: declare it `sensitive = true`"
            yield at_vocabulary(menus, Rule.SECRET_KEPT, fix, "actions", action.name, key)
    if (ROWS in {name for values in action.outcomes.values() for name in values}) != bool(action.row):
        fix = "`rows` stands among the values of an outcome exactly when `row` is declared"
        yield at_vocabulary(menus, Rule.UNKNOWN_WORD, fix, "actions", action.name, "on")


def kept(graph: Graph) -> Iterator[Finding]:
    """What a screen takes fits into the word that keeps it, and what may not be kept is not."""
    menus = graph.menus
    secrets = {name for action in menus.actions.values() for name in action.secrets}
    for screen in menus.screens.values():
        if isinstance(screen, InputScreen):
            yield from _typed(menus, screen)
            word = menus.words.get(screen.into)
            if word is not None and word.sensitive:
                yield from _passing(graph, screen)
            elif screen.into in secrets:
                fix = f"{screen.into} is a secret: ask with a secret screen, or declare the word `sensitive = true`"
                yield at(menus, screen, Rule.SECRET_KEPT, fix, "into")
        elif isinstance(screen, ListScreen):
            for name, field in screen.choose.items():
                yield from _chosen(menus, screen, name, field)


def _typed(menus: Menus, screen: InputScreen) -> Iterator[Finding]:
    word = menus.words.get(screen.into)
    if word is None:
        yield at(menus, screen, Rule.UNKNOWN_WORD, f"declare {screen.into} in [words]", "into")
        return
    if screen.into in AMBIENT:
        fix = f"{screen.into} is set by the session: take another word"
        yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "into")
    if word.type is not TYPES[screen.kind]:
        fix = f"an answer of kind {screen.kind} is no {word.type}: {screen.into} cannot keep it"
        yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "kind")
    elif screen.kind is AnswerKind.NUMBER:
        if screen.least > screen.most or len(str(screen.most)) > word.max:
            fix = f"{screen.least} to {screen.most} is no range of the {word.max} digits of {screen.into}"
            yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "most")
    elif word.type is WordType.TEXT:
        longest = LENGTHS.get(screen.kind, screen.length_max)
        if longest > word.max:
            fix = f"an answer has up to {longest} letters, {screen.into} keeps {word.max}"
            yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "length_max")
        if screen.kind not in LENGTHS and screen.length_min > screen.length_max:
            fix = f"no answer has at least {screen.length_min} and at most {screen.length_max} letters"
            yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "length_min")


def _passing(graph: Graph, screen: InputScreen) -> Iterator[Finding]:
    """A sensitive answer goes straight into a call that takes it."""
    menus = graph.menus
    for node in graph.reachable.get(screen.name, []):
        for to in graph.landings([step.to for step in graph.steps[node] if not step.edge.back]):
            landed = graph.screen(to)
            action = menus.actions.get(landed.call) if isinstance(landed, ActionScreen) else None
            if action is None or screen.into not in {*action.args, *action.secrets}:
                fix = f"{screen.into} is sensitive and must go straight into a call that takes it, not to {to[-1]}"
                yield at(menus, screen, Rule.SENSITIVE_KEPT, fix, "to")


def _chosen(menus: Menus, screen: ListScreen, name: str, field: str) -> Iterator[Finding]:
    word, source = menus.words.get(name), menus.words.get(field)
    if word is None or source is None:
        unknown = " and ".join(one for one in (name, field) if one not in menus.words)
        yield at(menus, screen, Rule.UNKNOWN_WORD, f"declare {unknown} in [words]", "choose", name)
    elif word.sensitive or source.sensitive:
        yield at(menus, screen, Rule.SENSITIVE_KEPT, f"{name} is sensitive and would be kept", "choose", name)
    elif word.type is not source.type or (word.max < source.max and not word.cut):
        yield at(menus, screen, Rule.TYPE_MISMATCH, f"{field} does not fit into {name}", "choose", name)
    elif (word.code, word.exponent) != (source.code, source.exponent):
        fix = f"{field} is an amount in {source.code}, {name} in {word.code}, or with other decimals"
        yield at(menus, screen, Rule.UNIT_MISMATCH, fix, "choose", name)
    elif word.type is WordType.WORD and not set(source.words) <= {*word.words}:
        fix = f"{name} does not list {', '.join(sorted(set(source.words) - set(word.words)))}"
        yield at(menus, screen, Rule.TYPE_MISMATCH, fix, "choose", name)


def variables(graph: Graph) -> Iterator[Finding]:
    """What a screen shows, sends or goes by has a value on every way to it."""
    menus = graph.menus
    for node, known in graph.known.items():
        screen = graph.screen(node)
        fields = frozenset(name.removeprefix(FIELD) for name in known if name.startswith(FIELD))
        for name, key in uses_of(menus, screen):
            if name not in known and not (key == ("row",) and name in fields):
                yield _missing(menus, screen, name, key)
        if isinstance(screen, ListScreen):
            for name, field in screen.choose.items():
                if field not in fields:
                    fix = f"{field} is no field of the rows that come here"
                    yield at(menus, screen, Rule.UNDEFINED_VARIABLE, fix, "choose", name)
        if isinstance(screen, RouterScreen) and screen.by in menus.words and menus.words[screen.by].sensitive:
            yield at(menus, screen, Rule.SENSITIVE_KEPT, f"{screen.by} is sensitive: no router can go by it", "by")
        for step in graph.steps[node]:
            after = step.edge.known(known, graph.screen(step.to)) if step.edge.note else frozenset()
            for name in sorted(names_in(menus, step.edge.note) - after):
                source = menus.screens[step.edge.source]
                yield _missing(menus, source, name, (*step.edge.key[:-1], "note"))


def _missing(menus: Menus, screen: AnyScreen, name: str, key: Key) -> Finding:
    word = menus.words.get(name)
    if key == ("secrets",):
        fix = f"nothing gives the secret {name}: ask for it with a secret screen"
        return at(menus, screen, Rule.SECRET_COUNT, fix, "call")
    if word is not None and word.sensitive and not isinstance(screen, EndScreen):
        fix = f"{name} is sensitive: only the end or the call that it is given to directly may use it"
        return at(menus, screen, Rule.SENSITIVE_SHOWN, fix, *key)
    return at(menus, screen, Rule.UNDEFINED_VARIABLE, f"{name} has no value on some way here", *key)


def uses_of(menus: Menus, screen: AnyScreen) -> Iterator[tuple[str, Key]]:
    """Each name that needs a value on the screen, with the key that makes it so."""
    yield from ((name, ("text",)) for name in sorted(names_in(menus, screen.text)))
    match screen:
        case InputScreen():
            yield from ((name, ("error",)) for name in sorted(names_in(menus, screen.error)))
        case SecretScreen() | ActionScreen():
            if isinstance(screen, SecretScreen):
                yield from ((name, ("error",)) for name in sorted(names_in(menus, screen.error)))
            action = menus.actions.get(screen.call)
            if action is not None:
                yield from ((name, ("call",)) for name in action.args)
                if isinstance(screen, ActionScreen):
                    yield from ((name, ("secrets",)) for name in action.secrets)
        case ListScreen() | PagesScreen():
            if screen.row:
                yield ROWS, ("row",)
                yield from ((name, ("row",)) for name in sorted(names_in(menus, screen.row)))
        case RouterScreen():
            yield screen.by, ("by",)
        case EndScreen():
            yield from ((name, ("sms",)) for name in sorted(names_in(menus, screen.sms)))
        case _:
            pass
