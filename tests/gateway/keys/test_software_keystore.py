"""The software KeyStore and the AES house profile."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import KeyFault
from gateway.keys import Card, KeyStore, SoftwareKeyStore, software
from gateway.keys.software import KEY_LENGTHS
from gateway.wire.emv import Cvn, house

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")


def test_the_software_store_is_a_keystore() -> None:
    store: KeyStore = SoftwareKeyStore.for_tests()
    assert "object at" in repr(store)


@pytest.mark.parametrize(
    ("message", "mac"),
    [
        ("", "bb1d6929e95937287fa37d129b756746"),
        ("6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c"),
        (
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
            "dfa66747de9ae63030ca32611497c827",
        ),
    ],
)
def test_cmac_agrees_with_rfc_4493(message: str, mac: str) -> None:
    assert house.cmac(KEY, bytes.fromhex(message)).hex() == mac


async def test_keys_are_the_same_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys"
    first, second = (SoftwareKeyStore.open(path, "correct horse") for _ in range(2))
    assert [await first.kcv(ref) for ref in KEY_LENGTHS] == [await second.kcv(ref) for ref in KEY_LENGTHS]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


def test_a_wrong_passphrase_is_a_key_fault(tmp_path: Path) -> None:
    SoftwareKeyStore.open(tmp_path / "keys", "one")
    with pytest.raises(KeyFault, match="does not open"):
        SoftwareKeyStore.open(tmp_path / "keys", "two")


@pytest.mark.parametrize("content", [b"", b"something else entirely, and long enough to hold a head"])
def test_a_foreign_file_is_a_key_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(KeyFault, match="not one of ours"):
        SoftwareKeyStore.open(tmp_path / "keys", "one")


def test_a_folder_in_the_place_of_the_file_is_a_key_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="key file"):
        SoftwareKeyStore.open(tmp_path, "one")


async def test_a_changed_byte_of_the_file_is_a_key_fault(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareKeyStore.open(path, "one")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(KeyFault):
        SoftwareKeyStore.open(path, "one")


async def test_two_that_make_the_file_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    async with asyncio.TaskGroup() as group:
        opened = [group.create_task(asyncio.to_thread(SoftwareKeyStore.open, path, "one")) for _ in range(2)]
    first, second = (task.result() for task in opened)
    assert await first.kcv("imk") == await second.kcv("imk")


async def test_what_was_sealed_opens_only_in_its_row() -> None:
    store = SoftwareKeyStore.for_tests()
    sealed = await store.seal("token", b"5814200000000002", b"tok_1")
    assert await store.unseal("token", sealed, b"tok_1") == b"5814200000000002"
    for ref, wrong, aad in [("token", sealed, b"tok_2"), ("outbox", sealed, b"tok_1"), ("token", b"short", b"tok_1")]:
        with pytest.raises(KeyFault):
            await store.unseal(ref, wrong, aad)


async def test_an_unknown_ref_is_a_key_fault() -> None:
    store = SoftwareKeyStore.for_tests()
    with pytest.raises(KeyFault, match="no key other"):
        await store.mac("other", b"")
    with pytest.raises(KeyFault, match="no key other"):
        await store.seal("other", b"", b"")


@given(
    pan=st.from_regex(r"\A581420[0-9]{10}\Z"),
    luk_id=st.binary(min_size=4, max_size=4),
    atc=st.integers(0, 65535),
    data=st.binary(max_size=100),
    flip=st.integers(0, 63),
)
async def test_only_the_very_cryptogram_verifies(pan: str, luk_id: bytes, atc: int, data: bytes, flip: int) -> None:
    store = SoftwareKeyStore.for_tests()
    luk = await store.derive_luk("imk", 1, pan, "00", luk_id)
    card = Card(Cvn.HOUSE, 1, pan, "00", atc, luk_id)
    ac = house.cryptogram(luk, atc, data)
    assert await store.verify_ac("imk", card, data, ac)
    bad = (int.from_bytes(ac) ^ 1 << flip).to_bytes(8)
    assert not await store.verify_ac("imk", card, data, bad)
    assert not await store.verify_ac("imk", replace(card, atc=atc ^ 1), data, ac)
    assert not await store.verify_ac("imk", card, data, ac[:7])
    for other in (replace(card, dki=2), replace(card, cvn=Cvn.CVN18)):
        assert not await store.verify_ac("imk", other, data, ac)
    answer = await store.arpc("imk", card, ac, b"00")
    assert answer == house.cryptogram(luk, atc, ac + b"00")


async def test_a_terminal_that_has_its_key_makes_the_links_mac() -> None:
    store = SoftwareKeyStore.for_tests()
    mac = CMAC(AES(await store.terminal_key("acquirer", "TERM0001")))
    mac.update(b"0800")
    assert await store.link_mac("acquirer", "TERM0001", b"0800") == mac.finalize()[:8]


@given(data=st.binary(max_size=100), place=st.integers(0, 63), flip=st.integers(1, 255))
async def test_a_signature_is_good_for_its_data_alone(data: bytes, place: int, flip: int) -> None:
    store = SoftwareKeyStore.for_tests()
    signature = await store.sign("ledger_head", data)
    key = Ed25519PublicKey.from_public_bytes(await store.public_key("ledger_head"))
    other = Ed25519PublicKey.from_public_bytes(await store.public_key("pepper"))
    changed = bytearray(signature)
    changed[place] ^= flip

    key.verify(signature, data)
    for wrong_key, wrong_signature, wrong_data in [
        (key, bytes(changed), data),
        (key, signature, data + b"."),
        (other, signature, data),
    ]:
        with pytest.raises(InvalidSignature):
            wrong_key.verify(wrong_signature, wrong_data)


async def test_a_key_that_is_not_there_signs_nothing() -> None:
    store = SoftwareKeyStore({})
    with pytest.raises(KeyFault, match="no key ledger_head"):
        await store.sign("ledger_head", b"")
    with pytest.raises(KeyFault, match="no key ledger_head"):
        await store.public_key("ledger_head")


def older_file(path: Path) -> dict[str, bytes]:
    """A key file from before heads were signed, and its keys."""
    keys = {ref: bytes([number]) * length for number, (ref, length) in enumerate(KEY_LENGTHS.items())}
    del keys["ledger_head"]
    software._create(path, keys, "one")
    return keys


async def test_a_file_of_an_older_version_gets_the_missing_key_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = older_file(path)

    first, second = (SoftwareKeyStore.open(path, "one") for _ in range(2))

    assert await first.public_key("ledger_head") == await second.public_key("ledger_head")
    assert [await first.kcv(ref) for ref in keys] == [await SoftwareKeyStore(keys).kcv(ref) for ref in keys]
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


async def test_processes_that_complete_an_older_file_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    older_file(path)

    async with asyncio.TaskGroup() as group:
        opened = [group.create_task(asyncio.to_thread(SoftwareKeyStore.open, path, "one")) for _ in range(3)]

    public = {await task.result().public_key("ledger_head") for task in opened}
    assert public == {await SoftwareKeyStore.open(path, "one").public_key("ledger_head")}
