"""Links to USSD centres over TCP, against simulated centres that were written apart from them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.errors import SettingsFault
from gateway.observe import Metrics
from gateway.peers.ussd import UssdLink, UssdLinkKind, UssdLinkProfile, read_ussd_links
from gateway.peers.ussd.talk import Asked
from gateway.peers.ussd.ussdc import UssdcTalk
from gateway.services.dialogues.linked import HopKind, LinkHop, LinkPage
from gateway.wire import ussdc
from simulators.trace import Trace
from simulators.ussd_centre import Centre, CentreFaults, HuaweiCentre, MtnCentre
from wallet.clock import SystemClock

CENTRES = {UssdLinkKind.USSDC: HuaweiCentre, UssdLinkKind.MTN: MtnCentre}
KINDS = pytest.mark.parametrize("kind", list(UssdLinkKind))
ALICE, BOB = "+989120000001", "+989120000002"
PERSIAN = "۱. موجودی\n۲. غرامت بیماری\n۰. راهنما"
"""Two pages and an end; what was typed stands in the page, so that a mix-up of dialogues shows."""


class Pages:
    """Dialogues that tell each phone what it said; `late` holds the answers of one phone back."""

    def __init__(self) -> None:
        self.heard: list[LinkHop] = []
        self.held = asyncio.Event()
        self.held.set()

    async def hop(self, hop: LinkHop) -> LinkPage | None:
        self.heard.append(hop)
        if hop.msisdn == ALICE:
            await self.held.wait()
        if hop.kind is HopKind.ABORT:
            return None
        if hop.kind is HopKind.BEGIN:
            return LinkPage(PERSIAN, ends=False)
        return LinkPage(f"{hop.msisdn[-1]} said {hop.text} é", ends=hop.text == "9")


@asynccontextmanager
async def linked(
    kind: UssdLinkKind, pages: Pages, faults: CentreFaults, **more: float
) -> AsyncIterator[tuple[Centre, UssdLink]]:
    centre = CENTRES[kind]("tapdial", "s3cret", "*1420#", Trace(), faults)
    await centre.start()
    chosen = {"retry_min_s": 0.05, "retry_max_s": 0.1, "response_s": 2.0, "pushes_max": 9} | more
    profile = UssdLinkProfile("op", kind, "127.0.0.1", centre.port, "tapdial", "s3cret", **chosen)  # type: ignore[arg-type]
    link = UssdLink(profile, pages, SystemClock(), Metrics())
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(link.run())
            try:
                yield centre, link
            finally:
                link.stop()
                async with asyncio.timeout(3):
                    await asyncio.wait({running})
    finally:
        await centre.close()


async def until(centre: Centre) -> None:
    async with asyncio.timeout(3):
        await centre.signed_on.wait()


async def became(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not true():  # noqa: ASYNC110 - what is waited for is the other side's state, which tells nobody
            await asyncio.sleep(0.01)


@KINDS
@pytest.mark.parametrize("trickle", [False, True])
async def test_a_phone_dials_answers_and_reads_its_last_page(kind: UssdLinkKind, trickle: bool) -> None:  # noqa: FBT001
    pages = Pages()
    async with linked(kind, pages, CentreFaults(trickle=trickle)) as (centre, link):
        await until(centre)
        menu = await centre.dial(ALICE, "*1420*3*500#")
        said = await centre.answer(ALICE, "٣")
        last = await centre.answer(ALICE, "9")
        up = link.status().up

    assert (menu.text, menu.open, up) == (PERSIAN, True, True)
    assert (said.text, said.open) == ("1 said ٣ é", True)
    assert (last.text, last.open) == ("1 said 9 é", False)
    assert [(hop.kind, hop.text) for hop in pages.heard] == [
        (HopKind.BEGIN, "*1420*3*500#"), (HopKind.CONTINUE, "٣"), (HopKind.CONTINUE, "9"),
    ]  # fmt: skip


@KINDS
async def test_two_overlapping_dialogues_never_see_each_other(kind: UssdLinkKind) -> None:
    pages = Pages()
    async with linked(kind, pages, CentreFaults()) as (centre, _link):
        await until(centre)
        await centre.dial(ALICE, "*1420#")
        await centre.dial(BOB, "*1420#")
        pages.held.clear()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(centre.answer(ALICE, "1"))
            quick = await centre.answer(BOB, "2")
            pages.held.set()

    assert (quick.text, slow.result().text) == ("2 said 2 é", "1 said 1 é")


@KINDS
async def test_the_red_key_is_told(kind: UssdLinkKind) -> None:
    pages = Pages()
    async with linked(kind, pages, CentreFaults()) as (centre, _link):
        await until(centre)
        await centre.dial(BOB, "*1420#")
        await centre.cancel(BOB)
        await became(lambda: len(pages.heard) == 2)

    assert pages.heard[1].kind is HopKind.ABORT
    assert pages.heard[1].session_key == pages.heard[0].session_key


@KINDS
async def test_a_link_that_is_cut_or_sent_garbage_signs_on_again(kind: UssdLinkKind) -> None:
    faults = CentreFaults()
    async with linked(kind, Pages(), faults) as (centre, _link):
        await until(centre)
        centre.hang_up()
        await until(centre)
        await centre.send(b"\xff" * 64)
        await became(lambda: not centre.signed_on.is_set())
        await until(centre)
        page = await centre.dial(ALICE, "*1420#")

    assert page.text == PERSIAN


@KINDS
async def test_a_refused_sign_on_is_an_alarm_and_no_secret(
    kind: UssdLinkKind, capsys: pytest.CaptureFixture[str]
) -> None:
    async with linked(kind, Pages(), CentreFaults(refuse=True)) as (_centre, link):
        await became(lambda: link.status().alarm != "")
        status = link.status()

    assert (status.up, "refused" in status.alarm or "bind" in status.alarm) == (False, True)
    assert "s3cret" not in repr(link.profile) + "".join(capsys.readouterr())


@KINDS
async def test_a_silent_centre_is_asked_and_given_up(kind: UssdLinkKind) -> None:
    faults = CentreFaults(deaf=True)
    async with linked(kind, Pages(), faults, enquire_s=0.05, response_s=0.3) as (centre, _link):
        await until(centre)
        await became(lambda: centre.enquiries >= 2 and not centre.signed_on.is_set())
        faults.deaf = False
        await until(centre)
        page = await centre.dial(ALICE, "*1420#")

    assert page.open


STRANGE = {
    UssdLinkKind.USSDC: (
        b"\0\0\0\x31" + b"\0\0\0\x6f" + b"\0" * 7 + b"\x63" + b"\xff" * 4
        + b"\x20\x01" + b"989120000009".ljust(25, b"\0") + b"\x99?"
    ),
    UssdLinkKind.MTN: b"0000000000000099".ljust(16, b"\0") + b"59".ljust(16, b"\0") + b"<USSDRequest>&</USSDRequest",
}  # fmt: skip
"""A begin in a coding that nobody knows, and XML that is none, each whole in its frame."""


@KINDS
async def test_what_one_phone_sends_ends_no_dialogue_of_another(kind: UssdLinkKind) -> None:
    async with linked(kind, Pages(), CentreFaults()) as (centre, link):
        await until(centre)
        await centre.dial(ALICE, "*1420#")
        since = link.since
        await centre.send(STRANGE[kind])
        page = await centre.answer(ALICE, "1")

        assert (page.text, link.since) == ("1 said 1 é", since)


@KINDS
async def test_a_stop_sends_the_pages_that_are_in_hand(kind: UssdLinkKind) -> None:
    pages = Pages()
    async with linked(kind, pages, CentreFaults()) as (centre, link):
        await until(centre)
        await centre.dial(ALICE, "*1420#")
        pages.held.clear()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(centre.answer(ALICE, "9"))
            await became(lambda: len(pages.heard) == 2)
            link.stop()
            await asyncio.sleep(0.05)
            pages.held.set()

    assert slow.result().text == "1 said 9 é"


def test_more_dialogues_than_are_remembered_go_on_as_if_from_before() -> None:
    talk = UssdcTalk(UssdLinkProfile("op", UssdLinkKind.USSDC, "h", 1, "a", "p", dialogues_max=2))
    for number in (1, 2, 3):
        body = ussdc.Talk(ussdc.Operation.REQUEST, f"98912000000{number}", "*1420#").encode()
        talk.feed(ussdc.Pdu(ussdc.Command.BEGIN, number, ussdc.NO_CB, body=body).encode())
    body = ussdc.Talk(ussdc.Operation.RESPONSE, "989120000001", "1").encode()
    (oldest,) = talk.feed(ussdc.Pdu(ussdc.Command.CONTINUE, 1, 1, body=body).encode())

    assert isinstance(oldest, Asked)
    assert (oldest.hop.msisdn, oldest.hop.text, oldest.hop.session_key) == (ALICE, "1", "00000001")


BAD_FILES = [
    ("", "holds"),
    ("[[link]]\nname = 'a'", "kind"),
    ("[[link]]\nname = 'a'\nkindd = 'ussdc'", "kindd is not known"),
    ("[[link]]\nname='a'\nkind='ussdc'\nhost='h'\nport=1\naccount='x'\npassword='p'\n" * 2, "two links"),
    ("[[link]]\nname='a'\nkind='ussdc'\nhost='h'\nport='p'\naccount='x'\npassword='geheim'\n", "port"),
    ("not toml", "cannot read"),
]


@pytest.mark.parametrize(("content", "said"), BAD_FILES)
def test_a_bad_file_of_links_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "links.toml"
    file.write_text(content)

    with pytest.raises(SettingsFault, match=said) as refused:
        read_ussd_links(file, demo=True)

    assert "geheim" not in str(refused.value)


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "links.toml"
    file.write_text("[[link]]\nname='a'\nkind='mtn'\nhost='h'\nport=1\naccount='x'\npassword='p'\n")
    file.chmod(0o644)

    with pytest.raises(SettingsFault, match="chmod 600"):
        read_ussd_links(file, demo=False)

    file.chmod(0o600)
    assert read_ussd_links(file, demo=False)[0].kind is UssdLinkKind.MTN


def test_the_example_is_a_file_of_links(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "deploy" / "ussd-links.example.toml"
    (tmp_path / "links.toml").write_bytes(example.read_bytes())
    for name in ("ussdc", "mtn"):
        (tmp_path / f"{name}.password").write_text("geheim\n")
        (tmp_path / f"{name}.password").chmod(0o600)

    links = read_ussd_links(tmp_path / "links.toml", demo=False)

    assert [(link.name, link.kind, link.password) for link in links] == [
        ("huawei", UssdLinkKind.USSDC, "geheim"), ("mtn", UssdLinkKind.MTN, "geheim"),
    ]  # fmt: skip
