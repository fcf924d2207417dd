"""The bank's books: what is refused, when money moves, and what faults do."""

import importlib.resources
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from simulators.bank import Account, Books, Terms
from simulators.bank.books import Taken
from simulators.faults import BankFaults
from tests.simulators.bank.opened import BALANCE, NOON, Open, balance, files, said, take, tree
from tests.simulators.bank.pain import OPEN, OTHER, TRUST, Pain, Pay, magic

SCHEMAS = Path(str(importlib.resources.files("sepaxml"))) / "schemas"


@pytest.mark.parametrize("version", ["03", "09"])
def test_what_we_write_by_hand_is_a_payment_order_by_its_schema(version: str) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / f"pain.001.001.{version}.xsd"))

    schema.assertValid(etree.fromstring(Pain((Pay("E1"), Pay("E2")), version=version).octets()))


@pytest.mark.parametrize(("version", "answer"), [("03", "pain.002.001.03"), ("09", "pain.002.001.10")])
def test_a_group_is_accepted_at_once_and_paid_at_the_cycle(bank: Open, version: str, answer: str) -> None:
    books = bank()

    take(books, Pain((Pay("E1", 1_000), Pay("E2", 500, OTHER)), version=version))

    assert said(books) == [("ACTC", [("E1", "ACTC", None), ("E2", "ACTC", None)])]
    assert answer.encode() in files(books, "pain002")[0]
    assert balance(books) == BALANCE

    books.cycle()

    assert said(books)[1:] == [("ACSP", [("E1", "ACSP", None), ("E2", "ACSP", None)])]
    assert balance(books) == BALANCE - 1_500
    books.cycle()
    assert len(said(books)) == 2, "what was paid is not paid again"


def test_a_single_payment_is_paid_at_once_and_booked_by_itself(bank: Open) -> None:
    books = bank()

    take(books, Pain((Pay("E1", 900),), single=True))

    assert said(books) == [("ACSC", [("E1", "ACSC", None)])]
    entry = tree(files(books, "camt054")[0]).find(".//Ntry")
    assert entry is not None
    assert (entry.findtext("Amt"), entry.findtext("CdtDbtInd"), entry.find(".//Btch")) == ("900", "DBIT", None)
    assert entry.findtext(".//Refs/EndToEndId") == "E1"


WRONG = "IR00" + OPEN[4:]
REJECTS = [
    (Pay("E1", iban=WRONG), "AC01", "receipt"),
    (Pay("E1", iban="IR1"), "AC01", "receipt"),
    (Pay("E1", currency="USD"), "AM03", "receipt"),
    (Pay("E1", amount="0"), "AM12", "receipt"),
    (Pay("E1", amount="10.50"), "AM12", "receipt"),
    (Pay("E1", iban=magic("9001")), "AC01", "cycle"),
    (Pay("E1", iban=magic("9004")), "AC04", "cycle"),
    (Pay("E1", iban=magic("9006")), "AC06", "cycle"),
    (Pay("E1", iban=magic("9014")), "BE04", "cycle"),
    (Pay("E1", iban=magic("9044")), "RR04", "cycle"),
    (Pay("E1", iban=magic("9054")), "AM04", "cycle"),
    (Pay("E1", amount=BALANCE + 1), "AM04", "cycle"),
]


@pytest.mark.parametrize(("pay", "reason", "when"), REJECTS, ids=[f"{row[1]}-{at}" for at, row in enumerate(REJECTS)])
def test_a_payment_is_rejected_by_rule_and_the_others_are_paid(bank: Open, pay: Pay, reason: str, when: str) -> None:
    books = bank()

    take(books, Pain((pay, Pay("E2", 700))))
    books.cycle()

    assert said(books)[0 if when == "receipt" else 1] == (
        "PART",
        [("E1", "RJCT", reason), ("E2", "ACTC" if when == "receipt" else "ACSP", None)],
    )
    assert balance(books) == BALANCE - 700


def test_the_second_of_two_payments_with_one_end_to_end_id_is_rejected(bank: Open) -> None:
    books = bank()

    take(books, Pain((Pay("E1", 100), Pay("E1", 200))))

    assert said(books) == [("PART", [("E1", "ACTC", None), ("E1", "RJCT", "AM05")])]


def test_payments_are_covered_in_their_order_until_the_money_is_gone(bank: Open) -> None:
    books = bank()

    take(books, Pain((Pay("E1", 600_000), Pay("E2", 600_000), Pay("E3", 400_000))))
    books.cycle()

    assert [one[1:] for one in said(books)[1][1]] == [("ACSP", None), ("RJCT", "AM04"), ("ACSP", None)]
    assert balance(books) == 0


