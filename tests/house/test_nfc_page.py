"""docs/NFC.md cannot lie: its examples are computed anew, and its tables are those of the code."""

import base64
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.channels.nfc.desk import Code
from gateway.services.taps import Verdict
from gateway.services.taps.requests import read
from gateway.services.tokens.devices import DeviceKeyKind, SignedCall, is_signed
from gateway.services.tokens.thresholds import digits_of, proof_data
from gateway.wire import emv, tlv
from gateway.wire.emv import house, keys
from gateway.wire.iso8583 import DIALECTS, HOUSE, Message, decode, encode_span, to_house
from simulators.nfc import sealed
from tests.simulators.tokens import phone_with_token

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/NFC.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
SHETAB = DIALECTS["shetab93"]


def block(first: str) -> list[tuple[str, list[str]]]:
    """The names and lines of the example that begins with this name; a line without a name goes on with the last."""
    (text,) = [text for text in BLOCKS if text.startswith(first)]
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        name, _, value = re.sub(r" {2,}", "\t", line, count=1).partition("\t")
        if name:
            found.append((name, [value]))
        else:
            found[-1][1].append(value)
    return found


def values(first: str) -> dict[str, str]:
    return {name: "".join(lines) for name, lines in block(first)}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table with this heading."""
    table = PAGE.partition(f"\n{heading}\n")[2].partition("\n\n")[0]
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[1:]]


TAP, CALL = values("IMK"), values("device private")
LUK, ATC = bytes.fromhex(TAP["LUK"]), int(TAP["ATC"], 16)
DE55 = bytes.fromhex(TAP["DE55"])
ICC = emv.parse_icc(DE55)


def test_the_keys_and_cryptograms_of_the_example_follow_from_its_master_key() -> None:
    imk, key_id = bytes.fromhex(TAP["IMK"]), bytes.fromhex(TAP["key id"])
    master = keys.master_key_aes(imk, TAP["PAN"], TAP["sequence"])

    assert master.hex().upper() == TAP["MK"]
    assert house.limited_use_key(imk, TAP["PAN"], TAP["sequence"], key_id) == LUK
    assert keys.session_key_aes(LUK, ATC.to_bytes(2)).hex().upper() == TAP["SK"]
    assert emv.ac_data(ICC).hex().upper() == TAP["data"]
    assert house.cryptogram(LUK, ATC, emv.ac_data(ICC)).hex().upper() == TAP["AC"]
    answer = house.cryptogram(LUK, ATC, bytes.fromhex(TAP["AC"]) + TAP["DE39"].encode())
    assert answer.hex().upper() == TAP["ARPC"]


def test_the_chip_data_of_the_example_is_what_a_key_store_verifies() -> None:
    verdict = emv.verify_de55(DE55, TAP["PAN"], TAP["sequence"], bytes.fromhex(TAP["IMK"]))

    assert (verdict.good, verdict.reasons) == (True, ())
    assert (ICC.iad.luk_id.hex(), ICC.atc, ICC.amount_minor, ICC.iad.cdcvm_done) == ("51270001", 7, 250_000, True)


def test_a_phone_answers_the_commands_of_the_example_so() -> None:
    (text,) = [text for text in BLOCKS if text.startswith(">")]
    lines = [line.removeprefix("< ").removeprefix("> ") for line in text.replace("\n  ", "").splitlines()]
    phone = phone_with_token(pan=TAP["PAN"], luk=TAP["LUK"].lower(), luk_id=TAP["key id"], atc=ATC - 1)
    phone.cdcvm = True

    answers = [phone.transceive(bytes.fromhex(command)).hex().upper() for command in lines[::2]]

    assert answers == lines[1::2]


def test_the_tags_of_the_page_are_those_that_a_request_must_have() -> None:
    told = {row[0].strip("`"): int(row[1]) for row in rows("| tag | bytes | what |")}

    assert set(told) == set(emv.REQUEST_TAGS)
    assert {tag: len(ICC.values[tag]) for tag in told} == told


def test_the_bits_of_the_cvr_are_those_that_are_read() -> None:
    table = rows("| byte | bits | the phone says |")
    words = {"CDCVM": "cdcvm_done", "not completed": "last_online_incomplete", "exceeded": "offline_limit_exceeded"}
    words |= {"not authenticate": "issuer_authentication_failed", "not go online": "unable_to_go_online"}
    for byte, bits, says in table:
        flags = [flag for word, flag in words.items() if word in says]
        if not flags:
            continue
        cvr = bytearray(4)
        cvr[int(byte) - 1] = int(bits.strip("`"), 16)
        read_flags = emv.Iad.parse(b"\x01\xa1" + bytes(cvr) + bytes(6)).flags
        assert [name for name in read_flags.__slots__ if getattr(read_flags, name)] == flags
        del words[next(word for word, flag in words.items() if flag == flags[0])]
    assert words == {}


def messages() -> list[tuple[str, str]]:
    """The parts of the example over the line, in order."""
    return [(name, "".join(lines)) for name, lines in block("acquirer key")]


def test_the_messages_of_the_example_are_messages_of_the_house() -> None:
    parts = messages()
    told = dict(parts)
    key = house.terminal_key(bytes.fromhex(told["acquirer key"]), "TERM0001")
    assert key.hex().upper() == told["terminal key"]
    chip = [DE55, tlv.encode_one("91", bytes.fromhex(TAP["ARPC"]))]
    assert told["DE55"] == chip[1].hex().upper()
    lengths, macs = ([value for name, value in parts if name == one] for one in ("length", "DE64"))
    for mti, icc, length, mac in zip(("0100", "0110"), chip, lengths, macs, strict=True):
        before, _, after = told[mti].partition("<DE55>")
        span = before.encode() + icc + after.removesuffix("<DE64>").encode()
        assert house.cmac(key, span)[:8].hex().upper() == mac
        body = span + bytes.fromhex(mac)
        assert len(body) == int(length, 16)
        message = decode(body)
        assert message.mti == mti
        assert message.binary(55) == icc
        assert encode_span(message) == span
        if mti == "0100":
            assert read(message).amount_minor == ICC.amount_minor


def test_the_elements_of_the_page_have_the_forms_of_the_house() -> None:
    for number, form, _ in rows("| DE | form | what |"):
        field = HOUSE.field_of(int(number))
        assert field is not None
        assert form == f"{field.kind}{'.' * field.prefix}{field.size}", number


def test_the_codes_of_the_page_are_those_of_the_verdicts() -> None:
    told = {code: set(re.findall(r"`([a-z_]+)`", reasons)) for code, reasons in rows("| code | reasons |")}
    known: dict[str, set[str]] = {}
    for verdict in Verdict:
        known.setdefault(verdict.de39, set()).add(verdict.value)

    assert told == known
    own = PAGE.partition("the door itself answers ")[2].partition(".")[0]
    assert set(re.findall(r"`(\d\d)`", own)) == {code.value for code in Code} - {"00", "03"}


def test_the_limits_of_the_page_are_those_that_are_shipped() -> None:
    policy = tomllib.loads((ROOT / "gateway/services/taps/policy.toml").read_text("utf-8"))
    shipped = {name: value for part in policy.values() for name, value in part.items() if isinstance(value, int)}

    told = {name.strip("`"): int(value) for name, value, _ in rows("| value | as shipped | means |")}
    assert told == shipped


def test_the_reader_limits_of_the_page_are_those_of_the_simulated_terminal() -> None:
    kernel = pytest.importorskip("simulators.till.kernel", reason="the terminal has no kernel yet")
    told = {name.strip("`"): int(value) for name, _, value, _ in rows("| limit | tag | as shipped | means |")}
    codes = re.findall(r"(denial|online|default) `([0-9A-F]{10})`", PAGE)

    assert told == asdict(kernel.Limits())
    assert {name: bytes.fromhex(code) for name, code in codes} == asdict(kernel.ActionCodes())


def test_the_dialects_of_the_page_are_those_that_there_are() -> None:
    told = {name.strip("`") for name, _ in rows("| name | differs from house87 |")}

    assert told | {"house87"} == set(DIALECTS)


def test_the_example_in_the_modelled_dialect_says_the_same() -> None:
    text = values("1100")["1100"].encode()
    key = house.terminal_key(bytes.fromhex(dict(messages())["acquirer key"]), "TERM0001")

    came = decode(text, SHETAB)
    said = to_house(came, SHETAB)

    assert house.cmac(key, text[:-16])[:8].hex().upper().encode() == text[-16:]
    assert came.text(22) == "M1010LM00140"
    here = dict(messages())["0100"]
    before, _, after = here.partition("<DE55>")
    same = decode(before.encode() + DE55 + after.removesuffix("<DE64>").encode() + bytes(8))
    assert said == Message("0100", {**same.fields, 64: said.binary(64)})


def test_the_codes_of_the_modelled_dialect_are_its_tables() -> None:
    told = dict(rows("| house87 | action code |"))
    known = dict(SHETAB.house["actions"]["any"])

    assert told == {"any other" if code == "*" else code: action for code, action in known.items()}


@pytest.mark.parametrize("row", rows("| types | DE24 |"), ids=lambda row: row[0])
def test_the_function_codes_of_the_modelled_dialect_are_its_tables(row: list[str]) -> None:
    for mti in row[0].split(", "):
        known = {one["code"] for one in SHETAB.house["function"] if mti in one["mti"]}
        assert set(re.findall(r"`(\d{3})`", row[1])) == known


def test_the_proof_and_what_is_dialled_follow_from_the_tap() -> None:
    proof = house.cryptogram(LUK, ATC, proof_data(CALL["number"], ICC.iad.luk_id, ATC))

    assert proof.hex().upper() == CALL["proof"]
    assert CALL["dialled"] == f"*1420*0*{CALL['number']}*{ATC:05d}*{digits_of(proof)}#"
    assert f'"ac":"{TAP["AC"]}","proof":"{CALL["proof"]}"' in CALL["body"]


def test_the_signature_of_the_example_is_the_calls() -> None:
    lines = dict(block("device private"))["signed"]
    _, method, path, at, nonce, _ = lines
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(CALL["device private"]))
    signature = base64.b64decode(CALL["signature"])
    call = SignedCall("", method, path, int(at), nonce, signature, CALL["body"].encode())

    assert key.public_key().public_bytes_raw().hex().upper() == CALL["device public"]
    assert call.signed().decode().split("\n") == lines
    assert is_signed(DeviceKeyKind.ED25519, bytes.fromhex(CALL["device public"]), signature, call.signed())


def test_the_compact_key_of_the_example_opens() -> None:
    told = values("seal private")
    raw = sealed.compact_in(told["compact"])
    assert raw is not None
    seal_key = X25519PrivateKey.from_private_bytes(bytes.fromhex(told["seal private"]))
    bound = {raw[8:12].hex(): told["binder"]}

    opened = sealed.from_compact(raw, number=CALL["number"], token_id=told["token id"], seal_key=seal_key, keys=bound)

    assert told["binder"] == TAP["LUK"]
    assert opened.luk.upper() == told["opens to"]
    assert (opened.uses_max, opened.amount_max_minor, opened.dki) == (100, 500_000_000, 1)
    assert opened.valid_until == told["valid until"]
    offsets = [(int(offset), int(size)) for offset, size, _ in rows("| offset | bytes | field |")]
    assert [offset for offset, _ in offsets] == [sum(size for _, size in offsets[:at]) for at in range(len(offsets))]
    assert sum(size for _, size in offsets) == sealed.COMPACT_BYTES == len(raw)
