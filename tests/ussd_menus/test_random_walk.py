"""A phone that types anything, against actions that answer anything they declare."""

from datetime import UTC, date, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ussd_menus import (
    Amount,
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
    begin,
    freeze,
    load,
    step,
)
from ussd_menus.paging import fits
from ussd_menus.screens import SecretScreen, Word, WordType

FROZEN = freeze(load())
SCREENS = FROZEN.menus.screens
SECRET = "975319753197"
"""What is typed where a secret is asked for; no other answer and no value holds four of its digits in a row."""
CODE = "8642086420"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

KEYS = st.sampled_from([*"0123456789", "00", "000", "99", "0801", "14050801", "16112026", "500000", "09120000002"])
TYPED = st.one_of(
    KEYS,
    KEYS.map(lambda key: key.translate(PERSIAN)),
    KEYS.map(lambda key: key.translate(ARABIC)),
    st.just("0499370899"),
    st.text(st.characters(exclude_categories=()), max_size=12),
)
PROFILES = [
    Profile(),
    Profile(160, 70, "\r\n", name="narrow"),
    Profile(ucs2_allowed=False, name="latin"),
]
STYLES = st.builds(Style, st.sampled_from(["own", "latin"]), st.booleans(), st.booleans())
LETTERS = st.characters(exclude_categories=("Nd", "Cs"))


def values_of(word: Word) -> st.SearchStrategy[Value]:
    match word.type:
        case WordType.TEXT if word.sensitive:
            return st.just(CODE[: word.max])
        case WordType.TEXT:
            return st.text(LETTERS, max_size=word.max + 10 if word.cut else word.max)
        case WordType.WORD:
            return st.sampled_from([*word.words, "never_seen"] if "other" in word.words else word.words)
        case WordType.NUMBER:
            return st.integers(0, 10**word.max - 1)
        case WordType.AMOUNT:
            return st.sampled_from([0, 1, 10**word.max - 1]).map(lambda minor: Amount(minor, word.code, word.exponent))
        case WordType.DAY:
            return st.dates(date(2020, 1, 1), date(2040, 1, 1))
        case WordType.MOMENT:
            return st.integers(1_600_000_000, 2_200_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


class Phone(RuleBasedStateMachine):
    """Nothing that is typed raises; pages fit; secrets stay out of the state; the step is pure."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State
        self.reply: Reply
        self.calls = 0
        self.profile = Profile()

    def feed(self, event: Event) -> None:
        before = State.from_json(self.state.to_json())
        assert before == self.state
        self.state, self.reply = step(FROZEN, self.state, event, self.profile)
        assert (self.state, self.reply) == step(FROZEN, before, event, self.profile)
        if isinstance(self.reply, Call):
            assert self.reply.number > self.calls
            self.calls = self.reply.number

    @initialize(
        language=st.sampled_from(FROZEN.languages),
        today=st.sampled_from([None, date(2026, 11, 22)]),
        profile=st.sampled_from(PROFILES),
        style=STYLES,
    )
    def dial(self, language: str, today: date | None, profile: Profile, style: Style) -> None:
        self.profile = profile
        self.state = begin(FROZEN, language, style)
        self.feed(Begin(today, "*1420#"))

    @precondition(lambda self: isinstance(self.reply, Page))
    @rule(typed=TYPED)
    def types(self, typed: str) -> None:
        self.feed(Input(typed))

    @precondition(lambda self: isinstance(SCREENS[self.state.screen], SecretScreen) and isinstance(self.reply, Page))
    @precondition(lambda self: self.state.help is None)
    @rule()
    def types_the_secret(self) -> None:
        screen = SCREENS[self.state.screen]
        assert isinstance(screen, SecretScreen)
        self.feed(Input(SECRET[: screen.length_max].translate(PERSIAN)))
        assert isinstance(self.reply, Call)
        assert list(self.reply.secrets.values()) == [SECRET[: screen.length_max]]

    @precondition(lambda self: isinstance(self.reply, Call))
    @rule(data=st.data())
    def answers(self, data: st.DataObject) -> None:
        assert isinstance(self.reply, Call)
        action = FROZEN.menus.actions[self.reply.name]
        likely = "active" if "active" in action.outcomes else "ok"
        outcomes = [
            *action.outcomes,
            *[known for known in (likely,) if known in action.outcomes] * 4,
            "unavailable",
            "slow",
        ]
        outcome = data.draw(st.sampled_from(outcomes))
        values: dict[str, Value | tuple[Row, ...]] = {}
        for name in action.outcomes.get(outcome, ()):
            if name == "rows":
                row = st.fixed_dictionaries({field: values_of(FROZEN.menus.words[field]) for field in action.row})
                values[name] = tuple(data.draw(st.lists(row, max_size=6)))
            else:
                values[name] = data.draw(values_of(FROZEN.menus.words[name]))
        language = data.draw(st.sampled_from([None, None, *FROZEN.languages]))
        style = data.draw(st.none() | STYLES)
        self.feed(Result(outcome, values, language, style))

    @precondition(lambda self: self.state.phase is Phase.ENDED)
    @rule(typed=TYPED)
    def types_after_the_end(self, typed: str) -> None:
        before = self.state
        self.feed(Input(typed))
        assert isinstance(self.reply, End)
        assert self.state == before

    @precondition(lambda self: self.state.phase is Phase.ENDED)
    @rule()
    def dials_again(self) -> None:
        self.feed(Begin(date(2026, 11, 22)))

    @invariant()
    def every_page_fits(self) -> None:
        if isinstance(self.reply, Page | End):
            assert self.reply.text
            assert fits(self.reply.text, self.profile)
            assert "{" not in self.reply.text

    @invariant()
    def no_secret_is_in_the_state(self) -> None:
        kept = str(self.state).replace(FROZEN.version, "")
        assert SECRET[:4] not in kept
        assert CODE[:4] not in kept


TestPhone = Phone.TestCase
TestPhone.settings = settings(stateful_step_count=40)
