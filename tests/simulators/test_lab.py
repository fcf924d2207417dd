"""The lab page by HTTP: what each key does, what is refused, and that its words are whole in every language."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp.plugin import AiohttpClient

from simulators import people
from simulators.lab import Bench, Lab, words
from simulators.lab.bench import FaultButton, KeyWay
from simulators.lab.render import WIRES
from simulators.lab.terminal import Work
from simulators.mssp import Said
from simulators.nfc import Kind
from simulators.terminal import TapOutcome
from tests.simulators.acquirer import Acquirer, until
from tests.simulators.bench import FIRST, PERSIAN, RETIREE, Letterbox, TalkingNetwork, bench_of
from tests.simulators.tokens import TOKEN

TEMPLATES = words.TEXTS.parent / "templates"
HTMX = {"HX-Request": "true"}


@dataclass
class Page:
    """A browser on the lab's page, as far as HTTP goes."""

    client: "TestClient[Request, Application]"
    bench: Bench
    network: TalkingNetwork
    acquirer: Acquirer

    async def get(self, path: str) -> str:
        async with self.client.get(path) as response:
            assert response.status in (200, 204), path
            return await response.text()

    async def post(self, path: str, data: dict[str, str] | None = None, status: int = 200) -> str:
        origin = str(self.client.make_url("/").origin())
        headers = {**HTMX, "Origin": origin}
        async with self.client.post(path, data=data or {}, headers=headers) as response:
            assert response.status == status, await response.text()
            return await response.text()


def screen_of(html: str) -> str:
    """What stands on the feature phone's screen."""
    found = re.search(r"<output.*?</output>", html, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.fixture
async def page(aiohttp_client: AiohttpClient) -> AsyncIterator[Page]:
    async with Acquirer().listening() as acquirer:
        bench, network = bench_of(acquirer.port)
        client = await aiohttp_client(Lab(bench).application())
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(bench.terminals["TERM0001"].run())
            await until(lambda: bench.terminals["TERM0001"].online)
            yield Page(client, bench, network, acquirer)
            task.cancel()


async def test_the_page_shows_ten_people_two_phones_a_terminal_and_the_wires(page: Page) -> None:
    html = await page.get("/")

    assert len(set(re.findall(r"/\?phone=(9891200000\d\d)", html))) == 10
    for part in ("handset", "nfc", "terminal", "wires", "faults"):
        assert f'id="{part}"' in html
    assert 'value="*1420#"' in html
    assert re.search(r'value="989120000002" selected', html), "the retiree holds the NFC phone"


async def test_call_shows_the_page_and_the_next_answer_can_be_typed(page: Page) -> None:
    html = await page.post("/phones/989120000001/press", {"entry": "*1420#"})

    assert "2. Claim a benefit" in html
    assert 'name="entry"' in html
    assert 'value=""' in html
    answered = await page.post("/phones/989120000001/press", {"entry": "2"})
    assert "You chose &lt;2&gt;" in answered


async def test_the_red_key_clears_the_screen_and_the_entry_is_the_code_again(page: Page) -> None:
    await page.post("/phones/989120000001/press", {"entry": "*1420#"})

    html = await page.post("/phones/989120000001/hang-up")

    assert "Claim a benefit" not in html
    assert 'value="*1420#"' in html
    assert page.bench.trace.messages[-1].summary.endswith("hangs up")


async def test_a_code_of_nobody_says_so_on_the_screen(page: Page) -> None:
    html = await page.post("/phones/989120000001/press", {"entry": "*9#"})

    assert "Connection problem or invalid code" in html
    assert "no service at *9#" in html


async def test_each_person_has_a_screen_of_their_own(page: Page) -> None:
    await page.post("/phones/989120000001/press", {"entry": "*1420#"})

    assert "Claim a benefit" not in screen_of(await page.get("/?phone=989120000004"))
    assert "Claim a benefit" in screen_of(await page.get("/?phone=989120000001"))


async def test_a_persian_page_decides_its_own_direction(page: Page) -> None:
    page.network.menu = PERSIAN

    html = await page.post("/phones/989120000001/press", {"entry": "*1420#"})

    assert re.search(r'<output[^>]* dir="auto"', html)
    assert "موجودی" in html


async def test_an_sms_arrives_with_the_next_look_newest_first(page: Page) -> None:
    await page.get("/")
    phone = page.bench.phones[FIRST]
    phone.receive("first", "1420")
    phone.receive("second <b>", "1420")

    html = await page.get("/live?phone=989120000001&after=0&inbox=0")

    assert 'hx-swap-oob="true"' in html
    assert html.index("second &lt;b&gt;") < html.index("first")


async def test_a_message_is_sent_to_the_short_code_and_shown_among_the_others(page: Page) -> None:
    page.bench.phones[FIRST].receive("Your code is ready", "1420")

    html = await page.post("/phones/989120000001/sms", {"text": "  مانده <b>\r\n "})

    letters = page.bench.phones[FIRST].messages
    assert isinstance(letters, Letterbox)
    assert letters.sent == [(FIRST, "مانده <b>", "1420")]
    assert re.search(r'<li class="sent">.*to 1420.*مانده &lt;b&gt;.*from 1420', html, re.DOTALL)
    assert re.search(r"<textarea[^>]*></textarea>", html), "the box is empty for the next one"


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1_001])
async def test_a_message_without_a_text_or_too_long_is_refused_in_words(page: Page, text: str) -> None:
    html = await page.post("/phones/989120000001/sms", {"text": text}, status=422)

    assert "Type a text of 1 to 1,000 characters" in html
    assert not page.bench.phones[FIRST].inbox


