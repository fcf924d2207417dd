"""What the bank writes of accounts: sequence, balances, batches, versions, MT940 and CSV."""

import re

import pytest

from simulators.bank import Format, Terms
from tests.simulators.bank.opened import BALANCE, Open, files, take, tree
from tests.simulators.bank.pain import OPEN, Pain, Pay, magic


def test_statements_follow_each_other_without_a_gap_and_their_balances_agree(bank: Open) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100), Pay("E2", 250, magic("9104")))))
    books.cycle()
    books.end_of_day()
    books.cycle()
    books.end_of_day()
    books.end_of_day()

    found = []
    for octets in files(books, "camt053"):
        document = tree(octets)
        signs = {"CRDT": 1, "DBIT": -1}
        opening, closing = (
            int(one.findtext("Amt") or 0) * signs[one.findtext("CdtDbtInd") or ""] for one in document.iter("Bal")
        )
        entries = [
            int(one.findtext("Amt") or 0) * signs[one.findtext("CdtDbtInd") or ""] for one in document.iter("Ntry")
        ]
        found.append((document.findtext(".//ElctrncSeqNb"), opening, entries, closing))
    assert found == [
        ("1", BALANCE, [-350], BALANCE - 350),
        ("2", BALANCE - 350, [250], BALANCE - 100),
        ("3", BALANCE - 100, [], BALANCE - 100),
    ]
    mt940 = [one.decode() for one in files(books, "mt940")]
    assert [re.findall(r":(?:28C|60F|62F):(\S+)", one) for one in mt940] == [
        ["00001/001", "C261127IRR1000000,", "C261127IRR999650,"],
        ["00002/001", "C261128IRR999650,", "C261128IRR999900,"],
        ["00003/001", "C261129IRR999900,", "C261129IRR999900,"],
    ]
    assert re.search(r":61:2611281128RD250,NRTI\S*//TB\d+\r\n:86:/EREF/E2/", mt940[1])


def test_a_batch_is_one_entry_that_names_its_block_and_singles_are_one_each(bank: Open) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100), Pay("E2", 250))))
    take(books, Pain((Pay("E3", 10), Pay("E4", 20)), msg_id="BAT2", booking="false"))
    books.cycle()
    books.end_of_day()

    entries = list(tree(files(books, "camt053")[0]).iter("Ntry"))
    assert [one.findtext("Amt") for one in entries] == ["350", "10", "20"]
    batch = entries[0].find(".//Btch")
    assert batch is not None
    assert [part.text for part in batch] == ["BAT1", "BAT1-1", "2", "350", "DBIT"]
    assert [one.findtext(".//Refs/EndToEndId") for one in entries] == [None, "E3", "E4"]


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_statement_says_its_version_in_its_namespace_and_its_form(bank: Open, version: str) -> None:
    books = bank(terms=Terms(formats=frozenset(Format), camt=version))
    take(books, Pain((Pay("E1", 100),), booking="false"))
    books.cycle()
    books.end_of_day()

    for number in ("052", "053", "054"):
        octets = files(books, f"camt{number}")[0]
        assert f"camt.{number}.001.{version}".encode() in octets
        entry = tree(octets).find(".//Ntry")
        assert entry is not None
        assert entry.findtext("Sts" if version == "02" else "Sts/Cd") == "BOOK"
        assert entry.findtext(".//Cdtr/Nm" if version == "02" else ".//Cdtr/Pty/Nm") == "Leila Rahimi"


def test_the_csv_has_a_line_for_each_entry(bank: Open) -> None:
    books = bank()
    take(books, Pain((Pay("E1", 100),), booking="false"))
    books.cycle()
    books.end_of_day()

    head, line = files(books, "csv")[0].decode().splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert (row["amount"], row["end_to_end_id"], row["counterparty_iban"], row["booked_on"]) == (
        "-100", "E1", OPEN, "2026-11-27",
    )  # fmt: skip
