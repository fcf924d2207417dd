"""Letters become text messages once, within their quota, and 250 means that they are in the database."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.services.forwarding import ForwardOutcome, Request
from gateway.wire import gsm
from simulators.certificates import self_made
from tests.gateway.channels.mail.post import DOMAIN, MSISDN, SENDER, TO, Post, post_office, talking
from wallet.clock import ManualClock


@pytest.fixture
async def post(database_url: str, clock: ManualClock) -> AsyncIterator[Post]:
    """On both kinds of database."""
    async with post_office(database_url, clock, daily=5) as made:
        yield made


@pytest.fixture
async def quick(sqlite_url: str, clock: ManualClock) -> AsyncIterator[Post]:
    """On SQLite only, for what the database does not change."""
    async with post_office(sqlite_url, clock) as made:
        yield made


async def test_a_letter_becomes_a_text_message_for_each_recipient(post: Post) -> None:
    second = f"+989120000002@{DOMAIN.upper()}"
    assert (await post.deliver(post.letter("Open at nine.\r\nBring your card."), to=[TO, second])).startswith("250")
    assert sorted(await post.messages()) == [
        (MSISDN, "Open at nine.\nBring your card."), ("+989120000002", "Open at nine.\nBring your card."),
    ]  # fmt: skip


async def test_a_letter_that_comes_again_is_taken_again_and_told_once(post: Post) -> None:
    letter = post.letter(Message_ID="<1@example.org>")
    for to in ([TO], [TO], [TO, f"09120000002@{DOMAIN}"]):
        assert (await post.deliver(letter, to=to)).startswith("250")
    assert await post.count() == 2
    # A program that gives no id repeats its octets.
    for text in ("one", "one", "two"):
        assert (await post.deliver(post.letter(text))).startswith("250")
    assert await post.count() == 4
    assert [sender.taken_today for sender in await post.forwarding.listed()] == [4]


async def test_two_connections_that_bring_the_same_letter_at_once_tell_it_once(post: Post) -> None:
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(post.deliver(post.letter(Message_ID="<2@example.org>"))) for _ in range(8)]
    assert all(answer.result().startswith("250") for answer in answers)
    assert await post.count() == 1


async def test_a_days_quota_counts_parts_and_outlives_a_restart(post: Post) -> None:
    three_parts = "a" * 400
    assert (await post.deliver(post.letter(three_parts))).startswith("250")
    answer = await post.deliver(post.letter(three_parts, Message_ID="<3@example.org>"))
    assert answer == "550 5.7.1 your messages of today are used up; nothing was sent"
    assert await post.count() == 1
    # What was taken is still known to be taken, and what fits still fits.
    assert (await post.deliver(post.letter(three_parts))).startswith("250")
    assert (await post.deliver(post.letter("a" * 200))).startswith("250")
    assert (await post.deliver(post.letter("c"))).startswith("550")
    post.clock.advance(timedelta(days=1))
    assert (await post.deliver(post.letter("c"))).startswith("250")
    assert [sender.taken_today for sender in await post.forwarding.listed()] == [1]


async def test_a_new_token_ends_the_old_one_and_not_the_days_count(post: Post) -> None:
    await post.deliver(post.letter())
    old, post.token = post.token, (await post.forwarding.add(SENDER.upper(), "Clinic", 7)).token
    assert old not in (post.token, "")
    assert (await post.deliver(post.letter("x"))).startswith("250")
    post.token, new = old, post.token
    assert (await post.deliver(post.letter("y"))).startswith("550 5.7.8")
    (listed,) = await post.forwarding.listed()
    assert (listed.daily_max, listed.taken_today) == (7, 2)
    assert await post.forwarding.remove(SENDER)
    assert not await post.forwarding.remove(SENDER)
    request = Request(SENDER, new, (MSISDN,), "4", "z")
    assert await post.forwarding.forward(request) is ForwardOutcome.NOT_ALLOWED


async def test_no_token_is_in_the_database_or_a_repr(quick: Post, tmp_path: Path) -> None:
    await quick.deliver(quick.letter("secret words"))
    octets = await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in tmp_path.glob("quick.db*")))
    assert quick.token.encode() not in octets
    assert b"secret words" not in octets
    assert quick.token not in repr(Request(SENDER, quick.token, (MSISDN,), "k", "t"))


async def test_while_the_database_is_gone_the_answer_is_451_and_the_letter_may_come_again(post: Post) -> None:
    post.forwarding.gone = True
    assert (await post.deliver(post.letter())).startswith("451")
    post.forwarding.gone = False
    assert (await post.deliver(post.letter())).startswith("250")
    assert await post.count() == 1


@pytest.mark.parametrize(
    ("to", "sender", "answer", "reason"),
    [
        ("maryam@example.org", SENDER, "550 5.7.1", "relay"),
        ("09120000001@example.org", SENDER, "550 5.7.1", "relay"),
        (f"09120000001%example.org@{DOMAIN}", SENDER, "550 5.1.1", "no_number"),
        (f'"@evil.example:09120000001"@{DOMAIN}', SENDER, "550 5.1.1", "no_number"),
        (f"02188880000@{DOMAIN}", SENDER, "550 5.1.1", "no_number"),
        (f"postmaster@{DOMAIN}", SENDER, "550 5.1.1", "no_number"),
        (TO, "stranger@example.org", "550 5.7.1", "not_listed"),
        (TO, "", "550 5.7.1", "not_a_bounce"),
    ],
)
async def test_nothing_is_relayed_and_nobody_else_sends(
    quick: Post, to: str, sender: str, answer: str, reason: str
) -> None:
    assert (await quick.deliver(quick.letter(), to=[to], sender=sender)).startswith(answer)
    assert (quick.refused(reason), await quick.count()) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "text", "answer"),
    [
        ({"X_Tapdial_Token": ""}, "x", "550 5.7.8"),
        ({"X_Tapdial_Token": "aaaaaaaa"}, "x", "550 5.7.8"),
        ({"Auto_Submitted": "auto-replied"}, "x", "550 5.7.1 letters of machines"),
        ({"Auto_Submitted": "auto-generated; why=x"}, "x", "550 5.7.1 letters of machines"),
        ({"Auto_Submitted": "no"}, "x", "250"),
        ({"Precedence": "Bulk"}, "x", "550 5.7.1 letters of machines"),
        ({"List_Id": "<all.example.org>"}, "x", "550 5.7.1 letters of machines"),
        ({}, "  \r\n\r\n", "554 5.6.0 there is no text"),
        ({}, "a" * 613, "552"),
        ({}, "a" * 612, "250"),
        ({}, "س" * 268, "250"),
        ({}, "س" * 269, "552"),
        ({"Content_Type": "text/plain; charset=punycode"}, "x", "554 5.6.1 an unknown"),
        ({"Content_Type": "application/pdf"}, "x", "554 5.6.1 attachments"),
        ({"Content_Disposition": "attachment"}, "x", "554 5.6.1 attachments"),
        ({"Content_Type": "multipart/mixed"}, "x", "554 5.6.0 the letter"),
        ({"Content_Transfer_Encoding": "x-zip"}, "x", "554 5.6.0 the letter"),
        (
            {"Content_Type": "text/html", "Message_ID": "<h@x>"},
            "<p>Open&nbsp;<b>now</b></p><script>x()</script>",
            "250",
        ),
    ],
)
async def test_each_unfit_letter_has_its_own_refusal(
    quick: Post, fields: dict[str, str], text: str, answer: str
) -> None:
    assert (await quick.deliver(quick.letter(text, **fields))).startswith(answer)
    assert await quick.count() == (answer == "250")


async def test_the_token_may_stand_in_the_local_part(quick: Post) -> None:
    bare = quick.letter(X_Tapdial_Token="")
    to = f"+989120000001+{quick.token}@{DOMAIN}"
    assert (await quick.deliver(bare, to=[to])).startswith("250")
    assert (
        await quick.deliver(quick.letter("no", X_Tapdial_Token=""), to=[to.replace(quick.token, "abcd")])
    ).startswith("550")
    assert await quick.messages() == [(MSISDN, "The branch opens at nine.")]


async def test_a_letter_has_ten_recipients_at_most_and_each_number_once(quick: Post) -> None:
    numbers = [f"0912000{number:04d}@{DOMAIN}" for number in range(1, 11)]
    async with talking(quick.port) as talk:
        for command in (b"EHLO me\r\n", f"MAIL FROM:<{SENDER}>\r\n".encode()):
            await talk.say(command)
        for number in (*numbers, numbers[0].replace("0912", "+98912")):
            assert (await talk.say(f"RCPT TO:<{number}>\r\n".encode())).startswith("250")
        assert (await talk.say(f"RCPT TO:<09129999999@{DOMAIN}>\r\n".encode())).startswith("452 4.5.3")
        await talk.say(b"DATA\r\n")
        assert (await talk.say(quick.letter() + b"\r\n.\r\n")).startswith("250")
    assert await quick.count() == 10


def foreign(post: Post, context: ssl.SSLContext | None, password: str, letter: EmailMessage) -> int | None:
    """Python's own client, which knows nothing of ours; what it was refused with."""
    with smtplib.SMTP("127.0.0.1", post.port, timeout=10) as client:
        try:
            if context is not None:
                client.starttls(context=context)
                client.login(SENDER, password)
            client.send_message(letter, from_addr=SENDER, to_addrs=[TO])
        except smtplib.SMTPResponseException as problem:
            return problem.smtp_code
    return None