async def test_a_draft_survives_what_happens_on_the_screen_and_in_the_inbox(page: Page) -> None:
    page.bench.phones[FIRST].receive("news", "1420")

    assert 'id="sms"' not in await page.get("/live?phone=989120000001&after=0&inbox=0")
    assert 'id="sms"' not in await page.post("/phones/989120000001/press", {"entry": "*1420#"})


async def test_nothing_new_is_an_empty_answer(page: Page) -> None:
    html = await page.get("/")
    found = re.search(r'hx-get="(/live[^"]+)"', html)
    assert found is not None
    seen = re.findall(r'class="seen" name="(\w+)" value="([^"]*)"', html)
    path = "&".join([found[1].replace("&amp;", "&"), *(f"{name}={value}" for name, value in seen)])

    async with page.client.get(path) as response:
        assert response.status == 204


async def test_new_wire_messages_come_newest_first_with_their_detail(page: Page) -> None:
    await page.post("/phones/989120000001/press", {"entry": "*1420#"})
    seen = page.bench.trace.messages[-1].number
    await page.post("/phones/989120000001/press", {"entry": "3"})

    html = await page.get(f"/live?phone=989120000001&after={seen}&inbox=0")

    assert "answers 3" in html
    assert "dials *1420#" not in html
    assert "<details>" in html


async def test_a_tap_is_approved_and_prints_a_slip_without_the_token_number(page: Page) -> None:
    page.bench.nfc_phones[RETIREE].token = TOKEN

    html = await page.post("/terminals/TERM0001/tap?nfc=989120000002", {"amount": "۲۵٬۰۰۰"})

    assert "Approved" in html
    assert "25,000 IRR" in html
    assert TOKEN.pan not in html
    assert 'id="nfc"' in html, "the counter on the phone is swapped too"
    repeated = await page.post("/terminals/TERM0001/repeat")
    assert "Same answer again" in repeated
    assert "25,000 IRR" in repeated


async def test_a_declined_tap_says_why(page: Page) -> None:
    page.acquirer.codes["0100"] = "51"
    page.bench.nfc_phones[RETIREE].token = TOKEN

    html = await page.post("/terminals/TERM0001/tap", {"amount": "1000"})

    assert "Declined" in html
    assert "not enough money" in html


