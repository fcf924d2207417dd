"""What a carrier keeps whatever its wire: dialogues, timers, and what goes wrong when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from simulators.carriers import FORMS, Screen
from simulators.carriers.hop import Timers
from simulators.carriers.http_line import HttpLine
from simulators.faults import CarrierFaults, Mishap
from tests.simulators.acquirer import until
from tests.simulators.carriers.application import PHONE, Scene, scene

OTHER = "+989120000002"


@pytest.fixture(params=["africastalking", "hubtel", "restcomm"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with scene(str(request.param)) as made:
        yield made


@pytest.fixture
async def forms() -> AsyncIterator[Scene]:
    async with scene("africastalking") as made:
        yield made


def timed(line: Scene, timers: Timers) -> None:
    http = line.carrier.line
    assert isinstance(http, HttpLine)
    http.form = replace(http.form, timers=timers)


async def test_answers_accumulate_and_the_end_closes(forms: Scene) -> None:
    screens = [await forms.carrier.dial(PHONE, "*1420#")]
    screens += [await forms.carrier.answer(PHONE, typed) for typed in ("1", "2", "0")]

    fields = [wired.fields for wired in forms.application.wired]
    assert screens[0] == Screen("Heard 1\n0. End", open=True)
    assert screens[-1] == Screen("Heard 4\n0. End", open=False)
    assert [each["text"] for each in fields] == ["", "1", "1*2", "1*2*0"]
    assert {(each["phoneNumber"], each["serviceCode"]) for each in fields} == {(PHONE, "*1420#")}
    assert {each["sessionId"][:6] for each in fields} == {"ATUid_"}


@pytest.mark.parametrize("code", ["*1421#", "1420", "*1420", "", "*1420*1", "*14200#", "*1420#1"])
async def test_another_code_has_no_service(forms: Scene, code: str) -> None:
    assert (await forms.carrier.dial(PHONE, code)).failed is not None
    assert forms.application.wired == []


async def test_dialling_again_cuts_the_open_dialogue(line: Scene) -> None:
    await line.carrier.dial(PHONE, "*1420#")
    await line.carrier.dial(PHONE, "*1420#")

    assert len({hop.session for hop in line.application.hops}) == 2


async def test_two_handsets_have_two_dialogues(line: Scene) -> None:
    await line.carrier.dial(PHONE, "*1420#")
    await line.carrier.dial(OTHER, "*1420#")
    line.carrier.cancel(PHONE)

    assert (await line.carrier.answer(OTHER, "1")).open
    assert not (await line.carrier.answer(PHONE, "1")).open


async def test_a_slow_application_loses_the_dialogue(line: Scene) -> None:
    timed(line, Timers(application_s=0.05))
    line.application.delay_s = 0.2

    assert (await line.carrier.dial(PHONE, "*1420#")).failed == "the application did not answer in time"


@pytest.mark.parametrize("timers", [Timers(session_s=0.15), Timers(idle_s=0.15)])
async def test_a_person_who_waits_too_long_has_no_dialogue(line: Scene, timers: Timers) -> None:
    timed(line, timers)
    await line.carrier.dial(PHONE, "*1420#")
    await asyncio.sleep(0.2)

    assert (await line.carrier.answer(PHONE, "1")).failed is not None
    if line.application.wire != "africastalking":
        assert await line.told(1) == ["timeout"]


async def test_nobody_at_the_address_is_said(forms: Scene) -> None:
    forms.carrier.line = HttpLine(FORMS["nalo"], "http://127.0.0.1:9", "", forms.trace)

    assert (await forms.carrier.dial(PHONE, "*1420#")).failed == "the application cannot be reached"


async def test_every_message_is_traced(line: Scene) -> None:
    await line.carrier.dial(PHONE, "*1420#")

    assert [(message.wire, message.outbound) for message in line.trace.messages] == [("ussd", True), ("ussd", False)]


def test_every_mishap_has_a_rate_of_zero() -> None:
    faults = CarrierFaults()

    assert [faults.rate(mishap) for mishap in Mishap] == [0.0] * len(Mishap)


async def hop_with(line: Scene, mishap: Mishap) -> Screen:
    """Dial, type 1, and type 2 with a mishap; what the phone shows then."""
    await line.carrier.dial(PHONE, "*1420#")
    await line.carrier.answer(PHONE, "1")
    setattr(line.faults.carrier, f"{mishap}_rate", 1.0)
    screen = await line.carrier.answer(PHONE, "2")
    setattr(line.faults.carrier, f"{mishap}_rate", 0.0)
    assert line.carrier.mishaps == {mishap: 1}
    return screen


@pytest.mark.parametrize("by_button", [False, True])
async def test_a_dropped_session_is_gone_after_the_answer(line: Scene, *, by_button: bool) -> None:
    if by_button:
        await line.carrier.dial(PHONE, "*1420#")
        line.faults.drop_session = True
        screen = await line.carrier.answer(PHONE, "1")
        assert not line.faults.drop_session
    else:
        screen = await hop_with(line, Mishap.DROP)

    assert screen == Screen("", open=False, failed="the network dropped the session")
    assert not (await line.carrier.answer(PHONE, "2")).open
    assert (await line.carrier.dial(PHONE, "*1420#")).open
    if line.application.wire != "africastalking":
        assert await line.told(1) == ["timeout"]


async def test_a_lost_answer_is_told_nobody(line: Scene) -> None:
    screen = await hop_with(line, Mishap.LOST_ANSWER)
    await line.carrier.close()

    assert screen.failed is not None
    assert len(line.application.hops) == 3
    assert line.application.told == []


async def test_a_delayed_answer_comes(line: Scene) -> None:
    line.faults.carrier.delay_ms = 150
    began = time.monotonic()
    screen = await hop_with(line, Mishap.DELAY)

    assert screen.open
    assert time.monotonic() - began >= 0.15


@pytest.mark.parametrize("by_button", [False, True])
async def test_a_hop_can_come_twice_at_once(line: Scene, *, by_button: bool) -> None:
    line.faults.callback_twice = by_button
    screen = await line.carrier.dial(PHONE, "*1420#") if by_button else await hop_with(line, Mishap.DUPLICATE)

    assert screen.open
    wired = line.application.wired
    assert wired[-1] == wired[-2]


async def test_a_hop_can_come_again_after_its_answer(line: Scene) -> None:
    screen = await hop_with(line, Mishap.REPEAT)

    assert screen.text == "Heard 3\n0. End"
    assert line.application.wired[2] == line.application.wired[3]
    assert line.carrier.differing == [("Heard 3\n0. End", "Heard 4\n0. End")]


@pytest.mark.parametrize(("mishap", "copied"), [(Mishap.REORDER, 1), (Mishap.REPEATED_BEGIN, 0)])
async def test_an_older_hop_can_come_after_a_newer(line: Scene, mishap: Mishap, copied: int) -> None:
    screen = await hop_with(line, mishap)

    assert screen.text == "Heard 3\n0. End"
    wired = line.application.wired
    assert len(wired) == 4
    assert wired[3] == wired[copied]
    assert (await line.carrier.answer(PHONE, "3")).open


async def test_octets_that_are_no_text_reach_the_application(line: Scene) -> None:
    screen = await hop_with(line, Mishap.CHARSET)

    body = line.application.wired[2].body
    assert b"\xff\xfe" in body or b"%FF%FE" in body
    assert (screen.failed, line.application.broken) == ("the application answered 400", 1)


@pytest.mark.parametrize("mishap", [Mishap.SLOW_WRITE, Mishap.SLOW_READ])
async def test_a_slow_link_brings_everything_in_the_end(line: Scene, mishap: Mishap) -> None:
    line.faults.carrier.slow_ms = 200
    began = time.monotonic()
    screen = await hop_with(line, mishap)

    assert (screen.text, screen.failed) == ("Heard 3\n0. End", None)
    assert time.monotonic() - began >= 0.1
    assert (await line.carrier.answer(PHONE, "0")).failed is None
    assert len({hop.session for hop in line.application.hops}) == 1


async def test_a_slow_link_has_the_applications_time_and_no_more(line: Scene) -> None:
    timed(line, Timers(application_s=0.1))
    line.faults.carrier.slow_ms = 1_000

    assert (await hop_with(line, Mishap.SLOW_WRITE)).failed == "the application did not answer in time"


async def test_a_person_can_hang_up_instead_of_answering(line: Scene) -> None:
    screen = await hop_with(line, Mishap.ABORT)

    assert screen == Screen("", open=False, failed="the person hung up")
    assert len(line.application.hops) == 2
    if line.application.wire != "africastalking":
        assert await line.told(1) == ["abort"]


async def test_a_person_can_dial_again_while_a_hop_is_on_its_way(line: Scene) -> None:
    screen = await hop_with(line, Mishap.REDIAL)

    sessions = [hop.session for hop in line.application.hops]
    assert screen.open
    assert (len(sessions), len(set(sessions)), sessions[0]) == (4, 2, sessions[1])
    assert (await line.carrier.answer(PHONE, "1")).open
    assert line.application.hops[-1].session == next(one for one in sessions if one != sessions[0])


async def test_what_goes_wrong_is_the_same_in_every_run_of_a_seed(forms: Scene) -> None:
    drawn = []
    for seed in (1, 1, 2):
        async with scene("africastalking") as line:
            line.faults.carrier = CarrierFaults(duplicate_rate=0.5, repeat_rate=0.5, seed=seed)
            await line.carrier.dial(PHONE, "*1420#")
            for _ in range(12):
                await line.carrier.answer(PHONE, "1")
            drawn.append([wired.fields["text"] for wired in line.application.wired])

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


async def test_hanging_up_while_a_hop_is_on_its_way_leaves_no_page(line: Scene) -> None:
    line.application.delay_s = 0.1
    async with asyncio.TaskGroup() as group:
        dialled = group.create_task(line.carrier.dial(PHONE, "*1420#"))
        await until(lambda: len(line.application.heard) == 1)
        line.carrier.cancel(PHONE)

    assert dialled.result() == Screen("", open=False, failed="the person hung up")
