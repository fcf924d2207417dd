"""Receipts by e-mail, over SMTP to the mailbox simulator and to relays on bad days."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.observe import Metrics
from gateway.peers.mail import MailRelay
from gateway.services.notices import Channel, Outgoing, PartState
from simulators.mailbox import Mailbox
from simulators.trace import Trace
from tests.gateway.peers.smsc_stubs import AT, after
from wallet.clock import ManualClock

SENDER = "receipts@tapdial.example"


def letter(address: str = "maryam@example.org", text: str = "۱٬۲۰۰٬۰۰۰ ریال مزایا واریز شد.") -> Outgoing:
    return Outgoing("ntc_1", "lse_1", Channel.EMAIL, address, text, "واریز مزایا", 1, frozenset(), after(900))


def relay(port: int, timeout_s: float = 2.0) -> MailRelay:
    return MailRelay("127.0.0.1", port, SENDER, ManualClock(AT), Metrics(), timeout_s=timeout_s)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(Trace())
    await mailbox.start("127.0.0.1", 0)
    yield mailbox
    await mailbox.stop()


async def test_a_receipt_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    report = await relay(mailbox.port).send(letter())
    assert [part.state for part in report.parts] == [PartState.SENT]
    (got,) = mailbox.messages
    assert (got.sender, got.recipients) == (SENDER, ("maryam@example.org",))
    assert (got.subject, got.text.strip()) == ("واریز مزایا", "۱٬۲۰۰٬۰۰۰ ریال مزایا واریز شد.")
    assert got.message_id == "<ntc_1@tapdial.example>"


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "مریم@example.org", "a@example.org\r\nBcc: all@example.org", "a@example.org,b@x"]
)
async def test_an_address_that_is_none_is_refused_before_it_is_sent(mailbox: Mailbox, address: str) -> None:
    report = await relay(mailbox.port).send(letter(address))
    assert [part.state for part in report.parts] == [PartState.REFUSED]
    assert not mailbox.messages


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
        assert [part.state for part in (await relay(port).send(letter())).parts] == [state]


async def test_a_relay_that_is_away_or_silent_is_tried_later() -> None:
    assert (await relay(1).send(letter())).parts[0].state is PartState.LATER
    async with scripted("") as port:
        assert (await relay(port, timeout_s=0.1).send(letter())).parts[0].state is PartState.LATER
