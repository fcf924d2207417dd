"""Messages from people on both databases: kept before they are acknowledged, read once, answered once."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from gateway.errors import PeerUnavailable
from gateway.services.messages import Answer, Incoming, Limit, Place, Taken, Written, inbox
from gateway.services.messages.messages import ATTEMPTS_MAX, LEASE_S
from gateway.services.messages.rules import ANSWERS_MAX, OCTETS_MAX, PARTS_MAX, UNFINISHED_MAX
from gateway.services.messages.tables import MESSAGES, PARTS, SEEN
from gateway.wire import gsm
from tests.gateway.services.messages.postbox import (
    GSM,
    OTHER,
    OURS,
    PERSON,
    UCS2,
    Postbox,
    cut,
    message,
    postbox,
)
from wallet.clock import ManualClock

PERSIAN = "شکایت دارم: پول من نرسیده است 😀 و کسی پاسخ نمی‌دهد. " * 4
WESTERN = "COMPLAINT: I paid 20€ {twice} and nobody [answers] me ~ " * 6


async def test_a_message_is_read_and_answered_once_and_what_was_written_is_wiped(box: Postbox) -> None:
    assert await box.take(message("BAL")) == [Taken.TAKEN]
    assert await box.kept() == 1

    assert await box.work() == 1
    assert await box.work() == 0

    assert box.echo.read == ["BAL"]
    (told,) = await box.told()
    assert (told["class_"], told["address"], told["lane"]) == ("reply_thanks", PERSON, 1)
    assert told["cause"].startswith("msg_")
    assert (await box.states(), await box.kept()) == (["done"], 0)


@pytest.mark.parametrize(
    ("text", "reference", "apart_s", "taken"),
    [
        ("BAL", "", 30, Taken.REPEATED),
        ("BAL", "", 90, Taken.TAKEN),
        ("BAL", "17", 90, Taken.REPEATED),
        ("BAL", "17", 2 * 86_400, Taken.TAKEN),
        ("COMPLAINT my benefit of Aban never came here", "", 1800, Taken.REPEATED),
        ("COMPLAINT my benefit of Aban never came here", "", 4000, Taken.TAKEN),
    ],
)
async def test_a_delivery_that_comes_again_over_any_link_is_known(
    box: Postbox, text: str, reference: str, apart_s: float, taken: Taken
) -> None:
    await box.take(message(text, reference=reference))
    box.later(seconds=apart_s)

    assert await box.take(message(text, reference=reference, link="two")) == [taken]
    assert await box.take(message(text, reference="18"), message(text, OTHER)) == [Taken.TAKEN, Taken.TAKEN]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_parts_in_any_order_and_doubled_over_two_links_are_one_message(
    box: Postbox, order: tuple[int, ...]
) -> None:
    other = box.again()
    parts = cut(gsm.encode_ucs2(PERSIAN), 3, UCS2)
    for place, number in enumerate(order):
        process = (box, other)[place % 2]
        await process.take(replace(parts[number], link=f"link{place % 2}"))
        assert await other.take(replace(parts[number], reference="again")) == [Taken.REPEATED]

    assert (await other.work(), await box.work()) == (1, 0)

    assert other.echo.read == [PERSIAN]
    assert len(await box.told()) == 1


@pytest.mark.parametrize("count", [2, 3, 7, 13])
@pytest.mark.parametrize(("text", "alphabet"), [(PERSIAN, UCS2), (WESTERN, GSM)])
async def test_a_character_that_a_phone_cut_in_two_is_whole_again(
    box: Postbox, text: str, alphabet: gsm.Alphabet, count: int
) -> None:
    octets = gsm.encode(text) if alphabet is GSM else gsm.encode_ucs2(text)
    assert octets is not None
    await box.take(*reversed(cut(octets, count, alphabet)))

    await box.work()

    assert box.echo.read == [text]


async def test_parts_of_two_alphabets_read_each_in_its_own(box: Postbox) -> None:
    first = Incoming("one", PERSON, OURS, GSM, b"HELP ", Place(1, 2, 1))
    await box.take(Incoming("one", PERSON, OURS, UCS2, gsm.encode_ucs2("لطفا"), Place(1, 2, 2)), first)

    await box.work()

    assert box.echo.read == ["HELP لطفا"]


async def test_a_message_whose_parts_do_not_come_is_given_up_after_hours_and_told_once(box: Postbox) -> None:
    first, *_ = cut(gsm.encode_ucs2(PERSIAN), 3, UCS2)
    await box.take(first)
    box.later(hours=3)
    assert (await box.messages.tidy(), await box.work()) == (0, 0)

    box.later(hours=2)
    assert await box.messages.tidy() == 1
    assert (await box.kept(), await box.work()) == (0, 1)

    assert box.echo.read == [None]
    assert len(await box.told()) == 1


async def test_a_reference_that_a_phone_uses_again_begins_a_new_message(box: Postbox) -> None:
    old, new = cut(b"a" * 200, 2, GSM), cut(b"b" * 200, 2, GSM)
    await box.take(old[0])
    box.later(seconds=1)

    await box.take(*new)
    await box.work()

    assert box.echo.read == [None, "b" * 200]


async def test_a_part_that_comes_again_after_the_whole_begins_nothing(box: Postbox) -> None:
    parts = cut(b"a" * 200, 2, GSM)
    await box.take(*parts)
    await box.work()
    box.later(minutes=10)

    assert await box.take(parts[1]) == [Taken.REPEATED]
    assert await box.states() == ["done"]


async def test_one_number_has_few_unfinished_messages_at_once(box: Postbox) -> None:
    for reference in range(UNFINISHED_MAX + 2):
        box.later(seconds=1)
        await box.take(cut(b"a" * 200, 2, GSM, reference=reference)[0])
        await box.take(cut(b"a" * 200, 2, GSM, reference=reference, source=OTHER)[0])

    assert sorted(await box.states()) == ["collecting"] * (2 * UNFINISHED_MAX) + ["ready"] * 4


@pytest.mark.parametrize(
    ("incoming", "taken"),
    [
        (message("BAL", "Bank"), Taken.SENDER),
        (message("BAL", "1420"), Taken.SENDER),
        (message("BAL", "+98912000000100000"), Taken.SENDER),
        (Incoming("one", PERSON, PERSON, GSM, b"BAL"), Taken.SENDER),
        (Incoming("one", PERSON, PERSON.lstrip("+"), GSM, b"BAL"), Taken.SENDER),
        (Incoming("one", PERSON, OURS, GSM, b"a" * (OCTETS_MAX + 1)), Taken.TOO_LONG),
        (Incoming("one", PERSON, OURS, GSM, b"a", Place(1, PARTS_MAX + 1, 1)), Taken.TOO_LONG),
        (Incoming("one", PERSON, OURS, GSM, b"a", Place(1, 2, 3)), Taken.TOO_LONG),
        (Incoming("one", PERSON, OURS, GSM, b"a", Place(1, 0, 0)), Taken.TOO_LONG),
        (Incoming("one", PERSON, OURS, GSM, b"", Place(1, 1, 1)), Taken.TAKEN),
    ],
)
async def test_what_nobody_could_read_or_be_answered_is_refused_and_counted(
    box: Postbox, incoming: Incoming, taken: Taken
) -> None:
    assert await box.take(incoming) == [taken]

    await box.work()

    assert box.ends(taken.value) == 1
    assert await box.kept() == 0
    assert box.echo.read == {Taken.SENDER: [], Taken.TOO_LONG: [None], Taken.TAKEN: [""]}[taken]


async def test_a_process_that_dies_between_reading_and_answering_leaves_the_message_to_another(box: Postbox) -> None:
    await box.take(message("BAL"))
    box.teller.dies = True
    assert await box.work() == 1
    assert (await box.told(), await box.states()) == ([], ["leased"])
    box.teller.dies = False
    other = box.again()
    assert await other.work() == 0

    box.later(seconds=LEASE_S)
    assert await other.work() == 1

    assert other.echo.read == ["BAL"]
    assert len(await box.told()) == 1


async def test_whoever_lost_its_lease_answers_nothing(box: Postbox) -> None:
    await box.take(message("BAL"))
    other = box.again()

    class Slow:
        async def answer(self, _written: Written) -> Answer | None:
            box.later(seconds=LEASE_S)
            await other.work()
            return Answer("reply_balance", "en")

    await box.again(Slow()).work()

    assert len(await box.told()) == 1
    assert box.ends("overtaken") == 1


async def test_the_leases_of_a_dead_process_end_at_a_start(box: Postbox) -> None:
    await box.take(message("BAL"))
    box.teller.dies = True
    await box.work()
    box.teller.dies = False

    assert await box.messages.take_over() == 1
    assert await box.work() == 1
    assert len(await box.told()) == 1


async def test_a_message_that_breaks_its_reader_holds_up_nobody_and_is_given_to_staff(box: Postbox) -> None:
    await box.take(message("BAL"), message("PAY", OTHER))
    box.echo.fault = PeerUnavailable("down")
    for _ in range(ATTEMPTS_MAX):
        await box.work()
        box.later(seconds=LEASE_S)

    assert (await box.states(), await box.kept()) == (["failed", "failed"], 0)
    assert box.ends("failed") == 2


async def test_messages_of_one_number_are_read_in_order(box: Postbox) -> None:
    for number in range(5):
        box.later(seconds=1)
        await box.take(message(f"{PERSON} {number}"), message(f"{OTHER} {number}", OTHER))

    assert await box.messages.work() == 2
    await box.work()

    for source in (PERSON, OTHER):
        assert [text for text in box.echo.read if text and text.startswith(source)] == [
            f"{source} {number}" for number in range(5)
        ]


async def test_several_processes_read_each_message_once(box: Postbox) -> None:
    others = [box.again() for _ in range(3)]
    await box.take(*(message(f"text {n}", f"+9891200001{n:02d}") for n in range(30)))

    assert sum([await process.work() for process in (box, *others)]) == 30
    assert len(await box.told()) == 30


@pytest.mark.parametrize("limit", Limit)
async def test_an_answering_machine_at_the_other_end_gets_few_answers(box: Postbox, limit: Limit) -> None:
    box.echo.limit = limit
    for number in range(ANSWERS_MAX[limit] + 3):
        await box.take(message(f"thank you for message {number}"), message("silence", reference=str(number)))
    await box.work()
    assert len(await box.told()) == ANSWERS_MAX[limit]
    assert box.ends("limited") == 3

    box.later(hours=1)
    await box.take(message("later"))
    await box.work()
    assert len(await box.told()) == ANSWERS_MAX[limit] + 1


async def test_a_number_that_wrote_thousands_of_times_holds_up_nobody(tmp_path: Path, clock: ManualClock) -> None:
    async with postbox(f"sqlite:///{tmp_path / 'store.db'}", clock) as box:
        await box.take(message("BAL"))
        await box.work()
        (one,) = (dict(row._mapping) for row in await box.store.read(select(MESSAGES)))
        rows = [
            one | {"id": f"{one['id']}{n:04d}", "state": state}
            for state, numbers in (("done", range(2000)), ("ready", range(2000, 2200)))
            for n in numbers
        ]
        steps: list[int] = []

        def work(tx: Connection) -> None:
            tx.execute(insert(MESSAGES), rows)
            tx.connection.driver_connection.set_progress_handler(lambda: steps.append(1), 1000)  # type: ignore[union-attr]
            assert len(inbox.claim(tx, "lse_1", clock.now(), LEASE_S, 20)) == 1
            tx.connection.driver_connection.set_progress_handler(None, 0)  # type: ignore[union-attr]

        await box.store.write(work)
        # A thousand steps of SQLite's machine each: a few for each message that waits, none for those that are done.
        assert len(steps) < 20


async def test_what_is_old_is_forgotten(box: Postbox) -> None:
    await box.take(*cut(b"a" * 200, 2, GSM))
    await box.work()
    box.later(days=8)

    assert await box.messages.tidy() == 1

    assert await box.states() == []
    assert await box.store.read(select(PARTS)) == await box.store.read(select(SEEN)) == []