@pytest.mark.parametrize("amount", ["", "0", "-5", "12.5", "1" * 16, "abc", "٠"])
async def test_an_amount_that_is_none_is_refused_in_words(page: Page, amount: str) -> None:
    html = await page.post("/terminals/TERM0001/tap", {"amount": amount}, status=422)

    assert "Type an amount of 1 rial or more" in html
    assert page.acquirer.mtis() == []


async def test_a_phone_without_a_token_is_not_ready(page: Page) -> None:
    assert "The phone is not ready" in await page.post("/terminals/TERM0001/tap", {"amount": "1000"})


async def test_an_activation_code_of_another_form_is_not_sent(page: Page) -> None:
    html = await page.post("/nfc/989120000002/token", {"activation_code": "123"}, status=422)

    assert "The activation code has eight digits" in html


async def test_a_gateway_that_is_away_is_said_on_the_phone(page: Page) -> None:
    html = await page.post("/nfc/989120000002/token", {"activation_code": "12345678"})

    assert "No token: the gateway does not answer" in html


async def test_the_lock_switches_and_shows_it(page: Page) -> None:
    assert 'aria-pressed="false"' in await page.post("/nfc/989120000002/lock")
    assert not page.bench.nfc_phones[RETIREE].cdcvm
    assert 'aria-pressed="true"' in await page.post("/nfc/989120000002/lock")


async def test_a_phone_joins_another_carrier_and_its_dialogue_ends(page: Page) -> None:
    assert 'id="carrier"' not in await page.get("/"), "one carrier is no choice"
    other = TalkingNetwork(page.bench.trace, menu="Other menu")
    page.bench.carriers = {**page.bench.carriers, "nalo": other}
    await page.post("/phones/989120000001/press", {"entry": "*1420#"})

    html = await page.post("/phones/989120000001/carrier", {"carrier": "nalo"})

    assert re.search(r'<option value="nalo" selected>', html)
    assert "hangs up" in page.bench.trace.messages[-1].summary
    assert "Other menu" in await page.post("/phones/989120000001/press", {"entry": "*1420#"})
    assert page.bench.carrier_of(page.bench.phones[RETIREE]) == "africastalking"


async def test_there_is_no_other_carrier_than_those_of_the_bench(page: Page) -> None:
    origin = {"Origin": f"http://{page.client.host}:{page.client.port}"}
    path = "/phones/989120000001/carrier"
    async with page.client.post(path, data={"carrier": "gopher"}, headers=origin) as response:
        assert response.status == 404


@pytest.mark.parametrize("button", list(FaultButton))
async def test_a_fault_button_switches_its_fault_on_and_off(page: Page, button: FaultButton) -> None:
    html = await page.post(f"/faults/{button.value}")

    assert page.bench.is_on(button)
    assert re.search(rf'id="fault-{button.value}" aria-pressed="true"', html)
    await page.post(f"/faults/{button.value}")
    assert not page.bench.is_on(button)


async def test_a_fault_that_fired_and_went_off_is_seen_without_a_reload(page: Page) -> None:
    await page.post("/faults/drop_session")
    page.bench.faults.drop_session = False

    html = await page.get("/live?after=0&inbox=0&faults=10000&line=1.0")

    assert re.search(r'id="fault-drop_session" aria-pressed="false"', html)


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1"])
async def test_a_post_from_another_page_is_refused(page: Page, origin: str | None) -> None:
    headers = {"Origin": origin} if origin is not None else {}

    async with page.client.post("/phones/989120000001/press", data={"entry": "*1420#"}, headers=headers) as response:
        assert response.status == 403
    assert not any(message.wire == "ussd" for message in page.bench.trace.messages)


async def test_a_host_that_is_not_this_machine_is_refused(page: Page) -> None:
    async with page.client.get("/", headers={"Host": "lab.evil.example"}) as response:
        assert response.status == 403


