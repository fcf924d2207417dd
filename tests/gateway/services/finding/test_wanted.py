"""A text is read as all that it may be, and as nothing that it cannot be; no text does harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.finding.wanted import LONGEST, is_readable, letters_of, tidied, wanted

ID = "clm_01K8ABCDEFGHJKMNPQRSTVWXYZ"
UUID = "550e8400-e29b-41d4-a716-446655440000"

TEXTS = [
    (ID, {"id": ID, "kind": "clm"}),
    (f"  {ID.lower()}\n", {"id": ID, "kind": "clm"}),
    ("\u200fCLM_01k8\u200e", {"kind": "clm", "start": "01K8"}),
    ("clm_…A7K9QZ", {"kind": "clm", "tail": "A7K9QZ"}),
    ("clm...a7k9", {"kind": "clm", "tail": "A7K9"}),
    ("a7k9", {"tail": "A7K9"}),
    ("ail9", {"tail": "A119"}),
    ("o1k8ab", {"start": "01K8AB", "tail": "01K8AB"}),
    ("cafe", {"tail": "CAFE", "hex_start": "cafe", "hex_tail": "cafe"}),
    (UUID, {"hex_start": UUID.replace("-", ""), "hex_tail": UUID.replace("-", "")}),
    ("۰۹۱۲ ۰۰۰ ۰۰۰۱", {"msisdn": "+989120000001", "tail": "09120000001"}),
    ("+98 912 000 0001", {"msisdn": "+989120000001"}),
    ("٤٥٦٧", {"tail": "4567", "hex_start": "4567", "hex_tail": "4567"}),
    ("E2E-2026/77", {}),
    ("%_%%", {}),
    ("' OR 1=1 --", {}),
    ("clm_UUUU", {}),
]


@pytest.mark.parametrize(("typed", "parts"), TEXTS)
def test_a_text_is_all_that_it_may_be(typed: str, parts: dict[str, str]) -> None:
    found = wanted(typed)

    read = {name: getattr(found, name) for name in ("msisdn", "id", "kind", "start", "tail", "hex_start", "hex_tail")}
    digits = {name for name in ("hex_start", "hex_tail") if name not in parts and found.msisdn}
    assert {name: value for name, value in read.items() if value and name not in digits} == parts


@pytest.mark.parametrize("typed", ["x" * 65, "x" * 100_000, "a\x00bc", "\x1b[31m", "a" + "\u0301" * 90])
def test_what_nothing_of_ours_is_like_is_unreadable(typed: str) -> None:
    assert not is_readable(typed)


@given(st.text())
def test_any_text_is_read_without_a_fault_and_stays_bounded(typed: str) -> None:
    if not is_readable(typed):
        return
    found = wanted(typed)

    assert len(found.text) <= LONGEST
    assert found.text == tidied(typed)
    assert len(found.references) <= 6
    assert all(len(form) <= 2 * LONGEST for form in found.references)
    assert not found.tail or letters_of(found.tail) >= 4
    low, high = found.bounds("clm")
    assert low <= high
    assert len(low) == len(high) == 30
