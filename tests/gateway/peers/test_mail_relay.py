"""Receipts by e-mail, over SMTP to the mailbox simulator and to relays on bad days."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.observe import Metrics
from gateway.peers.mail import MailRelay, RelayProfile, Tls
from gateway.services.notices import Channel, Outgoing, PartResult, PartState
from simulators.certificates import Certificate, self_made
from simulators.mailbox import Mailbox
from simulators.trace import Trace
from tests.gateway.peers.smsc_stubs import AT, after
from wallet.clock import ManualClock

SENDER = "receipts@tapdial.example"


def letter(address: str = "maryam@example.org", text: str = "۱٬۲۰۰٬۰۰۰ ریال مزایا واریز شد.") -> Outgoing:
    return Outgoing("ntc_1", "lse_1", Channel.EMAIL, address, text, "واریز مزایا", 1, frozenset(), after(900))


async def back(notice_id: str) -> str:
    return f"bounce+{notice_id}@sms.tapdial.example"


@asynccontextmanager
async def relay(port: int, **chosen: object) -> AsyncIterator[MailRelay]:
    profile = RelayProfile("127.0.0.1", port, SENDER, **{"timeout_s": 2.0, **chosen})  # type: ignore[arg-type]
    made = MailRelay(profile, ManualClock(AT), Metrics(), back)
    yield made
    await made.close()


async def sent(port: int, message: Outgoing | None = None, /, **chosen: object) -> PartResult:
    """What became of one letter."""
    async with relay(port, **chosen) as carrier:
        (part,) = (await carrier.send(message or letter())).parts
    return part


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(Trace())
    await mailbox.start("127.0.0.1", 0)
    yield mailbox
    await mailbox.stop()


@asynccontextmanager
async def guarded(certificate: Certificate, **users: str) -> AsyncIterator[Mailbox]:
    """A mailbox that offers STARTTLS, and wants AUTH if it has users."""
    mailbox = Mailbox(Trace(), tls=certificate.server(), users=users)
    await mailbox.start("127.0.0.1", 0)
    yield mailbox
    await mailbox.stop()


async def test_a_receipt_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    assert (await sent(mailbox.port)).state is PartState.SENT
    (got,) = mailbox.messages
    assert (got.sender, got.recipients) == ("bounce+ntc_1@sms.tapdial.example", ("maryam@example.org",))
    assert (got.subject, got.text.strip(), got.html) == ("واریز مزایا", "۱٬۲۰۰٬۰۰۰ ریال مزایا واریز شد.", "")
    assert got.message_id == "<ntc_1@tapdial.example>"


async def test_a_letter_with_html_has_both_forms_and_lines_of_any_length(mailbox: Mailbox) -> None:
    html = f'<p dir="rtl">{"سلام " * 2000}</p>\n.\n'
    message = replace(letter(text="سلام\n.\n..\nپایان"), html=html)
    assert (await sent(mailbox.port, message)).state is PartState.SENT
    (got,) = mailbox.messages
    assert got.text.splitlines() == ["سلام", ".", "..", "پایان"]
    assert got.html.splitlines() == html.splitlines()


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "مریم@example.org", "a@example.org\r\nBcc: all@example.org", "a@example.org,b@x"]
)
async def test_an_address_that_is_none_is_refused_before_it_is_sent(mailbox: Mailbox, address: str) -> None:
    assert (await sent(mailbox.port, letter(address))).state is PartState.REFUSED
    assert not mailbox.accepted


async def test_letters_share_a_few_connections_that_close_when_they_are_idle(mailbox: Mailbox) -> None:
    async with relay(mailbox.port, connections_max=2, idle_s=0.2) as carrier:
        assert carrier.room == 2
        for _ in range(3):
            async with asyncio.TaskGroup() as group:
                group.create_task(carrier.send(letter()))
                group.create_task(carrier.send(letter()))
                await asyncio.sleep(0)
                assert carrier.room == 0
        assert (len(mailbox.messages), mailbox.accepted) == (6, 2)
        await asyncio.sleep(0.5)
        assert (await carrier.send(letter())).parts[0].state is PartState.SENT
        assert mailbox.accepted == 3


async def test_a_connection_that_the_relay_closed_meanwhile_is_opened_again(mailbox: Mailbox) -> None:
    async with relay(mailbox.port) as carrier:
        await carrier.send(letter())
        port = mailbox.port
        await mailbox.stop()
        await mailbox.start("127.0.0.1", port)
        assert (await carrier.send(letter())).parts[0].state is PartState.SENT
    assert len(mailbox.messages) == 2


async def test_a_refused_recipient_does_not_spoil_the_next_letter_on_the_connection(mailbox: Mailbox) -> None:
    mailbox.faults.refused = {"full@example.org": "452 4.2.2 full", "gone@example.org": "550 5.1.1 nobody"}
    told = {}
    async with relay(mailbox.port, connections_max=1) as carrier:
        for address in ("full@example.org", "gone@example.org", "maryam@example.org"):
            (part,) = (await carrier.send(letter(address))).parts
            told[address.partition("@")[0]] = (part.state, part.status)
    assert told == {
        "full": (PartState.LATER, 452),
        "gone": (PartState.REFUSED, 550),
        "maryam": (PartState.SENT, 0),
    }
    assert mailbox.accepted == 1


async def test_a_lost_answer_after_the_letter_is_uncertain_and_a_slow_one_too(mailbox: Mailbox) -> None:
    mailbox.faults.answers_lost = 1
    assert (await sent(mailbox.port)).state is PartState.UNCERTAIN
    mailbox.faults.delay_s = 1.0
    assert (await sent(mailbox.port, timeout_s=0.3)).state is PartState.UNCERTAIN
    # It has arrived each time; the same id tells the reader's side.
    assert {got.message_id for got in mailbox.messages} == {"<ntc_1@tapdial.example>"}


class Mumbling(Mailbox):
    """Takes letters and says so in words of its own."""

    said = "fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        await super().handle_DATA(server, session, envelope)
        return self.said


@pytest.mark.parametrize("answer", ["fine", "252 perhaps", "354 go on", "-12"])
async def test_an_answer_that_is_neither_yes_nor_no_ends_no_letter(answer: str) -> None:
    mailbox = Mumbling(Trace())
    mailbox.said = answer
    mailbox.faults.refused = {"odd@example.org": answer}
    await mailbox.start("127.0.0.1", 0)
    async with relay(mailbox.port, connections_max=1) as carrier:
        states = [(await carrier.send(letter(to))).parts[0].state for to in ("odd@example.org", "maryam@example.org")]
    await mailbox.stop()
    assert states == [PartState.LATER, PartState.UNCERTAIN]
    assert (len(mailbox.messages), mailbox.accepted) == (1, 2)


async def test_a_relay_that_is_closed_gets_a_rest_and_then_one_letter(mailbox: Mailbox) -> None:
    mailbox.faults.closed = True
    async with relay(mailbox.port) as carrier:
        (part,) = (await carrier.send(letter())).parts
        assert (part.state, part.status, carrier.room) == (PartState.LATER, 421, 0)
        mailbox.faults.closed = False
        await asyncio.sleep(1.1)
        assert carrier.room == 1
        assert (await carrier.send(letter())).parts[0].state is PartState.SENT
        assert carrier.room == 4


@pytest.mark.parametrize(
    ("tls", "trusted", "name", "state"),
    [
        (Tls.REQUIRED, True, "127.0.0.1", PartState.SENT),
        (Tls.OPTIONAL, True, "127.0.0.1", PartState.SENT),
        (Tls.REQUIRED, False, "127.0.0.1", PartState.LATER),
        (Tls.OPTIONAL, False, "127.0.0.1", PartState.LATER),
        (Tls.REQUIRED, True, "mail.example", PartState.LATER),
        (Tls.OFF, False, "127.0.0.1", PartState.SENT),
    ],
)
async def test_a_letter_goes_through_tls_only_to_the_host_that_the_certificate_names(
    tmp_path: Path, tls: Tls, *, trusted: bool, name: str, state: PartState
) -> None:
    certificate = self_made(tmp_path, name)
    async with guarded(certificate) as mailbox:
        ca_file = str(certificate.file) if trusted else ""
        assert (await sent(mailbox.port, tls=tls, ca_file=ca_file)).state is state
        assert len(mailbox.messages) == (state is PartState.SENT)


async def test_tls_that_is_required_is_never_left_out(mailbox: Mailbox) -> None:
    assert (await sent(mailbox.port, tls=Tls.REQUIRED)).state is PartState.LATER
    assert not mailbox.messages


async def test_a_relay_that_wants_a_name_and_password_gets_them_inside_tls(tmp_path: Path) -> None:
    certificate = self_made(tmp_path, "127.0.0.1")
    chosen = functools.partial(sent, tls=Tls.REQUIRED, ca_file=str(certificate.file), user="tapdial")
    async with guarded(certificate, tapdial="right") as mailbox:
        assert (await chosen(mailbox.port, password="right")).state is PartState.SENT
        wrong = await chosen(mailbox.port, password="wrong")
    # A wrong password is not the letter's fault: it waits.
    assert (wrong.state, wrong.status) == (PartState.LATER, 535)


def test_the_profile_does_not_show_its_password() -> None:
    assert "right" not in repr(RelayProfile("mail", 25, SENDER, password="right"))


@asynccontextmanager
async def scripted(*answers: str) -> AsyncIterator[int]:
    """A relay that says these lines, one at each line that it hears, then closes; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                if answer:
                    writer.write(f"{answer}\r\n".encode())
                while (line := await reader.readline()) and answer.startswith("354") and line != b".\r\n":
                    pass
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


GREETED = ("220 relay", "250 relay", "250 sender")


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((*GREETED, "550 no such mailbox", "250 reset", "221 bye"), PartState.REFUSED),
        ((*GREETED, "450 later", "250 reset", "221 bye"), PartState.LATER),
        (("220 relay", "250 relay", "550 not you", "250 reset", "221 bye"), PartState.REFUSED),
        ((*GREETED, "250 ok", "354 go on", "554 not this", "250 reset", "221 bye"), PartState.REFUSED),
        ((*GREETED, "250 ok", "354 go on", "250 taken"), PartState.SENT),
        ((*GREETED, "250 ok", "354 go on"), PartState.UNCERTAIN),
        (("421 not now",), PartState.LATER),
        (("554 no service",), PartState.LATER),
        ((), PartState.LATER),
    ],
)
async def test_each_answer_of_a_relay_has_its_meaning(answers: tuple[str, ...], state: PartState) -> None:
    async with scripted(*answers) as port:
        assert (await sent(port)).state is state


async def test_a_relay_that_is_away_or_silent_is_tried_later() -> None:
    assert (await sent(1)).state is PartState.LATER
    async with scripted("") as port:
        assert (await sent(port, timeout_s=0.1)).state is PartState.LATER
