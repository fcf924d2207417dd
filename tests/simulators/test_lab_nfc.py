"""The lab's NFC phone: its key and the last tap, the next key by three ways, and the tear-off switch."""

from dataclasses import dataclass

import pytest
from pytest_aiohttp.plugin import AiohttpClient, AiohttpServer

from simulators.lab import Lab
from simulators.nfc_phone import NfcPhone
from simulators.phone import Idle, Phone
from tests.simulators.bench import RETIREE, bench_of
from tests.simulators.nfc.commands import SELECT_AID, gpo
from tests.simulators.nfc.house import House

AT = "/nfc/989120000002"


@dataclass
class Panel:
    """The lab behind its door, and the house that serves its phones."""

    post: "Poster"
    nfc: NfcPhone
    feature: Phone
    house: House


class Poster:
    """Presses buttons as htmx does."""

    def __init__(self, client: "object", origin: str) -> None:
        self._client = client
        self._origin = origin

    async def __call__(self, path: str, status: int = 200) -> str:
        headers = {"HX-Request": "true", "Origin": self._origin}
        response = await self._client.post(path, headers=headers)  # type: ignore[attr-defined]
        assert response.status == status
        return str(await response.text())


@pytest.fixture
async def panel(aiohttp_client: AiohttpClient, aiohttp_server: AiohttpServer) -> Panel:
    house = House()
    url = str((await aiohttp_server(house.application())).make_url("")).rstrip("/")
    bench, _ = bench_of(9, url)
    client = await aiohttp_client(Lab(bench).application())
    origin = str(client.make_url("")).rstrip("/")
    nfc = bench.nfc_phones[RETIREE]
    assert (await nfc.provision("12345678")).ok
    return Panel(Poster(client, origin), nfc, bench.phones[RETIREE], house)


def tap(phone: NfcPhone, qualifiers: str = "36804000") -> None:
    phone.tap()
    for command in (SELECT_AID, gpo(25_000, qualifiers)):
        phone.transceive(bytes.fromhex(command))


async def test_the_next_key_is_pulled_and_the_panel_counts_anew(panel: Panel) -> None:
    tap(panel.nfc)

    html = await panel.post(f"{AT}/key/pull")

    assert "Done" in html
    assert panel.nfc.token is not None
    assert panel.nfc.token.luk_id == "00000002"
    assert "1,000,000" in html
    assert "25,000 · the house is asked" in html


async def test_a_key_is_read_from_the_newest_sms(panel: Panel) -> None:
    assert "Not done: no key came" in await panel.post(f"{AT}/key/sms")
    panel.feature.receive(panel.house.compact(7, binder=1), "1420")
    panel.feature.receive("Your code is 482913", "1420")

    assert "Done" in await panel.post(f"{AT}/key/sms")
    assert panel.nfc.token is not None
    assert panel.nfc.token.luk_id == "00000007"
    assert "that key is here already" in await panel.post(f"{AT}/key/sms")


async def test_a_key_is_dialled_for_on_the_feature_phone_of_the_same_number(panel: Panel) -> None:
    code, page = panel.nfc.dial_string, panel.house.compact(7, binder=1)
    dialled: list[tuple[str, str]] = []

    class OnePage:
        async def dial(self, msisdn: str, code: str) -> Idle:
            dialled.append((msisdn, code))
            return Idle(page)

        async def answer(self, _msisdn: str, _text: str) -> Idle:
            raise AssertionError("no dialogue is open")

        def cancel(self, _msisdn: str) -> None:
            return

    panel.feature.network = OnePage()

    assert "Done" in await panel.post(f"{AT}/key/ussd")
    assert dialled == [(RETIREE, code)]
    assert panel.nfc.token is not None
    assert panel.nfc.token.luk_id == "00000007"


async def test_there_is_no_fourth_way(panel: Panel) -> None:
    await panel.post(f"{AT}/key/pigeon", status=404)


async def test_the_house_is_asked_about_the_token(panel: Panel) -> None:
    html = await panel.post(f"{AT}/look")

    assert "Token, says the house</dt><dd>active" in html


async def test_a_refusal_of_the_house_is_shown_in_its_words(panel: Panel) -> None:
    panel.house.refusal = "bad_proof"

    assert "Not done: bad proof" in await panel.post(f"{AT}/key/pull")


async def test_the_tear_off_switch_loses_the_answer_with_the_cryptogram(panel: Panel) -> None:
    html = await panel.post(f"{AT}/tear")

    assert 'id="tear" aria-pressed="true"' in html
    assert (panel.nfc.faults.tear_at, panel.nfc.faults.tear_after) == (3, True)
    assert 'id="tear" aria-pressed="false"' in await panel.post(f"{AT}/tear")
    assert panel.nfc.faults.tear_at == 0


async def test_a_locked_phone_shows_the_amount_and_asks_to_be_unlocked(panel: Panel) -> None:
    panel.nfc.cdcvm = False
    tap(panel.nfc, "36C04000")

    assert "25,000 · unlock the phone first" in await panel.post(f"{AT}/tear")