def test_an_account_that_is_not_ours_pays_nothing(bank: Open) -> None:
    books = bank()

    take(books, Pain((Pay("E1"),), debtor=OTHER))

    assert said(books) == [("RJCT", [("E1", "RJCT", "AC02")])]


GOOD = Pain((Pay("E1"),))
BOMB = '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;">]>'
MALFORMED = [
    (b"", "FF01"),
    (b"{}", "FF01"),
    (GOOD.octets()[:-20], "FF01"),
    (Pain((Pay("E1", name="&c;"),), head=BOMB).octets(), "FF01"),
    (Pain((Pay("E1"),), head='<!DOCTYPE a SYSTEM "file:///etc/passwd">').octets(), "FF01"),
    (GOOD.octets().replace(b"pain.001.001.09", b"pain.001.001.12"), "FF01"),
    (GOOD.octets().replace(b"pain.001.001.09", b"pain.008.001.08"), "FF01"),
    (GOOD.octets().replace(b"<EndToEndId>E1</EndToEndId>", b""), "FF01"),
    (GOOD.octets().replace(b"<Nm>Leila Rahimi</Nm>", b""), "FF01"),
    (GOOD.octets().replace(b"<Nm>Leila", b"<Nm>" + b"x" * 141), "FF01"),
    (GOOD.octets().replace(b"TRF", b"CHK"), "FF01"),
    (Pain((Pay("E1"),), day="yesterday").octets(), "FF01"),
    (Pain((Pay("E" * 36),)).octets(), "FF01"),
    (Pain(()).octets(), "FF01"),
    (Pain((Pay("E1"),), count="2").octets(), "AM18"),
    (Pain((Pay("E1"),), total="999").octets(), "AM10"),
    (Pain((Pay("E1"),), more="<x>" * 20 + "</x>" * 20).octets(), "FF01"),
]


@pytest.mark.parametrize(("octets", "reason"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_file_that_is_no_order_is_rejected_as_a_group_and_moves_nothing(
    bank: Open, octets: bytes, reason: str
) -> None:
    books = bank()

    books.take("FILE1", "0" * 64, octets)
    books.cycle()

    answers = [tree(one) for one in files(books, "pain002")]
    assert [(one.findtext(".//GrpSts"), one.findtext(".//Rsn/Cd")) for one in answers] == [("RJCT", reason)]
    assert answers[0].findtext(".//OrgnlMsgId") in ("FILE1", "BAT1")
    assert balance(books) == BALANCE


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_octets_come_the_bank_answers_and_pays_only_what_it_has_read(data: st.DataObject) -> None:
    octets = bytearray(GOOD.octets())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    books = Books(None, (Account(TRUST, "x", BALANCE),), BankFaults(), Terms(), lambda: NOON)

    books.take("FILE1", "0" * 64, bytes(octets))
    books.cycle()

    assert len(files(books, "pain002")) >= 1
    assert 0 <= balance(books) <= BALANCE
    books.close()


def test_the_same_order_is_paid_once_and_another_content_is_not_taken(bank: Open) -> None:
    books = bank()
    order, other = Pain((Pay("E1", 100),)), Pain((Pay("E1", 200),))

    assert [take(books, order), take(books, order), take(books, other)] == [Taken.NEW, Taken.SAME, Taken.OTHER]
    take(books, order, "ANOTHER-ID")
    books.cycle()

    assert balance(books) == BALANCE - 100
    assert ("RJCT", []) in said(books), "the MsgId has come before"


def test_a_payment_for_a_later_day_waits_for_it(bank: Open) -> None:
    books = bank()

    take(books, Pain((Pay("E1", 100),), day="2026-11-28"))
    books.cycle()
    assert balance(books) == BALANCE
    books.end_of_day()
    books.cycle()

    assert balance(books) == BALANCE - 100


@pytest.mark.parametrize(("ending", "cycles"), [("9104", 2), ("9106", 3)])
def test_a_returned_payment_is_booked_back_with_its_reason(bank: Open, ending: str, cycles: int) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100, magic(ending)),)))

    for _ in range(cycles - 1):
        books.cycle()
    assert balance(books) == BALANCE - 100
    books.cycle()

    back = tree(files(books, "camt054")[-1]).find(".//Ntry")
    assert back is not None
    assert balance(books) == BALANCE
    assert (back.findtext("CdtDbtInd"), back.findtext("RvslInd"), back.findtext(".//RtrInf/Rsn/Cd")) == (
        "CRDT", "true", {"9104": "AC04", "9106": "AC06"}[ending],
    )  # fmt: skip
    assert back.findtext(".//Refs/EndToEndId") == "E1"


