"""Letters as others write them are read as they were meant; what is built to hurt a reader is refused at small cost."""

import base64
import contextlib
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from gateway.wire import dsn, mime
from gateway.wire.mail import Plain, Unfit, text_of, without_tags


def text(octets: bytes) -> str | Unfit:
    found = text_of(mime.read(octets))
    return found.text if isinstance(found, Plain) else found


@pytest.mark.parametrize("charset", ["utf-8", "windows-1256", "iso-8859-6"])
@pytest.mark.parametrize("cte", ["quoted-printable", "base64", "8bit"])
def test_what_the_standard_library_writes_is_read_back(charset: str, cte: str) -> None:
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = "سلام"
    letter.set_content("سلام دنيا\n\nخط دوم\n-- \nامضا\n", charset=charset, cte=cte)
    letter.add_alternative("<b>no</b>", subtype="html")
    assert text(letter.as_bytes()) == "سلام دنيا\n\nخط دوم"


def nested(depth: int) -> bytes:
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    )
    return head + b"Content-Type: text/plain\r\n\r\ndeep"


MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"


@pytest.mark.parametrize(
    ("octets", "meant"),
    [
        (b"just a body", Unfit.NO_TEXT),
        (b"\r\nno head", "no head"),
        (b"Subject: x\r\n\r\n", Unfit.NO_TEXT),
        (b"Content-Type: TEXT/Plain;\r\n\tcharset=\"UTF-8\"\r\n\r\nfolded", "folded"),
        (b"Content-Type: nonsense\r\n\r\nwhatever", "whatever"),
        (b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\x41", Unfit.CHARSET),
        (b"Content-Type: text/html; charset=us-ascii\r\n\r\n<p>a &amp; b<br>c</p><style>p{}</style>", "a & b\nc"),
        (b"Content-Type: text/html\r\n\r\n<!-- hidden --><title>t</title>&#" + b"9" * 9000 + b";x", "\ufffdx"),
        (b"\r\na\tb  c \r\n\r\n\r\n\r\nd\x07\xe2\x80\xaee", "a b c\n\nde"),
        (b"Auto-Submitted: auto-generated\r\n\r\nx", Unfit.AUTOMATIC),
        (b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nafter', "one"),
        (MIXED + b"one\r\n--b\r\nContent-Type: image/png\r\n\r\nx", Unfit.ATTACHMENT),
        (nested(5), "deep"),
    ],
)  # fmt: skip
def test_each_form_of_a_letter_has_its_meaning(octets: bytes, meant: str | Unfit) -> None:
    assert text(octets) == meant


MANY = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000


@pytest.mark.parametrize(
    "octets",
    [
        nested(6),
        nested(1000),
        MANY,
        b"A: b\r\n" * 201 + b"\r\nx",
        b"a" * (mime.OCTETS_MAX + 1),
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 71 + b"\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\nA",
        b"Content-Transfer-Encoding: uuencode\r\n\r\nA",
    ],
)
def test_what_is_too_much_is_refused(octets: bytes) -> None:
    with pytest.raises(mime.BadLetter):
        mime.read(octets)


HARD = [
    b"Content-Type: text/html\r\n\r\n" + piece * (60_000 // len(piece))
    for piece in (b"<", b"<!--", b"<script>", b"</", b"&", b"&#1", b"<a ", b"-->", b"<style", b"\x1b")
] + [
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + piece * (60_000 // len(piece))
    for piece in (b"--b", b"\r\n--b", b"--b ", b"\r\n--b" + b" " * 500, b"\r\n\r\n", b"-")
] + [
    b"Content-Type: text/plain" + b';a="' * 14_000 + b"\r\n\r\nx",
    b"Content-Type: text/plain" + b"\r\n ;a=b" * 6_000 + b"\r\n\r\nx",
    b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 60_000,
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 60_000,
    b"X" * 60_000 + b": y\r\n\r\nx",
    b"\r\n" + b" \r\n" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("octets", HARD, ids=range(len(HARD)))
def test_a_letter_that_is_built_to_be_slow_is_read_soon(octets: bytes) -> None:
    best_s = 9.0
    for _ in range(3):
        began = time.thread_time()
        with contextlib.suppress(mime.BadLetter):
            text(octets)
        best_s = min(best_s, time.thread_time() - began)
    assert best_s < 0.25


def test_tags_that_never_end_leave_what_was_before_them() -> None:
    assert without_tags("a<b>b<script>x<y") == "ab"
    assert without_tags("a < b and <b") == "a "
    assert without_tags("<p>x</p><P>y</P>").split() == ["x", "y"]
    # A letter whose small form is two characters.
    assert without_tags(f"{'İ' * 20}<STYLE>hidden</STYLE>shown<b>!") == f"{'İ' * 20}shown!"


REPORT = """Content-Type: multipart/report; boundary=r\r\n\r\n--r\r\n\r\nwords\r\n--r
Content-Type: message/delivery-status

Reporting-MTA: dns; x

Final-Recipient: rfc822; a@b
Action: {action}
Status: {status}

Action: failed
Status: 5.1.1
--r--
""".replace("\r\n", "\n").replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("action", "status", "fate"),
    [
        ("failed", "5.1.1", ("failed", "5.1.1")),
        ("Delayed", "4.4.1 (again)", ("delayed", "4.4.1")),
        ("failed (gone)", "nonsense", ("failed", "")),
        ("failed", "5.999999.1", ("failed", "")),
    ],
)
def test_a_report_of_delivery_tells_each_recipients_fate(action: str, status: str, fate: tuple[str, str]) -> None:
    assert dsn.fates(mime.read(REPORT.format(action=action, status=status).encode())) == [fate, ("failed", "5.1.1")]


def test_what_is_no_report_tells_nothing() -> None:
    assert dsn.fates(mime.read(REPORT.replace("multipart/report", "multipart/mixed").encode())) == []
    assert dsn.fates(mime.read(REPORT.format(action="burnt", status="5.1.1").encode())) == [("failed", "5.1.1")]
    wrapped = base64.b64encode(b"Reporting-MTA: x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    head = b"Content-Type: multipart/report; boundary=r\r\n\r\n--r\r\nContent-Type: message/delivery-status\r\n"
    sealed = head + b"Content-Transfer-Encoding: base64\r\n\r\n" + wrapped + b"\r\n--r--"
    assert dsn.fates(mime.read(sealed)) == [("failed", "5.1.1")]
