"""What every KeyStore must do: the same suite, over the same keys, in software and in a hardware module."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.errors import KeyFault
from gateway.keys import REFS, Card, KeyStore, RotateRefusal, issuer_ref
from gateway.wire.emv import CardKeys, Cvn, house
from tests import softhsm
from tests.gateway.keys.vault import FileVault, TokenVault, Vault

KINDS = ["software", "pkcs11"]
PAN, LUK_ID, DATA = "5814200000000002", b"\x00\x01\x02\x03", bytes(range(60))
CARDS = [
    Card(Cvn.HOUSE, 1, PAN, "00", 7, LUK_ID),
    Card(Cvn.CVN10, 1, PAN, "00", 7),
    Card(Cvn.CVN18, 1, PAN, "01", 65535),
    Card(Cvn.CVN22, 1, "5814200000000002123", "00", 7),
    Card(Cvn.CPA, 1, "581420000000", "99", 0),
    Card(Cvn.MCHIP, 1, PAN, "00", 7, un=b"\xde\xad\xbe\xef"),
    Card(Cvn.MCHIP, 1, PAN, "00", 7),
]


def made(kind: object, folder: Path, tokens: softhsm.Tokens) -> Vault:
    return FileVault.make(folder / "keys") if kind == "software" else TokenVault.make(tokens)


@pytest.fixture(params=KINDS, scope="module")
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tokens: softhsm.Tokens) -> Vault:
    """Keys that nobody adds to."""
    return made(request.param, tmp_path_factory.mktemp("keys"), tokens)


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path: Path, tokens: softhsm.Tokens) -> Vault:
    """Keys of the test alone."""
    return made(request.param, tmp_path, tokens)


@pytest.fixture
async def keys(vault: Vault) -> AsyncIterator[KeyStore]:
    async with vault.opened() as keys:
        yield keys


def tap_keys(vault: Vault, card: Card) -> CardKeys:
    issuer_key = vault.known[issuer_ref(card.cvn)]
    return CardKeys.derive(
        card.cvn, issuer_key, card.pan, card.psn, atc=card.atc.to_bytes(2), un=card.un, luk_id=card.luk_id
    )


def flipped(data: bytes) -> list[bytes]:
    return [data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :] for at in range(len(data))]


@pytest.mark.parametrize("data", [b"", b"a", bytes(5000)], ids=len)
async def test_a_mac_is_the_hmac_of_the_data(vault: Vault, keys: KeyStore, data: bytes) -> None:
    for ref in ("pepper", "lookup"):
        assert await keys.mac(ref, data) == hmac.digest(vault.known[ref], data, "sha256")


async def test_check_values_are_those_of_the_keys(vault: Vault, keys: KeyStore) -> None:
    public = await keys.public_key("ledger_head")
    expected = {
        "pepper": hmac.digest(vault.known["pepper"], bytes(16), "sha256"),
        "token": house.cmac(vault.known["token"], bytes(16)),
        "imk": house.cmac(vault.known["imk"], bytes(16)),
        "acquirer": house.cmac(vault.known["acquirer"], bytes(16)),
        "ledger_head": hashlib.sha256(public).digest(),
    }

    assert {ref: await keys.kcv(ref) for ref in expected} == {
        ref: value[:3].hex().upper() for ref, value in expected.items()
    }
    with pytest.raises(KeyFault, match="no version 2"):
        await keys.kcv("imk", 2)


async def test_what_was_sealed_opens_only_in_its_row_and_only_whole(keys: KeyStore) -> None:
    for plain in (b"", PAN.encode(), bytes(3000)):
        sealed = await keys.seal("token", plain, b"tok_1")
        assert len(sealed) == 12 + len(plain) + 16
        assert await keys.unseal("token", sealed, b"tok_1") == plain

    sealed = await keys.seal("token", PAN.encode(), b"tok_1")
    assert sealed != await keys.seal("token", PAN.encode(), b"tok_1")
    wrong = [(one, b"tok_1") for one in (*flipped(sealed), sealed[:-1], sealed[:20], b"", sealed + b"\0")]
    for other, aad in [*wrong, (sealed, b"tok_2"), (sealed, b"")]:
        with pytest.raises(KeyFault, match="do not open"):
            await keys.unseal("token", other, aad)
    with pytest.raises(KeyFault, match="do not open"):
        await keys.unseal("outbox", sealed, b"tok_1")
    assert await keys.unseal("token", sealed, b"tok_1") == PAN.encode()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.cvn.value)
async def test_only_the_very_cryptogram_verifies(vault: Vault, keys: KeyStore, card: Card) -> None:
    ref, good = issuer_ref(card.cvn), tap_keys(vault, card)
    ac = good.cryptogram(DATA)

    assert await keys.verify_ac(ref, card, DATA, ac)
    for bad in (*flipped(ac), ac[:7], ac + b"\0", b""):
        assert not await keys.verify_ac(ref, card, DATA, bad)
    for data in (*flipped(DATA)[::7], DATA[:-1], b""):
        assert not await keys.verify_ac(ref, card, data, ac)
    for other in (replace(card, pan="5814200000000010"), replace(card, psn="02"), replace(card, dki=2)):
        assert not await keys.verify_ac(ref, other, DATA, ac)
    if card.cvn is not Cvn.CVN10:  # its cryptogram is under the card's key, whatever the counter
        assert not await keys.verify_ac(ref, replace(card, atc=card.atc ^ 1), DATA, ac)
    assert await keys.arpc(ref, card, ac, b"00") == good.answer(ac, b"00")


async def test_a_card_of_another_profile_or_version_is_no_good_and_gets_no_answer(keys: KeyStore) -> None:
    house_card, emv_card = CARDS[0], CARDS[2]

    for ref, card in [
        ("imk", emv_card),
        ("imk3", house_card),
        ("imk", replace(house_card, dki=0)),
        ("imk", replace(house_card, dki=255)),
        ("imk3", replace(emv_card, dki=99)),
    ]:
        assert not await keys.verify_ac(ref, card, DATA, bytes(8))
        with pytest.raises(KeyFault, match="has no version"):
            await keys.arpc(ref, card, bytes(8), b"00")
    with pytest.raises(KeyFault, match="no version 9"):
        await keys.derive_luk("imk", 9, PAN, "00", LUK_ID)


async def test_a_phone_with_its_limited_use_key_makes_cryptograms_that_verify(vault: Vault, keys: KeyStore) -> None:
    luk = await keys.derive_luk("imk", 1, PAN, "00", LUK_ID)

    assert luk == house.limited_use_key(vault.known["imk"], PAN, "00", LUK_ID)
    assert await keys.verify_ac("imk", CARDS[0], DATA, house.cryptogram(luk, CARDS[0].atc, DATA))
    other = await keys.derive_luk("imk", 1, PAN, "00", b"\x00\x01\x02\x04")
    assert not await keys.verify_ac("imk", CARDS[0], DATA, house.cryptogram(other, CARDS[0].atc, DATA))


async def test_a_key_with_its_halves_swapped_verifies_nothing(vault: Vault, keys: KeyStore) -> None:
    for card in CARDS:
        ref = issuer_ref(card.cvn)
        swapped = vault.known[ref][8:] + vault.known[ref][:8]
        wrong = CardKeys.derive(
            card.cvn, swapped, card.pan, card.psn, atc=card.atc.to_bytes(2), un=card.un, luk_id=card.luk_id
        )
        assert not await keys.verify_ac(ref, card, DATA, wrong.cryptogram(DATA))


async def test_a_terminal_that_has_its_key_makes_the_links_mac(vault: Vault, keys: KeyStore) -> None:
    for terminal in ("TERM0001", "TERM0002"):
        key = await keys.terminal_key("acquirer", terminal)
        assert key == house.terminal_key(vault.known["acquirer"], terminal)
        for data in (b"", b"0800", bytes(700)):
            assert await keys.link_mac("acquirer", terminal, data) == house.cmac(key, data)[:8]


async def test_a_signature_is_good_for_its_data_alone(keys: KeyStore) -> None:
    signature = await keys.sign("ledger_head", DATA)
    key = Ed25519PublicKey.from_public_bytes(await keys.public_key("ledger_head"))

    key.verify(signature, DATA)
    for wrong, data in [*((one, DATA) for one in flipped(signature)), (signature, DATA + b".")]:
        with pytest.raises(InvalidSignature):
            key.verify(wrong, data)


WRONG_USES: dict[str, Callable[[KeyStore, str], Awaitable[object]]] = {
    "mac": lambda keys, ref: keys.mac(ref, b""),
    "seal": lambda keys, ref: keys.seal(ref, b"", b""),
    "unseal": lambda keys, ref: keys.unseal(ref, bytes(40), b""),
    "derive_luk": lambda keys, ref: keys.derive_luk(ref, 1, PAN, "00", LUK_ID),
    "verify_ac": lambda keys, ref: keys.verify_ac(ref, CARDS[0], b"", bytes(8)),
    "arpc": lambda keys, ref: keys.arpc(ref, CARDS[0], bytes(8), b"00"),
    "link_mac": lambda keys, ref: keys.link_mac(ref, "TERM0001", b""),
    "terminal_key": lambda keys, ref: keys.terminal_key(ref, "TERM0001"),
    "sign": lambda keys, ref: keys.sign(ref, b""),
    "public_key": lambda keys, ref: keys.public_key(ref),
}
SERVED = {
    "mac": {"pepper", "lookup"},
    "seal": {"outbox", "staff", "token"},
    "unseal": {"outbox", "staff", "token"},
    "derive_luk": {"imk"},
    "verify_ac": {"imk", "imk3"},
    "arpc": {"imk", "imk3"},
    "link_mac": {"acquirer"},
    "terminal_key": {"acquirer"},
    "sign": {"ledger_head"},
    "public_key": {"ledger_head"},
}


async def test_no_key_serves_another_end(keys: KeyStore) -> None:
    for operation, call in WRONG_USES.items():
        for ref in REFS.keys() - SERVED[operation]:
            with pytest.raises(KeyFault, match="is a key for"):
                await call(keys, ref)


async def test_an_unknown_ref_is_a_key_fault(keys: KeyStore) -> None:
    others: list[Callable[[KeyStore, str], Awaitable[object]]] = [
        *WRONG_USES.values(),
        lambda keys, ref: keys.rotate(ref),
        lambda keys, ref: keys.versions(ref),
        lambda keys, ref: keys.kcv(ref),
    ]
    for call in others:
        with pytest.raises(KeyFault, match="no key other"):
            await call(keys, "other")


async def test_what_an_older_version_has_sealed_still_opens(own: Vault) -> None:
    async with own.opened() as keys:
        sealed = [await keys.seal("token", b"first", b"row")]
        first = await keys.kcv("token")

        assert [await keys.rotate("token") for _ in range(2)] == [2, 3]
        sealed.append(await keys.seal("token", b"third", b"row"))

        assert await keys.versions("token") == [1, 2, 3]
        assert await keys.kcv("token", 1) == first
        assert len({await keys.kcv("token", version) for version in (1, 2, 3)}) == 3
        assert await keys.kcv("token") == await keys.kcv("token", 3)
        assert [await keys.unseal("token", one, b"row") for one in sealed] == [b"first", b"third"]
        async with own.opened() as again:
            assert [await again.unseal("token", one, b"row") for one in sealed] == [b"first", b"third"]
            assert await again.kcv("token") == await keys.kcv("token", 3)


async def test_another_store_finds_a_version_when_it_needs_it(own: Vault) -> None:
    async with own.opened() as keys, own.opened() as other:
        await other.unseal("token", await other.seal("token", b"", b""), b"")
        assert await keys.rotate("token") == 2
        sealed = await keys.seal("token", b"new", b"row")

        assert await other.unseal("token", sealed, b"row") == b"new"
        assert await other.rotate("token") == 3
        assert await keys.versions("token") == [1, 2, 3]


@pytest.mark.parametrize("ref", ["imk", "imk3"])
async def test_a_card_is_verified_with_the_version_that_it_names(own: Vault, ref: str) -> None:
    async with own.opened() as keys:
        card = CARDS[0] if ref == "imk" else CARDS[2]
        old = tap_keys(own, card).cryptogram(DATA)

        assert await keys.rotate(ref) == 2

        assert await keys.verify_ac(ref, card, DATA, old)
        assert not await keys.verify_ac(ref, replace(card, dki=2), DATA, old)
        if ref == "imk":
            luk = await keys.derive_luk(ref, 2, card.pan, card.psn, card.luk_id)
            new = house.cryptogram(luk, card.atc, DATA)
            assert await keys.verify_ac(ref, replace(card, dki=2), DATA, new)
            assert not await keys.verify_ac(ref, card, DATA, new)
        async with own.opened() as again:
            assert await again.versions(ref) == [1, 2]
            assert await again.verify_ac(ref, card, DATA, old)


@pytest.mark.parametrize(
    ("ref", "refusal"),
    [
        ("pepper", RotateRefusal.HASHES_ARE_KEPT),
        ("lookup", RotateRefusal.HASHES_ARE_KEPT),
        ("acquirer", RotateRefusal.TERMINALS_HOLD_IT),
        ("ledger_head", RotateRefusal.PUBLISHED),
    ],
)
async def test_a_key_that_cannot_be_rotated_says_why(keys: KeyStore, ref: str, refusal: RotateRefusal) -> None:
    before = await keys.kcv(ref)

    assert await keys.rotate(ref) is refusal

    assert (await keys.versions(ref), await keys.kcv(ref)) == ([1], before)


async def test_many_at_once_get_each_its_own_answer(vault: Vault, keys: KeyStore) -> None:
    async def one(number: int) -> None:
        card = replace(CARDS[0], atc=number, luk_id=number.to_bytes(4))
        ac = tap_keys(vault, card).cryptogram(DATA)
        assert await keys.verify_ac("imk", card, DATA, ac)
        assert await keys.mac("lookup", ac) == hmac.digest(vault.known["lookup"], ac, "sha256")
        assert await keys.unseal("outbox", await keys.seal("outbox", ac, b""), b"") == ac

    async with asyncio.TaskGroup() as group:
        for number in range(150):
            group.create_task(one(number))


async def test_neither_a_key_nor_a_pin_is_shown(vault: Vault, keys: KeyStore) -> None:
    shown = repr(keys) + repr(CARDS[0])

    assert PAN not in shown
    assert softhsm.PIN not in shown
    assert not any(key.hex() in shown or str(key) in shown for key in vault.known.values())
