"""Mutated letters, reports and conversations: a value or a refusal, soon, in little memory, and the door still open.

A failure prints the seed of its input; `FUZZ_SEED=<seed>` runs that one again. `HYPOTHESIS_PROFILE=soak` is the
long form.
"""

import asyncio
import os
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.store import Store
from gateway.wire import dsn, gsm, mime
from gateway.wire.mail import Plain, text_of
from simulators.mailbox import Letter, delivery_report
from tests.gateway.channels.mail.post import DOMAIN, SENDER, TO, post_office, talking
from tests.rigs.fuzz import (
    HOSTILE_S_MAX,
    INPUT_S_MAX,
    KEPT_BYTES_MAX,
    PEAK_BYTES_MAX,
    Wire,
    cpu_s,
    hostile,
    input_of,
    kept_bytes,
    outcome_of,
    peak_bytes,
)
from wallet.clock import ManualClock

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
INPUTS, CONVERSATIONS = (5_000_000, 20_000) if SOAK else (50_000, 300)
ONE = os.environ.get("FUZZ_SEED")
SEEDS = range(INPUTS) if ONE is None else range(int(ONE), int(ONE) + 1)


def _letter(cte: str, *, html: bool) -> bytes:
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = "ساعت کار شعبه"
    letter["Message-ID"] = "<1234567890123@example.org>"
    letter["Auto-Submitted"] = "no"
    letter.set_content("شعبه ساعت ۹ باز است. Tél. 021 88 88 00 00\n-- \nsigned", cte=cte)
    if html:
        letter.add_alternative("<p>Open &amp; <b>ready</b></p><script>x()</script>", subtype="html")
        letter.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    return letter.as_bytes()


LETTERS = (
    _letter("quoted-printable", html=False),
    _letter("base64", html=True),
    _letter("8bit", html=False),
    b"Content-Type: text/html; charset=windows-1252\r\n\r\n<h1>a</h1>&#233;&lt;<!-- x --><p>b",
    b"Precedence: list\r\n\r\nx",
)
BACK = Letter(f"bounce+x@{DOMAIN}", ("m@example.org",), "", "", "<ntc_1@tapdial.example>")
REPORTS = tuple(
    delivery_report(BACK, action=action, status=status)
    for action, status in (("failed", "5.1.1"), ("delayed", "4.4.7"))
)


def _read(data: bytes) -> str | None:
    mail = mime.read(data)
    assert len(mail.leaves) <= mime.PARTS_MAX
    fates = dsn.fates(mail)
    assert len(fates) <= dsn.RECIPIENTS_MAX
    found = text_of(mail)
    if not isinstance(found, Plain):
        return found.value
    assert found.text == found.text.strip() != ""
    assert not set(found.text) & set(map(chr, {*range(9), *range(11, 32), 127}))
    if len(data) < 1_000:
        assert len(gsm.split(gsm.transliterate(found.text))) >= 1
    return None


WIRES = (Wire("letters", LETTERS, _read, (mime.BadLetter,)), Wire("reports", REPORTS, _read, (mime.BadLetter,)))
every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)


@pytest.mark.rig
@every_wire
def test_a_mutated_letter_is_read_or_refused(wire: Wire) -> None:
    refusals = 0
    for seed in SEEDS:
        data = input_of(wire, seed)
        try:
            refusals += outcome_of(wire, data) is not None
        except Exception as problem:
            problem.add_note(f"{wire.name}: FUZZ_SEED={seed} {data[:400].hex()}")
            raise
    assert ONE is not None or refusals > 0


@pytest.mark.rig
@every_wire
def test_no_letter_takes_long_or_leaves_memory_behind(wire: Wire) -> None:
    for seed in SEEDS[:2_000]:
        assert cpu_s(wire, input_of(wire, seed), bound_s=INPUT_S_MAX) <= INPUT_S_MAX, f"FUZZ_SEED={seed}"
    assert kept_bytes(wire, range(1_000)) <= KEPT_BYTES_MAX


@pytest.mark.rig
@every_wire
def test_a_long_hostile_letter_takes_a_bounded_time_and_little_memory(wire: Wire) -> None:
    for at, data in enumerate(hostile(wire, mime.OCTETS_MAX)):
        assert cpu_s(wire, data, bound_s=HOSTILE_S_MAX) <= HOSTILE_S_MAX, at
        assert peak_bytes(wire, data) <= PEAK_BYTES_MAX, at


CONVERSATION = (
    f"EHLO me\r\nMAIL FROM:<{SENDER}> SIZE=9\r\nRCPT TO:<{TO}>\r\nDATA\r\n".encode()
    + b"X-Tapdial-Token: a\r\n\r\nhello\r\n.\r\n",
    f"HELO me\r\nMAIL FROM:<>\r\nRCPT TO:<bounce+ntc_x.y@{DOMAIN}>\r\nRSET\r\nNOOP\r\nVRFY a\r\nQUIT\r\n".encode(),
    b"EHLO me\r\nAUTH PLAIN AGEAYg==\r\nHELP\r\nSTARTTLS\r\nDATA\r\n.\r\n",
)


@pytest.mark.rig
async def test_after_mutated_conversations_the_door_is_open_and_nothing_was_taken(
    tmp_path: Path, clock: ManualClock
) -> None:
    url = f"sqlite:///{tmp_path / 'q.db'}"
    await Store.upgrade(url)
    wire = Wire("conversations", CONVERSATION, lambda _data: None)
    async with post_office(url, clock, command_s=5.0) as post:
        lag_s = 0.0
        for seed in SEEDS[:CONVERSATIONS]:
            reader, writer = await asyncio.open_connection("127.0.0.1", post.port)
            began = asyncio.get_running_loop().time()
            writer.write(input_of(wire, seed) + b"\r\n.\r\nQUIT\r\n")
            writer.write_eof()
            async with asyncio.timeout(5):
                try:
                    answers = await reader.read()
                except ConnectionError:
                    answers = b"220"
            lag_s = max(lag_s, asyncio.get_running_loop().time() - began)
            assert answers.startswith((b"220", b"421")), f"FUZZ_SEED={seed}"
            writer.close()
        async with talking(post.port) as talk:
            assert (await talk.say(b"NOOP\r\n")).startswith("250")
        assert await post.count() == 0
        assert lag_s < 2
