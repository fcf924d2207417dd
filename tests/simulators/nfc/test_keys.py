"""How a phone comes to its keys: provisioning, pull with proof, SMS, USSD; what it refuses, and what it remembers."""

import asyncio
import re
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpServer

from simulators.nfc import Kernel, KeyKind
from simulators.nfc.device import DeviceKey
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace
from tests.simulators.acquirer import until
from tests.simulators.nfc.commands import SELECT_AID, generate, gpo
from tests.simulators.nfc.house import NUMBER, House, key_of
from tests.simulators.tokens import TOKEN, phone_with_token

MSISDN = "+989120000002"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def url(house: House, aiohttp_server: AiohttpServer) -> str:
    return str((await aiohttp_server(house.application())).make_url("")).rstrip("/")


@pytest.fixture
async def phone(url: str, tmp_path: Path) -> NfcPhone:
    fresh = NfcPhone(MSISDN, url, Trace(), folder=tmp_path)
    assert (await fresh.provision("12345678")).ok
    return fresh


def taps(phone: NfcPhone, times: int = 1) -> None:
    for _ in range(times):
        phone.transceive(bytes.fromhex(SELECT_AID))
        assert phone.transceive(bytes.fromhex(gpo()))[-2:] == b"\x90\x00"


def key_id(phone: NfcPhone) -> str:
    assert phone.token is not None
    return phone.token.luk_id


