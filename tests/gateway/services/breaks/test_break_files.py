"""What an attached file is, its content says; what it is called, we say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.breaks import EVIDENCE_MAX, BreakOutcome, EvidenceKind
from gateway.services.breaks.files import kind_of, name_of

LETTER = b"From: bank@example.org\r\nTo: us@example.org\r\nSubject: your question\r\n\r\nIt was our error.\r\n"
CONTENTS: list[tuple[bytes, EvidenceKind | BreakOutcome]] = [
    (b"%PDF-1.7\n%\xe2\xe3", EvidenceKind.PDF),
    (b"\x89PNG\r\n\x1a\n\x00", EvidenceKind.PNG),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", EvidenceKind.JPG),
    (LETTER, EvidenceKind.EML),
    (LETTER.replace(b"\r\n", b"\n"), EvidenceKind.EML),
    (b"Subject: x\nthis is no header\n\n", EvidenceKind.TXT),
    (b"date;amount\n2026-11-22;5\n", EvidenceKind.CSV),
    (b"\xef\xbb\xbfdate,amount\r\n2026-11-22,5\r\n", EvidenceKind.CSV),
    (b"date;amount\n2026-11-22\n", EvidenceKind.TXT),
    ("رونوشت تلفن بانک".encode(), EvidenceKind.TXT),
    (b"", BreakOutcome.FILE_EMPTY),
    (b"x" * EVIDENCE_MAX, EvidenceKind.TXT),
    (b"x" * (EVIDENCE_MAX + 1), BreakOutcome.FILE_LARGE),
    (b"<html><script>", BreakOutcome.FILE_KIND),
    (b"  \n<svg onload=x>", BreakOutcome.FILE_KIND),
    (b"<?xml version='1.0'?>", BreakOutcome.FILE_KIND),
    (b"PK\x03\x04zip", BreakOutcome.FILE_KIND),
    (b"MZ\x90\x00", BreakOutcome.FILE_KIND),
    (b"GIF89a\x01", BreakOutcome.FILE_KIND),
    (b"\x00\x00", BreakOutcome.FILE_KIND),
    (b"caf\xe9", BreakOutcome.FILE_KIND),
    (b" \n\t", BreakOutcome.FILE_KIND),
    (b"text \x1b[31m", BreakOutcome.FILE_KIND),
]
NAMES = [
    ("letter.pdf", "letter.pdf"),
    ("../../etc/passwd", "passwd.pdf"),
    ("C:\\temp\\a b.exe", "a_b.pdf"),
    ("gpj\u202efdp.exe", "gpj_fdp.pdf"),
    ('x"; filename="y.html', "x_filename_y.pdf"),
    ("نامه.pdf", "نامه.pdf"),
    ("", "evidence.pdf"),
    ("....", "evidence.pdf"),
    (".htaccess", "htaccess.pdf"),
    ("a\r\nSet-Cookie: b.pdf", "a_Set-Cookie_b.pdf"),
    ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
]


@pytest.mark.parametrize(("octets", "kind"), CONTENTS)
def test_the_content_alone_says_what_a_file_is(octets: bytes, kind: EvidenceKind | BreakOutcome) -> None:
    assert kind_of(octets) is kind


@pytest.mark.parametrize(("name", "called"), NAMES)
def test_a_name_leads_nowhere_and_says_what_the_content_is(name: str, called: str) -> None:
    assert name_of(name, EvidenceKind.PDF) == called


@given(st.text(max_size=200), st.sampled_from(EvidenceKind))
def test_any_name_is_made_harmless(name: str, kind: EvidenceKind) -> None:
    called = name_of(name, kind)
    assert re.fullmatch(rf"[\w.-]{{1,85}}\.{kind.value}", called)
    assert ".." not in called


@given(st.binary(max_size=300))
def test_any_content_is_some_kind_or_refused(octets: bytes) -> None:
    assert isinstance(kind_of(octets), EvidenceKind | BreakOutcome)


def test_no_kind_is_served_as_something_that_a_browser_runs_or_a_reader_of_mail_opens() -> None:
    assert {kind.media_type for kind in EvidenceKind} == {
        "application/pdf", "image/png", "image/jpeg", "text/csv", "text/plain",
    }  # fmt: skip
