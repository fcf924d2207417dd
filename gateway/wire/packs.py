"""Packs: a ZIP of files as banks deliver a day, or one file under gzip. Everything in them is bounded.

Names are only ever shown. Nothing is taken twice out of one another: what is packed inside of a pack is refused, and
so is a spreadsheet, which is a ZIP too.
"""

import gzip
import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.errors import BadInput

MEMBERS_MAX = 1000
WHOLE_MAX = 768 * 1024 * 1024
"""Octets of all members of a pack, unpacked."""
RATIO_MAX = 300
"""How many times its packed size a member may have: entries of camt that are all alike come to a hundred."""
NAME_MAX = 100
_SMALL = 1024 * 1024
"""Whatever is shorter may be packed as tightly as it likes."""
_DIRECTORY_MAX = 1024 * 1024
"""Octets of the list of members: it is read whole."""
_ZIP, _NO_MEMBER, _ZIP64, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07", b"\x1f\x8b"
_END = struct.Struct("<4s4H2LH")
_HEAD = 16_384
_COMMENT_MAX = 65_535
_NOTES = (".txt", ".md", ".htm", ".html", ".sha256", ".md5", ".sig", ".asc")
"""What lies beside statements for people; Camt and MT940 under such a name are taken, see `Member.note`."""
_BESIDE = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a pack.

    Attributes:
        name: To be shown, without the letters that change how others are shown.
        octets: What is in it; empty where it was not read.
        fault: Why it was not read, or ''.
        beside: Nothing of the bank: a folder, or what a Mac or Windows puts beside files.
        note: By its name it is for people, and passed over if it is no file of the bank.
    """

    name: str
    octets: bytes = field(default=b"", repr=False)
    fault: str = ""
    beside: bool = False
    note: bool = False


def looks_like(octets: bytes) -> bool:
    """Whether it is packed in a way that is known, a spreadsheet included."""
    return octets.startswith((_ZIP, _NO_MEMBER, _GZIP))


def members(octets: bytes, *, name: str, member_max: int) -> Iterator[Member]:
    """Each member in the pack's own order, one at a time in memory; one that is broken says so and hides no other.

    Args:
        octets: The pack.
        name: Its own name, for what names none.
        member_max: Octets that a member may have.

    Raises:
        BadInput: No pack that is taken: damaged, too many members, too large in all, or a spreadsheet.
    """
    if octets.startswith(_GZIP):
        yield _gunzipped(octets, shown(name.removesuffix(".gz")), member_max)
        return
    _bounded(octets)
    try:
        pack = zipfile.ZipFile(io.BytesIO(octets))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as problem:
        raise BadInput("a damaged ZIP: its list of members cannot be read") from problem
    with pack:
        listed = pack.infolist()
        if len(listed) > MEMBERS_MAX:
            raise BadInput(f"a ZIP of more than {MEMBERS_MAX} members")
        if any(one.filename in {"[Content_Types].xml", "mimetype"} for one in listed):
            raise BadInput("a spreadsheet: save it as CSV")
        if sum(one.file_size for one in listed) > WHOLE_MAX:
            raise BadInput(f"a ZIP of more than {WHOLE_MAX} octets unpacked")
        if sum(one.compress_size for one in listed) > len(octets):
            raise BadInput("a ZIP whose members lie over one another")
        for one in listed:
            yield _read(pack, one, member_max)


def of_the_bank(octets: bytes) -> bool:
    """Whether it begins as XML of a message or as MT940 does; a CSV does not tell."""
    head = octets[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    return b"Document" in head if head.startswith(b"<") else b":20:" in head


def shown(name: str) -> str:
    """A name without letters that are no letters, cut: it comes from outside and is read by people."""
    kept = "".join(c for c in name if c.isprintable()).strip()
    return kept if len(kept) <= NAME_MAX else f"…{kept[-NAME_MAX + 1 :]}"


def _bounded(octets: bytes) -> None:
    """Look at the end record before anybody reads the list that it tells of: a list of millions fills the memory.

    The place is found as zipfile finds it, so that both look at the same record.
    """
    place = len(octets) - _END.size
    if place < 0 or octets[place : place + 4] != _NO_MEMBER or octets[-2:] != b"\0\0":
        place = octets.rfind(_NO_MEMBER, max(0, place - _COMMENT_MAX - 1))
    if place < 0 or len(octets) - place < _END.size:
        raise BadInput("a damaged ZIP: its end is missing")
    if octets[max(0, place - 20) : place].startswith(_ZIP64):
        raise BadInput("a ZIP64, which is for more than a day of statements")
    _, _, _, _, count, size, _, _ = _END.unpack_from(octets, place)
    if count > MEMBERS_MAX:
        raise BadInput(f"a ZIP of more than {MEMBERS_MAX} members")
    if size > _DIRECTORY_MAX:
        raise BadInput("a ZIP whose list of members is too long")


def _read(pack: zipfile.ZipFile, one: zipfile.ZipInfo, member_max: int) -> Member:
    name = shown(one.filename)
    parts = one.filename.casefold().split("/")
    last = posixpath.basename(one.filename.casefold())
    if one.is_dir() or last.startswith("._") or not _BESIDE.isdisjoint(parts):
        return Member(name, beside=True)
    note = last.endswith(_NOTES)
    if one.flag_bits & 0x1:
        return Member(name, fault="encrypted: take its password off", note=note)
    if one.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return Member(name, fault="packed in a way that is not taken: use deflate", note=note)
    if one.file_size > member_max:
        return Member(name, fault=f"longer than {member_max} octets", note=note)
    if _too_tight(one.file_size, one.compress_size):
        return Member(name, fault=f"more than {RATIO_MAX} times its packed size", note=note)
    try:
        octets = pack.read(one)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError,
            struct.error):  # fmt: skip
        return Member(name, fault="damaged", note=note)
    if looks_like(octets):
        return Member(name, fault="packed once more, or a spreadsheet: unpack it, or save it as CSV", note=note)
    return Member(name, octets, note=note)


def _gunzipped(octets: bytes, name: str, member_max: int) -> Member:
    most = min(member_max, max(_SMALL, RATIO_MAX * len(octets)))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(octets)) as packed:
            found = packed.read(most + 1)
    except (OSError, EOFError, zlib.error, struct.error):
        return Member(name, fault="damaged, cut off, or with something else behind it")
    if len(found) > most:
        reason = f"longer than {most} octets" if most == member_max else f"more than {RATIO_MAX} times its packed size"
        return Member(name, fault=reason)
    if looks_like(found):
        return Member(name, fault="packed once more: unpack it")
    return Member(name, found)


def _too_tight(size: int, packed: int) -> bool:
    return size > _SMALL and size > RATIO_MAX * packed
