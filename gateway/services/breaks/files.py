"""What an attached file is, by its content, and what it is called: pure. Whatever it is, nobody here opens it."""

import csv
import re
import unicodedata
from itertools import islice

from gateway.services.breaks.model import EVIDENCE_MAX, BreakOutcome, EvidenceKind

NAME_MAX = 80
LINES_READ = 20
_BEGINS = (
    (b"%PDF-", EvidenceKind.PDF),
    (b"\x89PNG\r\n\x1a\n", EvidenceKind.PNG),
    (b"\xff\xd8\xff", EvidenceKind.JPG),
)
_HEADER = re.compile(r"[!-9;-~]{1,70}:[ \t]?.*")
_OF_LETTERS = {"from", "to", "date", "subject", "received", "message-id", "return-path", "mime-version"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DELIMITERS = ",;\t|"


def kind_of(octets: bytes) -> EvidenceKind | BreakOutcome:
    """The kind, or the refusal: FILE_EMPTY, FILE_LARGE, FILE_KIND."""
    if not octets:
        return BreakOutcome.FILE_EMPTY
    if len(octets) > EVIDENCE_MAX:
        return BreakOutcome.FILE_LARGE
    for begins, kind in _BEGINS:
        if octets.startswith(begins):
            return kind
    return _kind_of_text(octets) or BreakOutcome.FILE_KIND


def _kind_of_text(octets: bytes) -> EvidenceKind | None:
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    # What a browser might take for a page is none of ours, whatever it says of itself.
    if _CONTROL.search(text) or not text.strip() or text.lstrip().startswith("<"):
        return None
    lines = [line for line in islice(text.splitlines(), LINES_READ) if line.strip()]
    if _is_letter(text):
        return EvidenceKind.EML
    return EvidenceKind.CSV if any(_is_table(lines, one) for one in _DELIMITERS) else EvidenceKind.TXT


def _is_letter(text: str) -> bool:
    """Headers up to an empty line, two of which letters have (RFC 5322)."""
    head = text.replace("\r\n", "\n").split("\n\n", 1)[0].split("\n")
    own = [line for line in head if not line.startswith((" ", "\t"))]
    if not own or own[0] != head[0] or not all(_HEADER.fullmatch(line) for line in own):
        return False
    return len({line.partition(":")[0].lower() for line in own} & _OF_LETTERS) > 1


def _is_table(lines: list[str], delimiter: str) -> bool:
    try:
        widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
    except csv.Error:
        return False
    return len(lines) > 1 and len(widths) == 1 and widths != {1}


def name_of(name: str, kind: EvidenceKind) -> str:
    """What it is called here: the last part of its path, letters, digits and `-_.`, with the ending of its kind."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rpartition(".")[0] or last
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stem)
    return f"{re.sub(r'[_.]{2,}', '_', kept).strip('._')[:NAME_MAX] or 'evidence'}.{kind.value}"
