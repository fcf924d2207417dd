"""Letters that come back end their notice and, where the address is to blame, the letters to it; none can be forged."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiosmtplib
import pytest

from gateway.observe import Metrics
from gateway.peers.mail import MailRelay, RelayProfile
from gateway.services.notices import Channel, Notice, NoticeClass, NoticeState
from simulators.mailbox import Letter, Mailbox, delivery_report
from simulators.trace import Trace
from tests.gateway.channels.mail.post import DOMAIN, SENDER, Post, post_office
from wallet.clock import ManualClock
from wallet.money import irr

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ADDRESS = "maryam@example.org"
PAID = Notice(
    "clm_1", NoticeClass.BENEFIT_PAID, "+989120000001", "per_1", "fa", {"amount": irr(5000), "at": AT}, email=ADDRESS
)


@pytest.fixture
async def post(sqlite_url: str, clock: ManualClock) -> AsyncIterator[Post]:
    async with post_office(sqlite_url, clock) as made:
        yield made


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(Trace())
    await mailbox.start("127.0.0.1", 0)
    yield mailbox
    await mailbox.stop()


async def sent(post: Post, mailbox: Mailbox) -> Letter:
    """Tell somebody of money by e-mail; the letter as it arrived, settled as sent."""
    await post.notices.tell(PAID)
    (message,) = await post.outbox.claim(Channel.EMAIL, 10)
    profile = RelayProfile("127.0.0.1", mailbox.port, "receipts@tapdial.example")
    relay = MailRelay(profile, post.clock, Metrics(), post.bounces.return_path)
    report = await relay.send(message)
    await relay.close()
    assert await post.outbox.settle([(message, report)]) == {message.id: NoticeState.SENT}
    return mailbox.messages[-1]


@pytest.mark.parametrize(
    ("action", "status", "state", "given_up"),
    [
        ("failed", "5.1.1", NoticeState.FAILED, True),
        ("failed", "5.2.1", NoticeState.FAILED, True),
        ("failed", "5.1.10", NoticeState.FAILED, True),
        ("failed", "5.1.7", NoticeState.FAILED, False),
        ("failed", "5.1.8", NoticeState.FAILED, False),
        ("failed", "5.2.2", NoticeState.FAILED, False),
        ("failed", "5.7.1", NoticeState.FAILED, False),
        ("failed", "4.4.7", NoticeState.FAILED, False),
        ("delayed", "4.4.1", NoticeState.SENT, False),
        ("delivered", "2.0.0", NoticeState.SENT, False),
    ],
)
async def test_each_report_has_its_meaning(
    post: Post, mailbox: Mailbox, action: str, status: str, state: NoticeState, *, given_up: bool
) -> None:
    letter = await sent(post, mailbox)
    assert letter.html.count('dir="rtl"') == 2
    assert letter.text.splitlines()[0] in letter.html
    for _ in range(2):
        await mailbox.send_back(letter, "127.0.0.1", post.port, action=action, status=status)
    counts = await post.outbox.counts()
    assert counts[state] == 1
    assert post.people.bounced == ([("per_1", ADDRESS, status)] * 2 if given_up else [])


async def test_a_report_ends_its_notice_on_each_database(
    database_url: str, clock: ManualClock, mailbox: Mailbox
) -> None:
    async with post_office(database_url, clock) as post:
        letter = await sent(post, mailbox)
        await mailbox.send_back(letter, "127.0.0.1", post.port)
        assert (await post.outbox.counts())[NoticeState.FAILED] == 1
        assert post.people.bounced == [("per_1", ADDRESS, "5.1.1")]


async def test_a_report_that_comes_before_the_answer_is_not_lost(post: Post, mailbox: Mailbox) -> None:
    await post.notices.tell(PAID)
    (message,) = await post.outbox.claim(Channel.EMAIL, 10)
    profile = RelayProfile("127.0.0.1", mailbox.port, "receipts@tapdial.example")
    relay = MailRelay(profile, post.clock, Metrics(), post.bounces.return_path)
    report = await relay.send(message)
    await relay.close()
    await mailbox.send_back(mailbox.messages[-1], "127.0.0.1", post.port)
    assert await post.outbox.settle([(message, report)]) == {message.id: NoticeState.FAILED}


async def test_nobody_can_forge_a_return_path(post: Post, mailbox: Mailbox) -> None:
    letter = await sent(post, mailbox)
    path = letter.sender
    mac = path.partition(".")[2].partition("@")[0]
    other = "a" if mac[0] != "a" else "b"
    forged = [
        path.replace(mac, other + mac[1:]),
        path.replace("bounce+ntc_0", "bounce+ntc_1"),
        path.replace(f".{mac}", ""),
        f"bounce+@{DOMAIN}",
        f"bounce+ntc_1.{mac}@{DOMAIN}",
    ]
    for one in forged:
        answer = await post.deliver(delivery_report(letter, action="failed", status="5.1.1"), to=[one], sender="")
        assert answer.startswith("550 5.1.1 no letter of ours"), one
    # Nor is a report from somebody who has a name.
    answer = await post.deliver(delivery_report(letter, action="failed", status="5.1.1"), to=[path], sender=SENDER)
    assert answer.startswith("550 5.7.1 only reports")
    assert (await post.outbox.counts())[NoticeState.SENT] == 1
    assert post.people.bounced == []


async def test_the_return_path_is_known_in_small_and_in_large_letters(post: Post) -> None:
    path = await post.bounces.return_path("ntc_01K00000000000000000000000")
    local = path.partition("@")[0]
    assert len(local) <= 64
    assert local == local.lower()
    for form in (local, local.upper()):
        assert await post.bounces.notice_of(form) == "ntc_01K00000000000000000000000"


async def test_an_answering_machine_at_the_return_path_is_heard_and_changes_nothing(
    post: Post, mailbox: Mailbox
) -> None:
    letter = await sent(post, mailbox)
    away = b"Subject: away\r\nAuto-Submitted: auto-replied\r\n\r\nI am on holiday.\r\n"
    assert (await post.deliver(away, to=[letter.sender], sender="")).startswith("250")
    assert (await post.outbox.counts())[NoticeState.SENT] == 1


async def test_two_letters_cannot_come_back_in_one_report(post: Post) -> None:
    paths = [await post.bounces.return_path(f"ntc_01K0000000000000000000000{n}") for n in (1, 2)]
    assert (await post.deliver(b"x", to=paths, sender="")).startswith("452")


async def test_a_mailbox_that_sends_back_to_nobody_is_told_so(post: Post, mailbox: Mailbox) -> None:
    stranger = Letter(f"bounce+nobody@{DOMAIN}", (ADDRESS,), "", "", "<x@y>")
    with pytest.raises(aiosmtplib.SMTPRecipientRefused):
        await mailbox.send_back(stranger, "127.0.0.1", post.port)