class Feature:
    """A feature phone whose network answers one page."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.pressed: list[str] = []
        self.hung_up = 0

    def hang_up(self) -> None:
        self.hung_up += 1

    async def press(self, entry: str) -> None:
        self.pressed.append(entry)


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_a_phone_pulls_its_next_key_with_the_proof_of_its_last_use(url: str, house: House, kind: KeyKind) -> None:
    phone = NfcPhone(MSISDN, url, Trace(), key_kind=kind)
    assert (await phone.provision("12345678", "6789")).ok
    assert house.asked[0]["national_digits"] == "6789"
    taps(phone, 2)

    assert (await phone.replenish()).ok

    asked = house.asked[1]
    assert (asked["luk_id"], asked["atc"], asked["ac"]) == ("00000001", 2, phone.wallet.log[-1].ac)
    token = phone.token
    assert token is not None
    assert (token.luk_id, token.luk, token.uses, token.atc) == ("00000002", key_of(2).hex(), 0, 2)
    assert (token.amount_max_minor, token.spent_minor, token.channels) == (1_000_000, 0, ("tap", "transit"))
    assert token.dki == 2
    taps(phone)
    assert phone.wallet.log[-1].luk_id == "00000002"


async def test_before_any_use_the_same_key_comes_again_and_nothing_changes(phone: NfcPhone, house: House) -> None:
    before = phone.token

    assert (await phone.replenish()).ok

    assert house.asked[1] | {"proof": ""} == {"luk_id": "00000001", "atc": 0, "ac": "", "proof": ""}
    assert phone.token == before


async def test_the_key_of_the_last_use_proves_the_next_request_while_the_new_one_was_not_used(
    phone: NfcPhone, house: House
) -> None:
    taps(phone)
    for _ in range(3):
        assert (await phone.replenish()).ok

    assert [asked["luk_id"] for asked in house.asked[1:]] == ["00000001"] * 3
    assert key_id(phone) == "00000002"


async def test_keys_counters_and_the_log_of_uses_survive_a_restart(
    phone: NfcPhone, url: str, tmp_path: Path, house: House
) -> None:
    taps(phone)
    assert (await phone.replenish()).ok

    again = NfcPhone(MSISDN, url, Trace(), folder=tmp_path)

    assert again.token == phone.token
    assert list(again.wallet.log) == list(phone.wallet.log)
    assert again.wallet.device_key.public == phone.wallet.device_key.public
    assert again.receive(house.compact(9, binder=1)).ok, "the seal key and the older key are here too"
    assert (await again.replenish()).ok


async def test_a_phone_that_was_kept_by_an_older_house_is_read(tmp_path: Path) -> None:
    key = DeviceKey.fresh()
    names = ("token_id", "pan", "psn", "expiry", "par", "luk_id", "luk", "uses_max", "valid_until", "atc", "uses")
    token = ", ".join(f'"{name}": {repr(getattr(TOKEN, name)).replace(chr(39), chr(34))}' for name in names)
    kept = tmp_path / f"nfc-{MSISDN[1:]}.json"
    kept.write_text(f'{{"device_key": "{key.text}", "token": {{{token}}}}}')

    assert NfcPhone(MSISDN, "http://127.0.0.1:9", Trace(), folder=tmp_path).token == TOKEN


async def test_an_sms_with_a_key_is_taken_once_and_used_next(phone: NfcPhone, house: House) -> None:
    text = house.compact(7, binder=1, channels=5)
    assert len(text) == 123

    assert phone.receive(text).ok
    assert phone.receive(text).code == "known_key"
    token = phone.token
    assert token is not None
    assert (token.luk_id, token.luk, token.uses_max) == ("00000007", key_of(7).hex(), 5)
    assert (token.amount_max_minor, token.channels, token.dki) == (900_000, ("tap", "offline"), 3)
    assert token.valid_until == "2100-01-01T00:00:00+00:00"
    taps(phone)


async def test_the_newest_sms_with_a_key_is_found_among_the_others(phone: NfcPhone, house: House) -> None:
    texts = ["Your balance is 5", house.compact(8, binder=1), "Your code is 482913"]

    assert phone.read_messages(reversed(texts)).ok
    assert key_id(phone) == "00000008"
    assert phone.read_messages(["Your balance is 5"]).code == "no_key"


async def test_a_changed_or_foreign_sms_is_ignored(phone: NfcPhone, house: House) -> None:
    before = phone.token
    text = house.compact(7, binder=1)
    for at in range(4, len(text)):
        other = "A" if text[at] != "A" else "B"
        assert not phone.receive(text[:at] + other + text[at + 1 :]).ok, at
    assert phone.receive(house.compact(7, binder=6)).code == "not_mine", "bound to a key that this phone never had"
    house.seal_key = bytes(range(1, 33))
    assert phone.receive(house.compact(7, binder=1)).code == "not_mine", "sealed to another phone"

    assert phone.token == before
    assert phone.receive("Your code is 482913").code == "no_key"


async def test_the_phone_dials_for_a_key_and_reads_it_from_the_page(phone: NfcPhone, house: House) -> None:
    taps(phone, 2)
    feature = Feature("New key:\n" + house.compact(7, binder=1) + "\nKeep it to yourself")
    proof = int.from_bytes(house.proof("00000001", 2)) % 10**8

    assert (await phone.replenish_by_dialling(feature)).ok

    assert feature.pressed == [f"*1420*0*{NUMBER}*2*{proof:08d}#"]
    assert feature.hung_up == 1
    assert key_id(phone) == "00000007"


async def test_a_page_without_a_key_is_said_in_its_own_words(phone: NfcPhone) -> None:
    result = await phone.replenish_by_dialling(Feature("The token is locked"))

    assert (result.ok, result.code, result.detail) == (False, "no_key", "The token is locked")


async def test_a_phone_without_a_token_asks_nobody(url: str) -> None:
    phone, feature = NfcPhone(MSISDN, url, Trace()), Feature("")

    assert phone.dial_string == ""
    results = [await phone.replenish(), await phone.replenish_by_dialling(feature), await phone.look()]
    results += [await phone.service.lock("suspend"), await phone.service.renew_seal_key()]
    assert {result.code for result in results} == {"no_token"}
    assert feature.pressed == []


async def test_a_tap_near_the_end_of_the_key_fetches_the_next_one(phone: NfcPhone, house: House) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(phone.run())
        taps(phone)
        await asyncio.sleep(0)
        first = key_id(phone)
        taps(phone)
        await until(lambda: key_id(phone) == "00000002")
        running.cancel()

    assert first == "00000001", "of four uses two were left"
    assert len(house.asked) == 2


async def test_a_refusal_is_asked_again_later(phone: NfcPhone, house: House) -> None:
    house.refusal = "not_active"
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(phone.run(retry_s=0.01))
        taps(phone, 3)
        await until(lambda: len(house.nonces) > 2)
        house.refusal = ""
        await until(lambda: key_id(phone) == "00000002")
        running.cancel()


async def test_the_other_calls_of_the_device_key(phone: NfcPhone, house: House) -> None:
    house.par = "Q" * 29

    assert (await phone.look()).ok
    assert phone.token is not None
    assert (phone.state, phone.token.par) == ("active", "Q" * 29)
    assert (await phone.service.renew_seal_key()).ok
    assert phone.receive(house.compact(7, binder=1)).ok
    assert (await phone.service.lock("suspend")).ok
    assert house.verb == "suspend"
    assert (await phone.service.lock("deactivate")).ok
    assert len(house.nonces) == 4, "each call has a nonce of its own"


async def test_a_phone_whose_clock_is_wrong_is_told(phone: NfcPhone) -> None:
    phone.faults.clock_skew_s = 301 + 5

    result = await phone.replenish()

    assert (result.ok, result.code) == (False, "stale")


@pytest.mark.parametrize("refusal", ["bad_proof", "reauthenticate", "not_active"])
async def test_what_the_house_refuses_leaves_the_key_as_it_was(phone: NfcPhone, house: House, refusal: str) -> None:
    before = phone.token
    house.refusal = refusal

    assert (await phone.replenish()).code == refusal
    assert phone.token == before


async def test_a_key_that_comes_in_the_middle_of_a_tap_keeps_its_own_thresholds(phone: NfcPhone, house: House) -> None:
    phone.setting.kernel = Kernel.MCHIP
    for command in (SELECT_AID, gpo()):
        phone.transceive(bytes.fromhex(command))
    assert phone.receive(house.compact(7, binder=1)).ok
    answer = phone.transceive(bytes.fromhex(generate()))

    assert answer[-2:] == b"\x90\x00"
    assert phone.token is not None
    assert (phone.token.uses, phone.token.spent_minor, phone.token.atc) == (0, 0, 1)
    assert phone.wallet.log[-1].luk_id == "00000001"


async def test_nothing_secret_stands_in_what_the_phone_says_of_itself(phone: NfcPhone, house: House) -> None:
    taps(phone)
    await phone.replenish()
    told = repr(phone.token) + repr(phone.wallet.log[-1]) + repr(phone.wallet) + repr(phone)
    wires = " ".join(message.detail + message.summary for message in phone._trace.messages if message.wire == "token")

    for secret in (key_of(1).hex(), key_of(2).hex(), TOKEN.pan, phone.wallet.device_key.text):
        assert secret not in told
        assert secret not in wires
    assert not re.search(r"[A-Za-z0-9+/]{56,}", wires)


def test_a_log_of_uses_is_bounded() -> None:
    phone = phone_with_token(uses_max=200)
    taps(phone, 80)

    assert len(phone.wallet.log) == 64
    assert phone.wallet.log[-1].atc == TOKEN.atc + 80
