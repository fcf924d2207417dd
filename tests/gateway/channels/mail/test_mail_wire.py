"""What may come over the wire: smuggled ends of data, floods, slow and foreign octets; the door answers or hangs up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.channels.mail.ingress import CALLS_MAX
from gateway.wire.mime import OCTETS_MAX
from simulators.certificates import self_made
from tests.gateway.channels.mail.post import DOMAIN, SENDER, TO, Post, Talk, post_office, talking
from wallet.clock import ManualClock

ENVELOPE = (b"EHLO me\r\n", f"MAIL FROM:<{SENDER}>\r\n".encode(), f"RCPT TO:<{TO}>\r\n".encode(), b"DATA\r\n")


@pytest.fixture
async def post(sqlite_url: str, clock: ManualClock) -> AsyncIterator[Post]:
    async with post_office(sqlite_url, clock) as made:
        yield made


async def until_data(talk: Talk) -> None:
    for command in ENVELOPE:
        assert (await talk.say(command))[0] in "23"


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"],
    ids=["LF.LF", "LF.CRLF", "CRLF.LF", "CR.CR", "CRLF.CR"],
)
async def test_only_crlf_dot_crlf_ends_a_letter_and_the_others_are_refused(post: Post, end: bytes) -> None:
    smuggled = b"".join(ENVELOPE[1:]) + post.letter("smuggled")
    async with talking(post.port) as talk:
        await until_data(talk)
        assert (
            await talk.say(post.letter("first") + end + smuggled + b"\r\n.\r\n")
            == "554 5.6.0 a bare CR or LF, or a NUL"
        )
        # It was one letter, and the conversation is where it should be.
        assert (await talk.say(b"NOOP\r\n")).startswith("250")
    assert (await post.count(), post.refused("bare_line_end")) == (0, 1)


@pytest.mark.parametrize("octets", [b"a\nb", b"a\rb", b"a\0b", b"a\r\r\nb"])
async def test_octets_that_the_next_reader_may_take_otherwise_are_refused(post: Post, octets: bytes) -> None:
    assert (await post.deliver(post.letter() + octets)).startswith("554 5.6.0 a bare")


async def test_lines_that_begin_with_a_dot_keep_it(post: Post) -> None:
    await post.deliver(post.letter("..hidden\r\n... and more").replace(b"...", b"...."))
    assert [text for _, text in await post.messages()] == [".hidden\n... and more"]


async def test_commands_that_come_all_at_once_are_answered_one_by_one(post: Post) -> None:
    end = post.letter() + b"\r\n.\r\n"
    async with talking(post.port) as talk:
        # One letter, and the next one already behind it.
        talk.writer.write(b"".join(ENVELOPE) + end + b"".join(ENVELOPE[1:]) + end + b"QUIT\r\n")
        answers = [(await talk.hear())[:3] for _ in range(10)]
    assert answers == ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert await post.count() == 1


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_heard(post: Post) -> None:
    async with talking(post.port) as talk:
        assert (await talk.say(b"EHLO " + b"a" * 70_000 + b"\r\n")).startswith("500")
        await until_data(talk)
        assert (await talk.say(post.letter("b" * 70_000) + b"\r\n.\r\n")).startswith("500")
        await talk.say(ENVELOPE[1])
        assert (await talk.say(b"RCPT TO:<" + b"9" * 2000 + f"@{DOMAIN}>\r\n".encode())).startswith("500")


async def test_a_letter_that_is_too_big_is_refused_before_it_is_sent_and_after(post: Post) -> None:
    async with talking(post.port) as talk:
        await talk.say(ENVELOPE[0])
        announced = f"MAIL FROM:<{SENDER}> SIZE={OCTETS_MAX + 1}\r\n".encode()
        assert (await talk.say(announced)).startswith("552")
    assert (await post.deliver(post.letter() + b"\r\nfill up the letter" * (OCTETS_MAX // 20 + 1))).startswith("552")
    assert await post.count() == 0


async def test_ten_thousand_recipients_end_the_conversation(post: Post) -> None:
    async with talking(post.port) as talk:
        for command in ENVELOPE[:2]:
            await talk.say(command)
        talk.writer.write(f"RCPT TO:<{TO}>\r\n".encode() * 10_000)
        answers = []
        while answer := await talk.hear():
            answers.append(answer[:3])
    # The line is cut with commands unread, so the last answers may not get through.
    assert 0 < len(answers) <= CALLS_MAX["RCPT"] + 1
    assert set(answers) <= {"250", "421"}


async def test_unknown_commands_end_the_conversation(post: Post) -> None:
    async with talking(post.port) as talk:
        assert [(await talk.say(b"BOGUS\r\n"))[:3] for _ in range(5)] == ["500", "500", "500", "500", "502"]
        assert await talk.hear() == ""


@pytest.mark.parametrize("drip", [b"E", b"DATA"])
async def test_whoever_is_too_slow_is_hung_up_on(sqlite_url: str, clock: ManualClock, drip: bytes) -> None:
    async with post_office(sqlite_url, clock, command_s=0.4, connection_s=30) as post, talking(post.port) as talk:
        if drip == b"DATA":
            await until_data(talk)
        began = asyncio.get_running_loop().time()
        while not talk.reader.at_eof() and not talk.writer.is_closing():
            talk.writer.write(b"a\r\n" if drip == b"DATA" else b"E")
            await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - began < 2


async def test_a_connection_ends_however_busy_it_is(sqlite_url: str, clock: ManualClock) -> None:
    async with post_office(sqlite_url, clock, connection_s=0.5) as post, talking(post.port) as talk:
        answers = 0
        while await talk.say(b"RSET\r\n" if answers % 2 else b"NOOP\r\n"):
            answers += 1
            await asyncio.sleep(0.05)
        assert 1 < answers < 20


async def test_connections_are_counted_in_all_and_by_address(sqlite_url: str, clock: ManualClock) -> None:
    async with post_office(sqlite_url, clock, connections_max=3, per_address_max=2) as post:
        async with talking(post.port), talking(post.port):
            reader, writer = await asyncio.open_connection("127.0.0.1", post.port)
            assert (await reader.read()).startswith(b"421 4.7.0")
            writer.close()
        assert post.refused("too_many_connections") == 1
        await asyncio.sleep(0.05)
        async with talking(post.port) as talk:
            assert (await talk.say(b"NOOP\r\n")).startswith("250")


async def test_a_tls_handshake_that_never_ends_gives_its_place_back(
    sqlite_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    tls = self_made(tmp_path, "127.0.0.1").server()
    async with (
        post_office(sqlite_url, clock, tls=tls, command_s=0.3, per_address_max=1) as post,
        talking(post.port) as talk,
    ):
        await talk.say(b"EHLO me\r\n")
        assert (await talk.say(b"STARTTLS\r\n")).startswith("220")
        await asyncio.sleep(0.8)
        async with talking(post.port) as other:
            assert (await other.say(b"NOOP\r\n")).startswith("250")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (f"MAIL FROM:<{SENDER}> SMTPUTF8\r\n".encode(), "501"),
        ("MAIL FROM:<مریم@example.org>\r\n".encode(), "500"),
        (b"MAIL FROM:<\xff\xfe@example.org>\r\n", "500"),
        (b"MAIL FROM:<cli\0nic@example.org>\r\n", "5"),
        (b"MAIL FROM:<" + b"(" * 400 + b"@example.org>\r\n", "5"),
        (b"MAIL FROM:<@a,@b:clinic@example.org>\r\n", "250"),
        (b"MAIL FROM:<clinic@example.org> BODY=9BITMIME\r\n", "501"),
        (b"VRFY clinic\r\n", "252"),
        (b"EXPN all\r\n", "502"),
        (b"DATA\r\n", "503"),
        (b"\xff\r\n", "500"),
        (b"\r\n", "500"),
    ],
)
async def test_odd_commands_have_an_answer(post: Post, command: bytes, answer: str) -> None:
    async with talking(post.port) as talk:
        await talk.say(b"EHLO me\r\n")
        assert (await talk.say(command)).startswith(answer)
        assert (await talk.say(b"NOOP\r\n")).startswith("250")


async def test_eight_bit_letters_are_read_as_they_are_marked(post: Post) -> None:
    for charset, word in (("utf-8", "سلام"), ("windows-1256", "سلام"), ("iso-8859-1", "école")):
        letter = post.letter("", Content_Type=f"text/plain; charset={charset}") + word.encode(charset)
        assert (await post.deliver(letter)).startswith("250")
    assert sorted(text for _, text in await post.messages()) == ["école", "سلام", "سلام"]


async def test_the_door_closes_with_conversations_open(sqlite_url: str, clock: ManualClock) -> None:
    async with post_office(sqlite_url, clock) as post, talking(post.port) as talk:
        await post.ingress.stop(1.0)
        assert await talk.hear() == ""


async def test_no_word_of_a_letter_is_logged(post: Post, capfd: pytest.CaptureFixture[str]) -> None:
    await post.deliver(post.letter("word-of-the-letter"))
    await post.deliver(post.letter("word-of-the-letter"), to=["word-of-the-letter@example.org"])
    async with talking(post.port) as talk:
        await talk.say(b"word-of-the-letter\r\n")
    assert "word-of-the-letter" not in "".join(capfd.readouterr())
