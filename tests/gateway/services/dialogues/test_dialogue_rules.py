"""The delta rule, the locks and the closing texts: the parts that need no store."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Overloaded
from gateway.languages import LANGUAGES, RIGHT_TO_LEFT
from gateway.services.dialogues import Closing, closing_text
from gateway.services.dialogues.locks import WAITERS_MAX, SessionLocks
from gateway.services.dialogues.rules import Candidate, candidate
from ussd_menus.alphabet import gsm_septets, ucs2_units


@pytest.mark.parametrize(
    ("answered_length", "text", "expected"),
    [
        (0, "", Candidate("", None)),
        (0, "1", Candidate("", "1")),
        (0, "*1", Candidate("", "*1")),
        (1, "1", Candidate("1", None)),
        (1, "1*2", Candidate("1", "2")),
        (1, "1*", Candidate("1", "")),
        (1, "1*5*6", Candidate("1", "5*6")),
        (1, "12", None),
        (1, "", None),
        (3, "1", None),
        (3, "1*2", Candidate("1*2", None)),
        (1, "۱*۲", Candidate("۱", "۲")),
    ],
)
def test_a_text_is_a_repeat_or_a_next_answer_or_out_of_order(
    answered_length: int, text: str, expected: Candidate | None
) -> None:
    assert candidate(answered_length, text) == expected


@given(st.lists(st.text(alphabet="0123456789*", min_size=1, max_size=4), min_size=1, max_size=6))
def test_every_answer_of_a_session_comes_back_as_it_was_typed(answers: list[str]) -> None:
    text, read = "", []
    for answer in answers:
        answered, text = text, f"{text}*{answer}" if text else answer
        found = candidate(len(answered), text)
        assert found is not None
        assert found.answered == answered
        read.append(found.delta)

    assert read == answers


def test_a_candidate_does_not_show_what_was_typed() -> None:
    assert "2468" not in repr(candidate(1, "1*2468"))


async def test_a_session_is_answered_one_delivery_at_a_time() -> None:
    locks, inside, most = SessionLocks(10), 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with locks.hold(("wire", "key")):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(WAITERS_MAX):
            group.create_task(enter())

    assert most == 1
    assert len(locks) == 0


async def test_locks_are_bounded_in_sessions_and_in_waiters() -> None:
    locks = SessionLocks(2)
    async with locks.hold(("wire", "a")), locks.hold(("wire", "b")):
        with pytest.raises(Overloaded):
            async with locks.hold(("wire", "c")):
                pass
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(_enter(locks)) for _ in range(WAITERS_MAX - 1)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await _enter(locks)
            for task in waiting:
                task.cancel()

    assert len(locks) == 0


async def _enter(locks: SessionLocks) -> None:
    async with locks.hold(("wire", "a")):
        pass


@pytest.mark.parametrize("closing", Closing)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_closing_has_a_text_that_fits_one_page(closing: Closing, language: str) -> None:
    text = closing_text(closing, language)

    septets = gsm_septets(text)
    assert (septets is not None and septets <= 182) or ucs2_units(text) <= 80
    assert language in RIGHT_TO_LEFT or septets is not None


def test_an_unknown_language_falls_back_to_english() -> None:
    assert closing_text(Closing.LOST, "xx") == closing_text(Closing.LOST, "en")
