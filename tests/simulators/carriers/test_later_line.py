"""Pages that come by a request of the application: what the carrier takes, what it refuses, and when."""

from dataclasses import replace

import pytest

from simulators.carriers.hop import Timers
from simulators.carriers.later_line import LaterLine
from simulators.faults import CarrierFaults
from tests.simulators.carriers.application import PHONE, Scene, scene
from tests.simulators.carriers.later_speakers import LATER_SPEAKERS, Posted

WIRES = sorted(LATER_SPEAKERS)


def listening(line: Scene) -> LaterLine:
    assert isinstance(line.carrier.line, LaterLine)
    return line.carrier.line


def with_another(old: str, new: str, posted: Posted) -> Posted:
    headers = {name: value.replace(old, new) for name, value in posted.headers.items()}
    changed = Posted(posted.path.replace(old, new), posted.body.replace(old, new), headers)
    assert changed != posted, f"{old} is not there"
    return changed


OTHERS = {
    "another password": ("parlayx", "<c:spPassword>", "<c:spPassword>0", "spPassword is not that of tapdial"),
    "an old time": ("parlayx", "<c:timeStamp>20", "<c:timeStamp>19", "s old"),
    "a time of another form": ("parlayx", "<c:timeStamp>20", "<c:timeStamp>20-", "timeStamp is not of the form"),
    "another service": ("parlayx", "35000001000001", "35000001000002", "serviceId is not"),
    "another link": ("parlayx", "<c:linkid>", "<c:linkid>9", "linkid is not"),
    "another payer": ("parlayx", "<c:OA>98", "<c:OA>99", "OA is another phone"),
    "another phone in SOAP": ("parlayx", "<u:msIsdn>98", "<u:msIsdn>99", "msIsdn is not"),
    "no number of its own": ("parlayx", "00000007", "FFFFFFFF", "senderCB is not the application's"),
    "a question that is released": (
        "parlayx", "<u:ussdOpType>1", "<u:ussdOpType>4", "msgType and ussdOpType do not go together"
    ),
    "Persian in the default alphabet": ("parlayx", "Heard", "سلام", "codeScheme 15 is not the text's"),
    "another scheme": ("parlayx", "<u:codeScheme>15", "<u:codeScheme>68", "codeScheme 68 is not the text's"),
    "SOAP 1.2": ("parlayx", "text/xml", "application/xml", "it is no SOAP 1.1"),
    "no header": ("parlayx", "c:RequestSOAPHeader", "c:NotifySOAPHeader", "there is no RequestSOAPHeader"),
    "another token": ("oneapi", "Bearer s", "Bearer S", "the bearer token is not that of tapdial"),
    "another path": ("oneapi", "/outbound/", "/inbound/", "the path does not end"),
    "another phone": ("oneapi", '"address": "tel:+98', '"address": "tel:+99', "address is not the request's"),
    "another code": ("oneapi", "tel:1420", "tel:1421", "shortCode is not the request's"),
    "nowhere to notify": ("oneapi", "http://application.example/", "", "notifyURL is no address"),
    "a push": ("oneapi", "mtcont", "mtinit", "ussdAction is mtinit"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
async def test_a_page_of_another_form_is_refused_and_said(case: str) -> None:
    wire, old, new, reason = OTHERS[case]
    async with scene(wire) as line:
        line.application.changed = lambda posted: with_another(old, new, posted)
        screen = await line.carrier.dial(PHONE, "*1420#")

        assert reason in (screen.failed or "")
        assert (screen.open, line.application.answered[0] // 100) == (False, 5 if wire == "parlayx" else 4)


@pytest.mark.parametrize(("wire", "mark"), [("parlayx", "<u:receiveCB>"), ("oneapi", '"sessionID": "')])
async def test_a_page_for_a_session_that_is_not_there_is_shown_to_nobody(wire: str, mark: str) -> None:
    async with scene(wire) as line:
        http = listening(line)
        http.form = replace(http.form, timers=Timers(application_s=0.3))
        line.application.changed = lambda posted: with_another(mark, f"{mark}9", posted)
        screen = await line.carrier.dial(PHONE, "*1420#")

        assert screen.failed == "the application sent no page in time"
        assert list(http.refused) == ["no hop of this session waits for a page"]


async def test_the_applications_number_stays_the_same_in_a_session() -> None:
    async with scene("parlayx") as line:
        await line.carrier.dial(PHONE, "*1420#")
        line.application.changed = lambda posted: with_another("00000007", "00000008", posted)

        assert "senderCB is not the application's" in ((await line.carrier.answer(PHONE, "1")).failed or "")


@pytest.mark.parametrize("wire", WIRES)
async def test_two_copies_of_a_hop_have_a_page_each(wire: str) -> None:
    async with scene(wire) as line:
        line.faults.carrier = CarrierFaults(duplicate_rate=1.0)
        screen = await line.carrier.dial(PHONE, "*1420#")

        assert (screen.open, len(line.application.answered), len(line.carrier.differing)) == (True, 2, 1)
        assert line.application.wired[0] == line.application.wired[1]


async def test_a_page_under_a_name_that_came_already_is_not_shown_again() -> None:
    async with scene("oneapi") as line:
        http = listening(line)
        http.form = replace(http.form, timers=Timers(application_s=0.3))
        line.application.pages = ["same", "same"]
        first, second = await line.carrier.dial(PHONE, "*1420#"), await line.carrier.answer(PHONE, "1")

        assert (first.text, second.failed) == ("same", "the application sent no page in time")
        assert line.application.answered == [201, 201]


async def test_a_port_that_is_taken_is_said() -> None:
    async with scene("oneapi") as first, scene("oneapi") as second:
        await first.carrier.dial(PHONE, "*1420#")
        listening(second)._port = listening(first)._port

        assert "is taken" in ((await second.carrier.dial(PHONE, "*1420#")).failed or "")
