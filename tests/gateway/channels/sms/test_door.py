"""What comes back to who writes: one answer or none, in the language of the word, with nothing that a dial guards."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.channels.sms import Keyword, Keywords
from gateway.channels.sms.door import CLAIM_CLASSES
from gateway.errors import BadInput
from gateway.languages import LANGUAGES
from gateway.services.benefits import AttestOutcome, ClaimState
from gateway.services.messages import ANSWER_MAX, NO, SCALE, SURVEY, YES, Incoming, TicketOutcome, TicketState
from gateway.services.messages.messages import LEASE_S
from gateway.services.messages.rules import ANSWERS_MAX, Limit
from gateway.services.messages.tickets import TICKETS_A_DAY_MAX
from tests.gateway.channels.sms.town import ENGLISH, NUMBERS, PERSIAN, STRANGER, Town, claim, invoice, opened
from tests.gateway.services.messages.postbox import GSM, OURS, UCS2, message
from wallet.clock import ManualClock


@pytest.fixture
async def town(database_url: str, clock: ManualClock) -> AsyncIterator[Town]:
    async with opened(database_url, clock) as made:
        yield made


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'test.db')}"


@pytest.fixture
async def hamlet(sqlite_url: str, clock: ManualClock) -> AsyncIterator[Town]:
    """A town on SQLite alone, for tables of many rows."""
    async with opened(sqlite_url, clock) as made:
        yield made


WRITTEN = [
    (Keyword.BALANCE, "", "reply_balance", "reply_not_enrolled"),
    (Keyword.PAY, "", "reply_nothing_due", "reply_not_enrolled"),
    (Keyword.CLAIM, "", "reply_claim_unknown", "reply_not_enrolled"),
    (Keyword.STOP, "", "reply_stopped", "reply_stopped"),
    (Keyword.START, "", "reply_started", "reply_started"),
    (Keyword.HELP, "", "reply_help", "reply_help"),
    (Keyword.COMPLAINT, "", "reply_complaint_how", "reply_complaint_how"),
    (Keyword.COMPLAINT, " 123", "reply_complaint", "reply_complaint"),
    (Keyword.YES, "", "reply_help", "reply_help"),
    (Keyword.NO, "", "reply_help", "reply_help"),
]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_word_of_each_language_is_answered_in_it_also_to_strangers(hamlet: Town, language: str) -> None:
    words = Keywords()
    for keyword, argument, enrolled, stranger in WRITTEN:
        hamlet.box.later(hours=2)
        written = words.named(keyword, language) + argument
        for source, class_ in ((NUMBERS[language], enrolled), (STRANGER, stranger)):
            (answer,) = await hamlet.text(written, source)
            spoken = "en" if written == "STOP" and source == STRANGER else language
            assert answer[:2] == (class_, spoken), written


async def test_a_word_of_another_language_than_the_persons_is_answered_in_the_words(town: Town) -> None:
    assert [answer[:2] for answer in await town.text("موجودی", ENGLISH)] == [("reply_balance", "fa")]
    assert [answer[:2] for answer in await town.text("BAL", PERSIAN)] == [("reply_balance", "en")]


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("PAY", "1405-07"),
        ("PAY 1405-08", "1405-08"),
        ("PAY 140508", "1405-08"),
        ("pay8", "1405-08"),
        ("پرداخت ۱۴۰۵/۰۸", "1405-08"),
        ("PAY 9", "1405-07"),
        ("PAY 1405", "1405-07"),
    ],
)
async def test_pay_says_what_is_due_and_leads_to_the_dial_that_asks_for_the_pin(
    hamlet: Town, written: str, period: str
) -> None:
    hamlet.registers.invoices = [invoice("1405-07"), invoice("1405-08"), invoice("1405-09", "per_fr")]

    ((class_, _, text),) = await hamlet.text(written)

    assert (class_, period in text) == ("reply_due", True)
    assert "*1420#" in text


@pytest.mark.parametrize("state", ClaimState)
async def test_a_claim_says_where_it_stands_and_never_that_it_was_refused(hamlet: Town, state: ClaimState) -> None:
    hamlet.registers.claims = [claim("S-12345674", state), claim("S-00000000", ClaimState.PAID, "per_fa")]

    for written in ("CLAIM", "CLAIM S-12345674", "claim 12345674", "درخواست ۱۲۳۴۵۶۷۴"):
        ((class_, _, text),) = await hamlet.text(written)
        assert class_ == CLAIM_CLASSES[state]
        assert "S-12345674" in text
        assert "reject" not in text
    assert (await hamlet.text("CLAIM S-00000000"))[0][0] == "reply_claim_unknown"


@pytest.mark.parametrize(
    ("written", "agrees", "outcome", "class_"),
    [
        ("YES 123456", True, AttestOutcome.OK, "reply_attested"),
        ("بله ۱۲۳۴۵۶", True, AttestOutcome.OK, "reply_attested"),
        ("NON 123456", False, AttestOutcome.OK, "reply_not_attested"),
        ("yes123456", True, AttestOutcome.EXPIRED, "reply_attest_late"),
        ("YES 123456", True, AttestOutcome.WRONG, "reply_attest_wrong"),
    ],
)
async def test_an_employer_answers_with_the_code_of_our_sms(
    hamlet: Town, written: str, *, agrees: bool, outcome: AttestOutcome, class_: str
) -> None:
    hamlet.registers.attest_outcomes = {"123456": outcome}

    ((answered, _, text),) = await hamlet.text(written, STRANGER)

    assert (answered, hamlet.registers.attested) == (class_, [(STRANGER, "123456", agrees)])
    assert "123456" not in text.replace("W-12345674", "")


async def test_stop_and_start_move_a_number_on_the_opt_out_list_and_off_it(town: Town) -> None:
    assert await town.opt_outs.stopped_among([ENGLISH, PERSIAN]) == set()

    await town.text("STOP")
    await town.text("لغو ۱۱", PERSIAN)
    assert await town.opt_outs.stopped_among([ENGLISH, PERSIAN, STRANGER]) == {ENGLISH, PERSIAN}
    assert await town.opt_outs.stopped_among([f"+98912{n:07d}" for n in range(1, 1200)]) == {ENGLISH, PERSIAN}

    await town.text("START")
    assert (await town.opt_outs.stopped(ENGLISH), await town.opt_outs.stopped(PERSIAN)) == (False, True)


async def test_stop_counts_even_where_no_answer_goes_out_any_more(hamlet: Town) -> None:
    for number in range(ANSWERS_MAX[Limit.ANSWER]):
        await hamlet.box.take(message(f"HELP {number}"))
    await hamlet.box.work()

    assert await hamlet.text("STOP") == []
    assert await hamlet.opt_outs.stopped(ENGLISH)


async def test_a_word_that_nobody_knows_is_helped_once_an_hour(hamlet: Town) -> None:
    assert [answer[0] for answer in await hamlet.text("hmm")] == ["reply_help"]
    assert await hamlet.text("what?") == []
    assert [answer[0] for answer in await hamlet.text("HELP")] == ["reply_help"]

    hamlet.box.later(hours=1)
    assert [answer[0] for answer in await hamlet.text("hmm")] == ["reply_help"]


@pytest.mark.parametrize(
    ("options", "written", "recorded", "class_"),
    [
        (("yes", "no"), "YES", "yes", "reply_thanks"),
        (("yes", "no"), "بله", "yes", "reply_thanks"),
        (("yes", "no"), "non", "no", "reply_thanks"),
        (("yes", "no"), "3", "", "reply_choose"),
        (SCALE, "۵", "5", "reply_thanks"),
        (SCALE, "٥.", "5", "reply_thanks"),
        (SCALE, "9", "", "reply_choose"),
        (SCALE, "yes", "", "reply_choose"),
        (SCALE, "BAL", "", "reply_balance"),
    ],
)
async def test_one_word_or_digit_answers_an_open_question(
    hamlet: Town, options: tuple[str, ...], written: str, recorded: str, class_: str
) -> None:
    until = hamlet.box.clock.now() + timedelta(days=1)
    assert await hamlet.questions.ask("per_en", ENGLISH, "plan", "cam_1", options, until)
    assert not await hamlet.questions.ask("per_en", ENGLISH, "plan", "cam_1", options, until)

    assert [answer[0] for answer in await hamlet.text(written)] == [class_]

    assert await hamlet.questions.results("plan") == {recorded: 1}
    assert [question.answer for question in hamlet.answered] == [recorded] * bool(recorded)


async def test_the_youngest_open_question_of_the_number_is_answered_and_a_late_answer_none(town: Town) -> None:
    for cause in ("cam_1", "cam_2"):
        town.box.later(minutes=1)
        await town.questions.ask("per_en", ENGLISH, "plan", cause, SCALE, town.box.clock.now() + timedelta(days=1))
    await town.questions.ask("", PERSIAN, "plan", "cam_2", SCALE, town.box.clock.now() + timedelta(days=1))

    await town.text("4")
    assert [(one.cause, one.msisdn) for one in town.answered] == [("cam_2", ENGLISH)]
    await town.text("2")
    assert await town.questions.results("plan") == {"": 1, "2": 1, "4": 1}

    town.box.later(days=2)
    assert (await town.text("5", PERSIAN))[0][0] == "reply_help"
    assert await town.questions.results("plan") == {"": 1, "2": 1, "4": 1}


async def test_an_answer_goes_to_the_question_that_takes_it(hamlet: Town) -> None:
    for cause, options in (("cam_1", SCALE), ("cam_2", (YES, NO))):
        hamlet.box.later(minutes=1)
        until = hamlet.box.clock.now() + timedelta(days=1)
        await hamlet.questions.ask("per_en", ENGLISH, "plan", cause, options, until)

    ((class_, _, text),) = await hamlet.text("7")
    assert (class_, "YES" in text) == ("reply_choose", True)
    await hamlet.text("4")
    await hamlet.text("YES")

    assert [(one.cause, one.answer) for one in hamlet.answered] == [("cam_1", "4"), ("cam_2", "yes")]


async def test_a_crash_after_an_answer_was_noted_answers_no_second_question(town: Town) -> None:
    for cause in ("cam_1", "cam_2"):
        await town.questions.ask("per_en", ENGLISH, "plan", cause, SCALE, town.box.clock.now() + timedelta(days=1))
    town.box.teller.dies = True
    assert await town.text("4") == []

    town.box.teller.dies = False
    town.box.later(seconds=LEASE_S)
    await town.box.work()

    assert await town.questions.results("plan") == {"": 1, "4": 1}
    assert [told["class_"] for told in await town.box.told()] == ["reply_thanks"]


async def test_a_complaint_becomes_a_ticket_that_staff_answer_once_and_a_survey_follows(town: Town) -> None:
    town.box.teller.dies = True
    await town.text("شکایت: پول من نرسیده\u200cاست", PERSIAN)
    town.box.teller.dies = False
    town.box.later(seconds=LEASE_S)
    await town.box.work()

    (listed,) = await town.tickets.tickets(TicketState.OPEN, limit=10)
    (told,) = await town.box.told()
    assert (told["class_"], listed.number in told["text"]) == ("reply_complaint", True)
    ticket = await town.tickets.by_id(listed.id)
    assert ticket is not None
    assert (ticket.text, ticket.person_id, listed.text) == ("پول من نرسیده\u200cاست", "per_fa", "")

    town.box.later(hours=1)
    assert await town.tickets.close(ticket.id, "stf_1", "فردا واریز می‌شود.") is TicketOutcome.OK
    assert await town.tickets.close(ticket.id, "stf_2", "again") is TicketOutcome.CLOSED
    assert await town.tickets.close("cmp_0", "stf_1", "who?") is TicketOutcome.UNKNOWN
    assert await town.tickets.tickets(TicketState.OPEN, limit=10) == []
    (closed,) = await town.tickets.tickets(TicketState.CLOSED, limit=10)
    assert (closed.closed_by, closed.answer) == ("stf_1", "فردا واریز می‌شود.")
    assert [told["class_"] for told in await town.box.told()] == ["reply_complaint", "complaint_answered"]

    assert (await town.text("۴", PERSIAN))[0][0] == "reply_thanks"
    assert await town.questions.results(SURVEY) == {"4": 1}


@pytest.mark.parametrize("answer", ["", "a" * (ANSWER_MAX + 1)])
async def test_an_answer_that_does_not_fit_closes_nothing(hamlet: Town, answer: str) -> None:
    await hamlet.text("COMPLAINT nobody came")
    (ticket,) = await hamlet.tickets.tickets(TicketState.OPEN, limit=10)

    with pytest.raises(BadInput):
        await hamlet.tickets.close(ticket.id, "stf_1", answer)

    assert len(await hamlet.tickets.tickets(TicketState.OPEN, limit=10)) == 1


async def test_one_number_makes_few_tickets_a_day(hamlet: Town) -> None:
    answers = [(await hamlet.text(f"COMPLAINT number {n}"))[0][0] for n in range(TICKETS_A_DAY_MAX + 1)]
    assert answers == ["reply_complaint"] * TICKETS_A_DAY_MAX + ["reply_complaint_many"]
    assert (await hamlet.text("COMPLAINT mine", PERSIAN))[0][0] == "reply_complaint"


@pytest.mark.parametrize("written", ["7391", "۷۳۹۱", "73 91.", "12345678", "COMPLAINT 7391", "شکایت۷۳۹۱"])
async def test_a_pin_that_was_sent_is_warned_of_and_not_said_again(hamlet: Town, written: str) -> None:
    ((class_, _, text),) = await hamlet.text(written)

    assert class_ == "reply_pin_typed"
    assert "7391" not in text


ANY = st.text(max_size=200) | st.sampled_from(["BAL", "شکایت ", "1234", "OUI", "\x1b", "\ud83d", "PAY 99999999999999"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=ANY | st.binary(max_size=280), wide=st.booleans())
async def test_any_text_is_answered_at_most_once_and_breaks_nothing(
    hamlet: Town, written: str | bytes, wide: object
) -> None:
    octets = written if isinstance(written, bytes) else written.encode("utf-16-be", "surrogatepass")
    hamlet.box.later(hours=2)
    before = len(await hamlet.box.told())

    await hamlet.box.take(Incoming("one", ENGLISH, OURS, UCS2 if wide else GSM, octets))
    await hamlet.box.work()

    assert len(await hamlet.box.told()) - before <= 1
    assert hamlet.box.metrics.registry.get_sample_value("tapdial_worker_failures_total", {"worker": "messages"}) is None
