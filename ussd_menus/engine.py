"""The conversation itself: `step`, a pure function.

A hop is one event. Begin and Result enter a screen; Input answers the page shown last. Entering an action screen gives
a Call, an end screen an End, any other a Page. A secret answer leaves in the Call of the same hop and is kept nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from ussd_menus.answers import clean, read, read_digits
from ussd_menus.freeze import FrozenMenus
from ussd_menus.model import (
    Begin,
    Call,
    End,
    Event,
    Input,
    Page,
    Phase,
    Profile,
    Reply,
    Result,
    Row,
    State,
    Style,
    Value,
    Variables,
)
from ussd_menus.paging import Cut, Sheet, clip, cut_at, start_before
from ussd_menus.passing import SILENT_MAX, passed
from ussd_menus.render import calls_back, help_of, offered, rows_of, sheet_of
from ussd_menus.screens import (
    GO_ON,
    SILENT,
    Action,
    ActionScreen,
    AnyScreen,
    Branch,
    ConfirmScreen,
    EndScreen,
    InfoScreen,
    InputScreen,
    LanguageScreen,
    ListScreen,
    MenuScreen,
    Option,
    PagesScreen,
    ReturnScreen,
    RouterScreen,
    SecretScreen,
    SubflowScreen,
)
from ussd_menus.texts import Speech, ambient, check

ROWS = "rows"


def begin(frozen: FrozenMenus, language: str, style: Style = Style()) -> State:  # noqa: B008  - frozen
    """The state of a session that is about to start; feed it Begin.

    Language and style hold until something sets others. Whose language these menus do not speak, since an older release
    serves once more, reads their first.
    """
    spoken = language if language in frozen.menus.tongues else frozen.languages[0]
    return State(version=frozen.version, language=spoken, screen=frozen.menus.house.entry, style=style)


def step(
    frozen: FrozenMenus,
    state: State,
    event: Event,
    profile: Profile = Profile(),  # noqa: B008  - frozen
) -> tuple[State, Reply]:
    """The next state and what to do. Pure; never raises over what a person types; every page fits `profile`.

    An Input to a session that is over gets the text `house.over`; Begin starts anew from any state, and goes on
    counting calls.

    Raises:
        AssertionError: The caller broke the protocol: a State of other menus, a Result that nothing waits for or that
            the action does not declare.
    """
    assert state.version == frozen.version, "a session stays with the menus that it began with"
    hop = _Hop(frozen, profile)
    match event:
        case Begin():
            fresh = begin(frozen, state.language, state.style)
            fresh = replace(fresh, call_next=state.call_next, today=event.today)
            return hop.enter(fresh, Branch(event.at or entry_of(frozen, event.code)))
        case Input():
            return hop.answer(state, event.text)
        case Result():
            return hop.result(state, event)
        case _:
            assert_never(event)


def entry_of(frozen: FrozenMenus, code: str) -> str:
    """The screen at which a session under a service code begins."""
    house = frozen.menus.house
    return house.codes.get(code.strip("*# "), house.entry)


def show_again(frozen: FrozenMenus, state: State, note: str, profile: Profile) -> tuple[State, Page]:
    """The page that a state shows, under another note and without its help; the state must wait for an Input."""
    assert state.phase is Phase.SHOWN, "only a page that is shown is shown again"
    return _Hop(frozen, profile).show(replace(state, note=note, help=None), frozen.menus.screens[state.screen])


def say(frozen: FrozenMenus, language: str, key: str, values: Mapping[str, Value] | None = None) -> str:
    """One text of the menus outside a dialogue."""
    return frozen.speeches[language].fill(key, values or {})


@dataclass(frozen=True, slots=True)
class _Hop:
    """What holds during one step."""

    frozen: FrozenMenus
    profile: Profile

    def speech(self, state: State) -> Speech:
        """The texts in which the session is answered: another language's where the wire has no letters for its own."""
        language = state.language
        if not self.profile.ucs2_allowed and self.frozen.menus.tongues[language].alphabet != "gsm":
            language = offered(self.frozen.menus, self.profile)[0].code
        return self.frozen.speech(language, state.style)

    def enter(self, state: State, branch: Branch, passing: Variables | None = None) -> tuple[State, Reply]:
        """Go to a screen; `passing` are values for this hop only, which the State must not keep."""
        screens = self.frozen.menus.screens
        screen = screens[branch.to]
        state = replace(state, screen=screen.name, page=0, note=branch.note, invalid_count=0, help=None)
        for _ in range(SILENT_MAX):
            if not isinstance(screen, RouterScreen | SubflowScreen | ReturnScreen):
                break
            state = passed(self.frozen.menus, state, screen)
            screen = screens[state.screen]
        if isinstance(screen, ActionScreen):
            return self.call(state, screen.call, passing or {})
        if isinstance(screen, EndScreen):
            return self.end(state, screen, {**state.variables, **(passing or {})})
        if isinstance(screen, SecretScreen | ConfirmScreen):
            # What the person agrees to on this page has its number before the answer comes.
            state = replace(state, call_next=state.call_next + 1)
        return self.show(state, screen)

    def sheet(self, state: State, screen: AnyScreen) -> Sheet:
        """The screen before it is cut."""
        return sheet_of(self.frozen.menus, self.speech(state), screen, state.variables, self.profile)

    def cut(self, state: State, sheet: Sheet) -> Cut:
        """The page of the sheet at the state's place, under the state's note."""
        note = self.speech(state).fill(state.note, state.variables) if state.note else ""
        return cut_at(sheet, state.page, note, self.profile)

    def show(self, state: State, screen: AnyScreen, sheet: Sheet | None = None) -> tuple[State, Page]:
        """The page of the screen at the state's place."""
        assert not isinstance(screen, SILENT), f"{screen.name} leads round and round without a page"
        cut = self.cut(state, sheet or self.sheet(state, screen))
        return replace(state, phase=Phase.SHOWN), Page(self.written(cut.text), sensitive=screen.sensitive)

    def written(self, text: str) -> str:
        """A page as it goes out."""
        text = clip(text, self.profile)
        return text if self.profile.newline == "\n" else text.replace("\n", self.profile.newline)

    def end(self, state: State, screen: EndScreen, values: Variables) -> tuple[State, End]:
        """The last page; nothing of the dialogue is kept."""
        speech = self.speech(state)
        words = self.frozen.menus.words
        shown = any(words[name].sensitive for name in speech.templates[screen.text].names if name in words)
        note = f"{speech.fill(state.note, values)}\n" if state.note else ""
        page = self.written(note + speech.fill(screen.text, values))
        sms = speech.fill(screen.sms, values) if screen.sms else ""
        over = replace(state, phase=Phase.ENDED, note="", variables={}, stack=())
        return over, End(page, sensitive=shown or screen.sensitive, sms=sms)

    def call(self, state: State, name: str, passing: Variables) -> tuple[State, Reply]:
        """The call of an action with its arguments from the variables; what passes goes with the secrets."""
        action = self.frozen.menus.actions[name]
        values = {**state.variables, **ambient(state.language, state.style)}
        args = {arg: _single(values[arg]) for arg in action.args if arg not in passing}
        secrets = {arg: str(passing[arg]) for arg in (*action.args, *action.secrets) if arg in passing}
        waiting = replace(state, phase=Phase.CALLING, call_next=state.call_next + 1)
        return waiting, Call(name, args, secrets, state.call_next)

    def result(self, state: State, result: Result) -> tuple[State, Reply]:
        """Branch by outcome; values become variables, except one-time codes, which pass to the next screen only."""
        screen = self.frozen.menus.screens[state.screen]
        assert state.phase is Phase.CALLING, "no call waits for a result"
        assert isinstance(screen, ActionScreen | SecretScreen), "only these screens call"
        house = self.frozen.menus.house
        faults = {"unavailable": Branch(house.unavailable), "slow": Branch(house.slow)}
        branch = screen.on.get(result.outcome) or faults.get(result.outcome)
        assert branch is not None, f"{screen.call} does not declare the outcome {result.outcome}"
        values = self.checked(screen.call, result)
        words = self.frozen.menus.words
        passing = {name: value for name, value in values.items() if name != ROWS and words[name].sensitive}
        kept = {name: value for name, value in values.items() if name not in passing}
        wanted = result.language or state.language
        language = wanted if wanted in self.frozen.menus.tongues else state.language
        variables = {**state.variables, **kept}
        state = replace(state, language=language, style=result.style or state.style, variables=variables)
        return self.enter(state, branch, passing)

    def checked(self, name: str, result: Result) -> Variables:
        """The values that the action declares for this outcome, rows cut to their declared number."""
        action = self.frozen.menus.actions[name]
        words = self.frozen.menus.words
        values: dict[str, Value | tuple[Row, ...]] = {}
        for declared in action.outcomes.get(result.outcome, ()):
            assert declared in result.values, f"{name} {result.outcome} lacks {declared}"
            value = result.values[declared]
            if declared != ROWS:
                problem = check(words[declared], value)
                assert not problem, f"{name} {result.outcome}: {problem}"
                values[declared] = value
                continue
            values[ROWS] = self.rows(action, value)
        return values

    def rows(self, action: Action, rows: object) -> tuple[Row, ...]:
        """The rows with the declared fields only, no more of them than declared."""
        assert isinstance(rows, tuple), f"{action.name}: rows are a tuple"
        kept = tuple({field: row[field] for field in action.row} for row in rows[: action.rows_max])
        problems = {check(self.frozen.menus.words[field], value) for row in kept for field, value in row.items()}
        assert problems <= {""}, f"{action.name} rows: {problems}"
        return kept

    def answer(self, state: State, typed: str) -> tuple[State, Reply]:
        """What the person typed on the page shown last."""
        if state.phase is Phase.ENDED:
            return state, End(self.written(self.speech(state).plain("house.over")))
        assert state.phase is Phase.SHOWN, "an answer needs a page"
        screen = self.frozen.menus.screens[state.screen]
        text = clean(typed)
        if state.help is not None:
            return self.helped(state, screen, state.help, text)
        moved = self.navigate(state, screen, text) or self.chosen(state, screen, text)
        return moved or self.called_back(state, screen, text) or self.invalid(state, screen)

    def called_back(self, state: State, screen: AnyScreen, text: str) -> tuple[State, Reply] | None:
        """The key of easy mode, where it is no legal answer."""
        menus = self.frozen.menus
        if text != screen.keys.call_back or not calls_back(menus, self.speech(state), screen, state.variables):
            return None
        return self.enter(replace(state, stack=()), Branch(menus.house.call_back))

    def helped(self, state: State, screen: AnyScreen, at: int, text: str) -> tuple[State, Reply]:
        """The next page of a help, or the screen again as it was."""
        cut = cut_at(help_of(self.speech(state), screen, self.profile), at, "", self.profile)
        if text == screen.keys.next and not cut.page_last:
            return self.help(state, screen, cut.stop)
        return self.show(replace(state, help=None), screen)

    def help(self, state: State, screen: AnyScreen, at: int) -> tuple[State, Reply]:
        """A page of the help."""
        cut = cut_at(help_of(self.speech(state), screen, self.profile), at, "", self.profile)
        return replace(state, help=at), Page(self.written(cut.text))

    def navigate(self, state: State, screen: AnyScreen, text: str) -> tuple[State, Reply] | None:
        """The keys of navigation, which verify keeps clear of every other legal answer."""
        keys = screen.keys
        if not text or text not in {keys.help, keys.home, keys.back, keys.next}:
            return None
        if text == keys.help:
            return self.help(state, screen, 0) if screen.help else None
        if text == keys.home:
            return self.enter(replace(state, stack=()), Branch(screen.home)) if screen.home else None
        if text == keys.back and state.page == 0:
            return self.enter(state, Branch(screen.back)) if screen.back else None
        sheet = self.sheet(state, screen)
        if text == keys.back:
            page = start_before(sheet, state.page, self.profile)
        else:
            cut = self.cut(state, sheet)
            if cut.page_last:
                return None
            page = cut.stop
        return self.show(replace(state, page=page, note="", invalid_count=0), screen, sheet)

    def chosen(self, state: State, screen: AnyScreen, text: str) -> tuple[State, Reply] | None:
        """The screen's own legal answers."""
        match screen:
            case MenuScreen():
                at = _choice(text, len(screen.options))
                return None if at is None else self.opted(state, screen.options[at])
            case ListScreen():
                rows = rows_of(state.variables)
                at = _choice(text, len(rows))
                return None if at is None else self.enter(_with_row(state, screen, rows[at]), Branch(screen.to))
            case LanguageScreen():
                tongues = offered(self.frozen.menus, self.profile)
                at = _choice(text, len(tongues))
                if at is None:
                    return None
                return self.enter(replace(state, language=tongues[at].code), Branch(screen.to))
            case ConfirmScreen():
                return self.enter(state, Branch(screen.to)) if text == screen.key else None
            case InfoScreen():
                return self.enter(state, Branch(screen.to)) if text == GO_ON else None
            case InputScreen():
                return self.typed(state, screen, text)
            case SecretScreen():
                digits = read_digits(text, screen.length_min, screen.length_max)
                (secret,) = self.frozen.menus.actions[screen.call].secrets
                return None if digits is None else self.call(state, screen.call, {secret: digits})
            case PagesScreen() | EndScreen() | ActionScreen() | RouterScreen() | SubflowScreen() | ReturnScreen():
                return None
            case _:
                assert_never(screen)

    def opted(self, state: State, option: Option) -> tuple[State, Reply]:
        """An option of a menu, and the style that it sets."""
        if option.style:
            words = {**ambient(state.language, state.style), **option.style}
            style = Style(words["digits"], toman=words["money"] == "toman", easy=words["easy"] == "yes")
            state = replace(state, style=style)
        return self.enter(state, Branch(option.to))

    def typed(self, state: State, screen: InputScreen, text: str) -> tuple[State, Reply] | None:
        """An answer that is kept in a variable, or passes on when it is sensitive."""
        jalali = self.frozen.menus.tongues[state.language].calendar == "jalali"
        word = self.frozen.menus.words[screen.into]
        value = read(text, screen, word, jalali=jalali, today=state.today, toman=state.style.toman)
        if value is None:
            return None
        if word.sensitive:
            return self.enter(state, Branch(screen.to), {screen.into: value})
        return self.enter(replace(state, variables={**state.variables, screen.into: value}), Branch(screen.to))

    def invalid(self, state: State, screen: AnyScreen) -> tuple[State, Reply]:
        """The same page with a short error above; too many in a row end the dialogue."""
        house = self.frozen.menus.house
        if state.invalid_count + 1 >= house.invalid_max:
            return self.enter(state, Branch(house.too_many))
        error = error_of(screen)
        return self.show(replace(state, note=error, invalid_count=state.invalid_count + 1), screen)


def error_of(screen: AnyScreen) -> str:
    """Key of the text shown above a screen whose answer was not understood."""
    return screen.error if isinstance(screen, InputScreen | SecretScreen) else "error.choice"


def _choice(text: str, count: int) -> int | None:
    """The index of a number from 1 to `count`, typed without leading zeros."""
    legal = text.isascii() and text.isdecimal() and not text.startswith("0") and len(text) <= 3
    return int(text) - 1 if legal and int(text) <= count else None


def _with_row(state: State, screen: ListScreen, row: Row) -> State:
    return replace(state, variables={**state.variables, **{name: row[f] for name, f in screen.choose.items()}})


def _single(value: Value | tuple[Row, ...]) -> Value:
    assert not isinstance(value, tuple), "rows are no argument"
    return value
