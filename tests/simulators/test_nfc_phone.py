"""The NFC phone: its APDUs to the byte, its cryptogram against numbers from openssl, and how it gets its token."""

import base64
import json
import stat
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpServer

from simulators import emv_card
from simulators.nfc_phone import NfcPhone
from simulators.trace import Trace
from tests.simulators.tokens import LUK, TOKEN, phone_with_token

SELECT_PPSE = bytes.fromhex("00A404000E325041592E5359532E444446303100")
SELECT_AID = bytes.fromhex("00A4040009F05441504449414C0100")
PDOL_DATA = "36004000 000000025000 000000000000 0364 0000000000 0364 261122 00 CAFEBABE"
GPO = bytes.fromhex(f"80A8000023 8321 {PDOL_DATA} 00")


def test_the_three_apdus_of_a_tap_answer_the_house_profile_to_the_byte() -> None:
    phone = phone_with_token()

    ppse = phone.transceive(SELECT_PPSE)
    select = phone.transceive(SELECT_AID)
    processed = phone.transceive(GPO)

    assert ppse.hex().upper() == (
        "6F2E840E325041592E5359532E4444463031A51CBF0C1961174F09F05441504449414C0150075441504449414C870101" + "9000"
    )
    assert select.hex().upper() == (
        "6F318409F05441504449414C01A52450075441504449414C"
        "9F38189F66049F02069F03069F1A0295055F2A029A039C019F3704" + "9000"
    )
    assert processed.hex().upper() == (
        "773E82020040" + "9F36020007" + "9F26080ADEA20B832A8C6D" + "9F270180" + "9F100C01A180800000202600010000"
        "570C5814200000000001D2911201" + "5F340100" + "9F6C020080" + "9000"
    )


def test_session_key_cryptogram_and_issuer_answer_match_the_vectors_of_openssl() -> None:
    luk = bytes.fromhex(LUK)
    values = emv_card.split(emv_card.PDOL, bytes.fromhex(PDOL_DATA))
    card = {"82": "0040", "9F36": "0007", "9F10": "01A180800000202600010000"}
    values |= {tag: bytes.fromhex(value) for tag, value in card.items()}

    assert emv_card.session_key(luk, 7).hex() == "acaa40cc75eaac0ca9244163d6af2211"
    assert emv_card.cryptogram(luk, values).hex() == "0adea20b832a8c6d"
    assert emv_card.issuer_cryptogram(luk, 7, bytes.fromhex("0adea20b832a8c6d"), b"00").hex() == "a5614c85dbb559ee"


@pytest.mark.parametrize(("size", "filled"), [(0, ""), (1, "45"), (3, "012345"), (4, "00012345")])
def test_a_data_object_list_is_filled_to_the_lengths_that_it_asks_for(size: int, filled: str) -> None:
    assert emv_card.fill((("9F02", size),), {"9F02": bytes.fromhex("012345")}).hex() == filled


def test_an_unlocked_phone_says_so_in_the_verification_results_and_a_locked_one_does_not() -> None:
    phone = phone_with_token()
    phone.cdcvm = False
    phone.transceive(SELECT_AID)

    answer = phone.transceive(GPO)

    assert emv_card.find(answer[:-2], "9F10") == bytes.fromhex("01A100800000202600010000")
    assert emv_card.find(answer[:-2], "9F6C") == bytes.fromhex("0000")


@pytest.mark.parametrize(
    ("label", "apdu", "status"),
    [
        ("other class", "90A4040000", "6E00"),
        ("other instruction", "0082000000", "6D00"),
        ("other application", "00A4040007A000000003101000", "6A82"),
        ("too short", "00A404", "6700"),
        ("Lc lies", "00A404000EAABB", "6700"),
        ("processing options before SELECT", GPO.hex(), "6985"),
        ("processing options of another length", "80A8000002830000", "6700"),
    ],
)
def test_a_command_that_does_not_fit_gets_its_status_word(label: str, apdu: str, status: str) -> None:
    phone = phone_with_token()

    assert phone.transceive(bytes.fromhex(apdu)).hex().upper() == status, label
    assert phone.token == TOKEN, "a refused command spends no counter"


@pytest.mark.parametrize(
    ("label", "changes"),
    [
        ("used up", {"uses": 10}),
        ("too old", {"valid_until": "2020-01-01T00:00:00Z"}),
        ("counter at its end", {"atc": 0xFFFF}),
    ],
)
def test_a_key_that_may_not_be_used_says_conditions_not_satisfied(label: str, changes: dict[str, object]) -> None:
    assert phone_with_token(**changes).transceive(SELECT_AID).hex() == "6985", label


def test_a_phone_without_a_token_lists_the_application_and_refuses_it() -> None:
    phone = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace())

    assert phone.transceive(SELECT_PPSE)[-2:].hex() == "9000"
    assert phone.transceive(SELECT_AID).hex() == "6985"


