"""The links' pure rules: statuses, ids, lanes, health, routes, addresses of people."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.peers.smsc import LinkProfile, Route
from gateway.peers.smsc.arrivals import coding_of, person
from gateway.peers.smsc.health import HEALTHY_MIN, Health
from gateway.peers.smsc.ids import IdForm, normal
from gateway.peers.smsc.routing import groups_of, shuffled
from gateway.peers.smsc.statuses import Action, Statuses, status_label, status_name
from gateway.peers.smsc.waiting import Job, Waiting
from gateway.services.notices import PartState
from gateway.wire.gsm import Coding
from gateway.wire.smpp import SubmitSm
from tests.gateway.peers.smsc_stubs import message

PROFILE = LinkProfile("smsc", "127.0.0.1", 2775, "tapdial", "demo", "1420")
ZEROS, LOWER, DECIMAL, HEX = IdForm.STRIP_ZEROS, IdForm.LOWER, IdForm.HEX_TO_DECIMAL, IdForm.DECIMAL_TO_HEX


@pytest.mark.parametrize(
    ("both", "resp", "receipt", "answered", "received"),
    [
        ((), (), (), "a1", "a1"),
        ((IdForm.AS_IS,), (), (), "A1", "A1"),
        ((ZEROS,), (), (), "00042", "42"),
        ((LOWER,), (), (), "7F3A", "7f3a"),
        ((), (DECIMAL,), (), "1A2B", "6699"),
        ((ZEROS,), (DECIMAL,), (), "00001A2B", "0000006699"),
        ((LOWER,), (), (HEX,), "1A2B", "6699"),
        ((), (DECIMAL,), (), "0x1A", "26"),
        ((ZEROS,), (), (), "000", "0"),
    ],
)  # fmt: skip
def test_ids_of_answers_and_receipts_meet(
    both: tuple[IdForm, ...], resp: tuple[IdForm, ...], receipt: tuple[IdForm, ...], answered: str, received: str
) -> None:
    profile = replace(PROFILE, ids=both, ids_resp=resp, ids_receipt=receipt)
    assert profile.id_of_resp(answered) == profile.id_of_receipt(received)


def test_hex_and_decimal_ids_do_not_meet_without_being_told() -> None:
    assert PROFILE.id_of_resp("1A2B") != PROFILE.id_of_receipt("6699")


@given(st.text(max_size=70), st.lists(st.sampled_from(IdForm), max_size=4))
def test_no_id_upsets_its_forms(message_id: str, forms: list[IdForm]) -> None:
    assert len(normal(message_id, forms)) <= max(64, len(message_id.lower()))


@pytest.mark.parametrize(
    ("status", "action", "throttles"),
    [
        (0x58, Action.RETRY, True),
        (0x14, Action.RETRY, True),
        (0x08, Action.RETRY, False),
        (0x64, Action.RETRY, False),
        (0x0B, Action.FAIL, False),
        (0x01, Action.FAIL, False),
        (0x0A, Action.OTHER_LINK, False),
        (0x45, Action.OTHER_LINK, False),
        (0x0400, Action.OTHER_LINK, False),
    ],
)
def test_each_status_has_its_action(status: int, action: Action, *, throttles: bool) -> None:
    statuses = Statuses({})
    assert (statuses.action(status), statuses.throttling(status)) == (action, throttles)


def test_a_link_may_see_a_status_differently() -> None:
    statuses = Statuses({0x45: Action.RETRY, 0x0417: Action.FAIL})
    assert [statuses.action(status) for status in (0x45, 0x0417, 0x0B)] == [Action.RETRY, Action.FAIL, Action.FAIL]


def test_a_status_is_logged_by_its_name() -> None:
    assert (status_name(0x0E), status_name(0x0400)) == ("ESME_RINVPASWD", "0x00000400")


def job(number: int, lane: int, until: float = 0.0) -> Job:
    def done(_job: Job, _state: PartState, _message_id: str, _status: int) -> None:
        pass

    return Job(number, lane, SubmitSm(), done, until)


def test_a_one_time_code_overtakes_a_campaign_and_equals_keep_their_order() -> None:
    waiting = Waiting(10)
    for number, lane in enumerate((2, 1, 2, 0, 1, 0)):
        assert waiting.push(job(number, lane)) is None
    assert [waiting.pop().number for _ in range(6)] == [3, 5, 1, 4, 0, 2]


def test_when_all_places_are_taken_the_last_of_the_lowest_lane_leaves() -> None:
    waiting = Waiting(2)
    for number, lane, out in ((1, 2, None), (2, 1, None), (3, 2, 3), (4, 0, 1), (5, 1, 5)):
        left = waiting.push(job(number, lane))
        assert (left.number if left else None) == out
    assert [waiting.pop().number for _ in range(len(waiting))] == [4, 2]


def test_whoever_has_waited_for_long_enough_is_taken_out() -> None:
    waiting = Waiting(5)
    for number, until in ((1, 10.0), (2, 5.0), (3, 20.0)):
        waiting.push(job(number, 1, until))
    assert sorted(each.number for each in waiting.overdue(10.0)) == [1, 2]
    assert [each.number for each in waiting.clear()] == [3]
    assert len(waiting) == 0


def test_throttling_faults_and_slowness_cost_health_and_time_heals() -> None:
    health = Health(response_s=10.0)
    assert health.score(0.0) == 100
    for _ in range(10):
        health.throttled(1.0)
    assert 35 < 100 * health.throttle_ratio(1.0) < 45
    for _ in range(10):
        health.failed(1.0)
    assert health.score(1.0) < HEALTHY_MIN
    assert health.score(40.0) > HEALTHY_MIN
    for _ in range(200):
        health.accepted(41.0, 5.0)
    assert 45 <= health.score(41.0) <= 55


@pytest.mark.parametrize(("status", "label"), [(0x08, "0x08"), (0x0417, "0x417"), (0xDEADBEEF, "other")])
def test_statuses_make_only_so_many_labels(status: int, label: str) -> None:
    assert status_label(status) == label


def test_a_link_that_was_slow_and_is_left_alone_is_tried_again_and_believed() -> None:
    health = Health(response_s=10.0)
    for _ in range(20):
        health.accepted(1.0, 9.0)
    assert health.score(1.0) < HEALTHY_MIN
    assert health.score(40.0) > HEALTHY_MIN
    health.accepted(40.0, 0.1)
    assert health.score(40.0) > HEALTHY_MIN


ROUTES = (
    Route(({"codes": 1},), class_=("one_time_code",)),
    Route(({"north": 1}, {"south": 1}), prefix=("+98912", "+98935")),
    Route(({"short": 1},), sender=("1420",)),
    Route(({"slow": 1},), lane=(2,)),
)


@pytest.mark.parametrize(
    ("address", "class_", "sender", "lane", "groups"),
    [
        ("+989120000001", "one_time_code", "", 0, ["codes"]),
        ("+989120000001", "cash_in", "", 1, ["north", "south"]),
        ("+989350000001", "cash_in", "1420", 1, ["north", "south"]),
        ("+989010000001", "cash_in", "1420", 1, ["short"]),
        ("+989010000001", "cash_in", "", 2, ["slow"]),
        ("+989010000001", "cash_in", "", 1, ["others"]),
    ],
)
def test_a_message_takes_the_first_route_that_fits(
    address: str, class_: str, sender: str, lane: int, groups: list[str]
) -> None:
    asked = replace(message(address=address), class_=class_, sender=sender, lane=lane)
    assert [next(iter(group)) for group in groups_of(asked, ROUTES, {"others": 1})] == groups


def test_weights_share_the_messages_and_a_message_always_draws_the_same() -> None:
    group = {"a": 3, "b": 1}
    drawn = [shuffled(group, f"ntc_{number}")[0] for number in range(4000)]
    assert 0.72 < Counter(drawn)["a"] / 4000 < 0.78
    assert drawn[:50] == [shuffled(group, f"ntc_{number}")[0] for number in range(50)]


@pytest.mark.parametrize(
    ("ton", "digits", "source"),
    [
        (1, "989120000001", "+989120000001"),
        (0, "989120000001", "+989120000001"),
        (0, "09120000001", "+989120000001"),
        (2, "9120000001", "+989120000001"),
        (3, "1420", "1420"),
        (5, "MyBank", "MyBank"),
        (0, "", ""),
    ],
)
def test_who_wrote_is_known_by_one_form_of_the_number(ton: int, digits: str, source: str) -> None:
    assert person(ton, 1, digits) == source


@pytest.mark.parametrize(
    ("data_coding", "coding"),
    [
        (0, Coding.GSM), (1, Coding.LATIN1), (3, Coding.LATIN1), (8, Coding.UCS2), (0x0F, Coding.GSM),
        (0xF0, Coding.GSM), (0xF4, None), (0x18, Coding.UCS2), (0x48, Coding.UCS2), (0x11, Coding.GSM),
        (2, None), (4, None), (0x80, None),
    ],
)  # fmt: skip
def test_a_data_coding_names_an_alphabet(data_coding: int, coding: Coding | None) -> None:
    assert coding_of(PROFILE, data_coding) is coding
    assert coding_of(replace(PROFILE, data_coding_in={data_coding: Coding.UCS2}), data_coding) is Coding.UCS2