def written(text: str, **fields: str) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = "ساعت کار"
    for name, value in fields.items():
        letter[name.replace("_", "-")] = value
    letter.set_content(text)
    letter.add_alternative(f"<p>{text}</p>", subtype="html")
    return letter


async def test_pythons_own_client_signs_in_over_tls_and_sends(
    tmp_path: Path, sqlite_url: str, clock: ManualClock
) -> None:
    certificate = self_made(tmp_path, "127.0.0.1")
    trust = ssl.create_default_context(cafile=certificate.file)
    async with post_office(sqlite_url, clock, tls=certificate.server()) as post:
        letter = written("شعبه ساعت ۹ باز است.")
        assert await asyncio.to_thread(foreign, post, trust, post.token, letter) is None
        assert await post.messages() == [(MSISDN, "شعبه ساعت ۹ باز است.")]
        assert await asyncio.to_thread(foreign, post, trust, "wrong", letter) == 535
        with_field = written("without TLS", X_Tapdial_Token=post.token)
        assert await asyncio.to_thread(foreign, post, None, "", with_field) is None
        assert [text for _, text in await post.messages()] == ["without TLS"]


async def test_auth_is_offered_inside_tls_only_and_binds_the_sender(
    tmp_path: Path, sqlite_url: str, clock: ManualClock
) -> None:
    certificate = self_made(tmp_path, "127.0.0.1")
    async with post_office(sqlite_url, clock, tls=certificate.server()) as post:
        async with talking(post.port) as talk:
            await talk.say(b"EHLO me\r\n")
            assert (await talk.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith("538")
            assert (await talk.say(b"STARTTLS\r\n")).startswith("220")
            await talk.writer.start_tls(
                ssl.create_default_context(cafile=certificate.file), server_hostname="127.0.0.1"
            )
            await talk.say(b"EHLO me\r\n")
            for _ in range(2):
                assert (await talk.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith("535")
            assert (await talk.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith("421")
        await post.forwarding.add("other@example.org", "Other")
        trust = ssl.create_default_context(cafile=certificate.file)
        assert await asyncio.to_thread(as_another, post, trust) == 553


def as_another(post: Post, context: ssl.SSLContext) -> int:
    """The answer to a sender on the list who has signed in as another one."""
    with smtplib.SMTP("127.0.0.1", post.port, timeout=10) as client:
        client.starttls(context=context)
        client.login(SENDER, post.token)
        return client.mail("other@example.org")[0]


def test_what_four_parts_hold() -> None:
    assert (gsm.parts_count("a" * 612), gsm.parts_count("س" * 268)) == (4, 4)
