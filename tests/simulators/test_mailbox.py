"""The mailbox takes letters, and none that a next reader could split."""

import asyncio
from collections.abc import AsyncIterator

import aiosmtplib
import pytest

from simulators.mailbox import LETTER_OCTETS_MAX, Mailbox
from simulators.trace import Trace


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(Trace())
    await mailbox.start("127.0.0.1", 0)
    yield mailbox
    await mailbox.stop()


async def send(mailbox: Mailbox, content: bytes) -> int:
    """Speaks SMTP by hand, because a client would mend the letter; the answer to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)
    code = 0
    commands = [b"EHLO me\r\n", b"MAIL FROM:<a@x>\r\n", b"RCPT TO:<b@x>\r\n", b"DATA\r\n", content + b"\r\n.\r\n"]
    async with asyncio.timeout(5):
        await reader.readline()
        for command in commands:
            writer.write(command)
            line = await reader.readline()
            while line[3:4] == b"-":
                line = await reader.readline()
            code = int(line[:3])
    writer.close()
    await writer.wait_closed()
    return code


async def test_a_letter_is_kept_and_traced(mailbox: Mailbox) -> None:
    await aiosmtplib.send(
        "Subject: hello\r\n\r\nworld\r\n", sender="a@x", recipients=["b@x"], hostname="127.0.0.1", port=mailbox.port
    )
    (letter,) = mailbox.messages
    assert (letter.subject, letter.text.strip(), letter.recipients) == ("hello", "world", ("b@x",))


@pytest.mark.parametrize("content", [b"Subject: x\r\n\r\na\n.\nb", b"Subject: x\r\n\r\na\r.\rb", b"a\n"])
async def test_bare_line_ends_are_refused(mailbox: Mailbox, content: bytes) -> None:
    assert await send(mailbox, content) == 554
    assert not mailbox.messages


async def test_a_letter_that_is_too_big_is_refused(mailbox: Mailbox) -> None:
    assert await send(mailbox, b"a" * 900 + b"\r\n" + (b"b" * 900 + b"\r\n") * (LETTER_OCTETS_MAX // 900)) == 552
    assert not mailbox.messages


async def test_any_bytes_are_a_letter_of_some_kind(mailbox: Mailbox) -> None:
    assert await send(mailbox, bytes(range(128, 256)) + b"\r\n\r\n\xff") == 250
    assert len(mailbox.messages) == 1


async def test_it_closes_with_connections_open(mailbox: Mailbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)
    await reader.readline()
    await mailbox.stop()
    assert await reader.read() == b""
    writer.close()