def test_staff_of_the_bank_return_a_payment_once(bank: Open) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100),)))
    assert not books.give_back(1), "what is not paid cannot come back"
    books.cycle()

    assert [books.give_back(1), books.give_back(1)] == [True, False]
    assert balance(books) == BALANCE


@pytest.mark.parametrize(("ending", "cycles"), [("9201", 2), ("9203", 4)])
def test_a_late_payment_misses_its_cycles(bank: Open, ending: str, cycles: int) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100, magic(ending)),)))

    for _ in range(cycles - 1):
        books.cycle()
    assert balance(books) == BALANCE
    books.cycle()

    assert balance(books) == BALANCE - 100


@pytest.mark.parametrize(("ending", "left"), [("9300", BALANCE - 100), ("9301", BALANCE)])
def test_a_silent_account_is_in_no_answer(bank: Open, ending: str, left: int) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100, magic(ending)),)))
    books.cycle()

    assert said(books) == []
    assert balance(books) == left


@pytest.mark.parametrize(("ending", "booked"), [("9400", 99), ("9401", 200)])
def test_a_wrong_booking_stands_on_the_statement_and_in_the_balance(bank: Open, ending: str, booked: int) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100, magic(ending)),)))
    books.cycle()

    assert tree(files(books, "camt054")[0]).findtext(".//Ntry/Amt") == str(booked)
    assert balance(books) == BALANCE - booked


def test_faults_hit_the_same_payments_in_every_run_and_about_as_many_as_they_say(bank: Open) -> None:
    outcomes = []
    for seed in (1, 1, 2):
        books = bank(faults=BankFaults(reject_rate=0.2, return_rate=0.1, seed=seed))
        take(books, Pain(tuple(Pay(f"E{number}", 10) for number in range(400))))
        books.cycle()
        books.cycle()
        outcomes.append([state for _, _, state in books.states()])
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert 40 < outcomes[0].count("rejected") < 120
    assert 15 < outcomes[0].count("returned") < 70


def test_a_stray_credit_a_double_answer_and_a_double_statement_come_when_they_are_switched_on(bank: Open) -> None:
    books = bank(faults=BankFaults(stray_credit=True, double_status_rate=1.0, double_statement_rate=1.0))
    take(books, Pain((Pay("E1", 100),)))
    books.cycle()
    books.end_of_day()

    assert said(books)[0] == said(books)[1]
    first, second = files(books, "camt053")
    assert first == second
    stray = list(tree(first).iter("Ntry"))[-1]
    assert (stray.findtext("CdtDbtInd"), stray.findtext(".//Refs/EndToEndId")) == ("CRDT", "NOTPROVIDED")


def test_a_silent_order_is_paid_and_never_answered(bank: Open) -> None:
    books = bank(faults=BankFaults(silent_rate=1.0))
    take(books, Pain((Pay("E1", 100),)))
    books.cycle()

    assert said(books) == []
    assert balance(books) == BALANCE - 100


def test_a_killed_bank_has_what_it_had(bank: Open, tmp_path: Path) -> None:
    books = bank(tmp_path)
    take(books, Pain((Pay("E1", 100), Pay("E2", 50))))
    books.cycle()
    take(books, Pain((Pay("E3", 7),), msg_id="BAT2"))
    names = [one.name for one in books.listed("", 500)]

    again = bank(tmp_path)  # the first is not closed, as after SIGKILL

    assert [one.name for one in again.listed("", 500)] == names
    assert (balance(again), take(again, Pain((Pay("E3", 7),), msg_id="BAT2"))) == (BALANCE - 150, Taken.SAME)
    again.cycle()
    assert balance(again) == BALANCE - 157


def test_files_are_listed_from_after_a_name(bank: Open) -> None:
    books = bank()
    for number in range(5):
        take(books, Pain((Pay(f"E{number}"),), msg_id=f"BAT{number}"))
    names = [one.name for one in books.listed("", 500)]

    assert [one.name for one in books.listed(names[1], 2)] == names[2:4]
    assert names == sorted(names)


def test_the_day_begins_at_midnight_in_tehran() -> None:
    late = datetime(2026, 11, 27, 20, 45, tzinfo=UTC)
    books = Books(None, (Account(TRUST, "x", BALANCE),), BankFaults(), Terms(), lambda: late)

    assert books.view().day == date(2026, 11, 28)
    books.close()