@pytest.mark.parametrize("path", ["/", "/live", "/static/lab.css", "/nothing"])
async def test_every_answer_carries_the_policy(page: Page, path: str) -> None:
    async with page.client.get(path) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/phones/1/press", "/phones/1/sms", "/nfc/1/lock", "/terminals/NOBODY00/tap", "/faults/none"]
)
async def test_a_device_that_is_not_there_is_not_found(page: Page, path: str) -> None:
    await page.post(path, {"amount": "1"}, status=404)


async def test_a_browser_without_scripts_is_sent_back_to_the_page(page: Page) -> None:
    origin = str(page.client.make_url("/").origin())
    looks = "phone=989120000001&nfc=989120000002&signer=989120000101&terminal=TERM0001"
    path = f"/phones/989120000001/press?{looks}"

    async with page.client.post(
        path, data={"entry": "*1420#"}, headers={"Origin": origin}, allow_redirects=False
    ) as response:
        assert response.status == 303
        assert response.headers["Location"] == f"/?{looks}"


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fa", "rtl"), ("fr", "ltr"), ("ar", "rtl")])
async def test_the_language_is_kept_and_sets_the_direction(page: Page, language: str, direction: str) -> None:
    await page.get(f"/?lang={language}")

    html = await page.get("/")

    assert f'<html lang="{language}" dir="{direction}">' in html


async def test_no_inline_script_or_style_is_on_the_page(page: Page) -> None:
    html = await page.get("/")

    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on", html)


def test_every_text_stands_in_every_language() -> None:
    english, *others = words.load().values()

    for other in others:
        assert other.texts.keys() == english.texts.keys()
        for key, text in english.texts.items():
            assert re.findall(r"{\w+}", other.texts[key]) == re.findall(r"{\w+}", text), key
            assert other.texts[key].strip(), key


def test_every_text_that_the_lab_may_ask_for_exists() -> None:
    texts = words.load()["en"].texts
    asked = {
        key for file in TEMPLATES.glob("*.jinja") for key in re.findall(r'\bt\("([a-z0-9_.]+)"[,)]', file.read_text())
    }
    asked |= {f"bank_state.{state}" for state in ("received", "rejected", "paid", "returned")}
    asked |= {f"who.{person.who}" for person in people.load()}
    asked |= {f"tap.{outcome}" for outcome in TapOutcome}
    asked |= {f"nfc_way.{way}" for way in KeyWay} | {f"nfc_kind.{kind.name.lower()}" for kind in Kind}
    asked |= {"nfc_kind.locked", "nfc_state.other"}
    asked |= {f"faults.{button}" for button in FaultButton}
    asked |= {f"wire.{wire}" for wire in WIRES}
    asked |= {f"sign_said.{said}" for said in Said if said is not Said.NOTHING}
    asked |= {f"receipt.{name}" for name in ("merchant", "terminal", "date", "token", "amount", "stan", "rrn")}
    asked |= {f"receipt.{name}" for name in ("paid", "rest", "refund", "offline", "batch", "sales", "refunds", "net")}
    asked |= {f"terminal.{work}" for work in Work if work is not Work.SWITCH}
    asked |= {"terminal.switch_off", "terminal.switch_on"}
    asked |= {f"receipt.{name}" for name in ("approval", "atc", "cryptogram")}

    assert asked <= texts.keys()
    by_code = ("de39.", "nfc_problem.", "nfc_state.", "who.")
    unused = {key for key in texts.keys() - asked if not key.startswith(by_code)}
    assert unused <= {"nfc.form", "sign.form", "terminal.bad_amount", "write.form"}


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "1,234,567"), ("fr", "1\u202f234\u202f567"), ("fa", "۱٬۲۳۴٬۵۶۷"), ("ar", "١٬٢٣٤٬٥٦٧")],
)
def test_numbers_are_grouped_as_the_language_writes_them(language: str, shown: str) -> None:
    assert words.load()[language].number(1_234_567) == shown