def test_a_tap_torn_off_before_its_answer_arrives_still_spends_the_counter(tmp_path: Path) -> None:
    phone = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace(), folder=tmp_path)
    phone.token = TOKEN
    phone.transceive(SELECT_AID)
    phone.transceive(GPO)

    again = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace(), folder=tmp_path)

    assert again.token is not None
    assert (again.token.atc, again.token.uses) == (7, 1)
    kept = tmp_path / "nfc-989120000002.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_after_a_new_field_the_application_must_be_selected_again() -> None:
    phone = phone_with_token()
    phone.transceive(SELECT_AID)

    phone.tap()

    assert phone.transceive(GPO).hex() == "6985"


@given(apdu=st.binary(max_size=60))
@example(apdu=bytes.fromhex("10000000"))
def test_no_bytes_bring_the_phone_out_of_step(apdu: bytes) -> None:
    answer = phone_with_token().transceive(apdu)

    assert len(answer) >= 2
    # The first command of a chain is refused as such, and no other.
    chained = len(apdu) >= 4 and apdu[0] == 0x10
    assert answer[-2:].hex() in ({"6884"} if chained else {"9000", "6a82", "6985", "6700", "6d00", "6e00"})


@given(items=st.lists(st.tuples(st.sampled_from(["82", "9F10", "5F2A", "57"]), st.binary(max_size=200)), max_size=6))
def test_what_is_written_as_tlv_reads_the_same(items: list[tuple[str, bytes]]) -> None:
    data = b"".join(emv_card.tlv(tag, value) for tag, value in items)

    assert [(item.tag, item.value) for item in emv_card.parse(data)] == items


@given(data=st.binary(max_size=40))
def test_bytes_that_are_no_tlv_are_refused_as_such(data: bytes) -> None:
    try:
        emv_card.parse(data)
        emv_card.parse_dol(data)
    except emv_card.TlvError:
        return


def _seal(luk: bytes, seal_key: bytes, token_id: str) -> dict[str, str]:
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(seal_key))
    wrap = HKDF(SHA256(), 32, salt=b"", info=b"tapdial luk").derive(shared)
    sealed = bytes(range(12)) + AESGCM(wrap).encrypt(bytes(range(12)), luk, token_id.encode())
    return {
        "ephemeral_key": base64.b64encode(ephemeral.public_key().public_bytes_raw()).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }


class TokenService:
    """The gateway's token door as the contract describes it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.problem: dict[str, object] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if self.problem is not None:
            text = json.dumps(self.problem)
            return web.Response(status=422, text=text, content_type="application/problem+json")
        luk = {"id": "20260001", "uses_max": 10, "valid_until": "2999-01-01T00:00:00Z"}
        luk |= _seal(bytes.fromhex(LUK), base64.b64decode(body["seal_key"]), TOKEN.token_id)
        answer = {"token_id": TOKEN.token_id, "token_pan": TOKEN.pan, "psn": "00", "expiry": "2911", "par": TOKEN.par}
        return web.json_response({**answer, "aid": "F05441504449414C01", "dki": 1, "luk": luk}, status=201)


@pytest.fixture
def token_service() -> TokenService:
    return TokenService()


@pytest.fixture
async def api_url(token_service: TokenService, aiohttp_server: AiohttpServer) -> str:
    app = web.Application()
    app.router.add_post("/api/v1/tokens", token_service.handle)
    server = await aiohttp_server(app)
    return str(server.make_url(""))


async def test_provisioning_unseals_the_key_and_the_phone_is_ready_to_tap(
    token_service: TokenService, api_url: str, tmp_path: Path
) -> None:
    phone = NfcPhone("+989120000002", api_url, Trace(), folder=tmp_path)

    result = await phone.provision("12345678")

    assert result.ok
    assert phone.token is not None
    assert (phone.token.luk, phone.token.pan, phone.token.atc) == (LUK, TOKEN.pan, 0)
    asked = token_service.asked[0]
    assert asked.keys() == {"msisdn", "activation_code", "device_key", "seal_key"}
    assert (asked["msisdn"], asked["activation_code"]) == ("+989120000002", "12345678")
    Ed25519PublicKey.from_public_bytes(base64.b64decode(asked["device_key"]))
    assert phone.transceive(SELECT_AID)[-2:].hex() == "9000"


async def test_a_refused_code_leaves_the_old_token_and_says_why(token_service: TokenService, api_url: str) -> None:
    phone = NfcPhone("+989120000002", api_url, Trace())
    phone.token = TOKEN
    token_service.problem = {"type": "about:blank", "title": "Wrong code", "status": 422, "code": "wrong_code"}

    result = await phone.provision("00000000")

    assert (result.ok, result.code, result.detail) == (False, "wrong_code", "Wrong code")
    assert phone.token == TOKEN


async def test_a_gateway_that_is_away_is_said_in_words() -> None:
    result = await NfcPhone("+989120000002", "http://127.0.0.1:9", Trace()).provision("12345678")

    assert (result.ok, result.code) == (False, "unreachable")
