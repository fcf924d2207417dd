"""A hardware module as the keys' place: what it refuses to begin with, and what happens when it goes away."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from gateway.errors import KeyFault, KeysUnavailable
from gateway.keys import REFS, Card
from gateway.keys import pkcs11 as store
from gateway.keys import token as token_module
from gateway.keys.pkcs11 import Pkcs11KeyStore
from gateway.keys.token import TokenDoor
from gateway.observe import Metrics
from gateway.wire.emv import Cvn, house
from tests import softhsm
from tests.gateway.keys.vault import TokenVault

PAN = "5814200000000002"


@pytest.fixture
def vault(tokens: softhsm.Tokens) -> TokenVault:
    """One for the test alone, which may spoil it."""
    return TokenVault.make(tokens)


@pytest.fixture(scope="module")
def shared(tokens: softhsm.Tokens) -> TokenVault:
    return TokenVault.make(tokens)


async def begun(door: TokenDoor, *, create: bool = False) -> list[str]:
    """The check values that a process over this token would find."""
    async with Pkcs11KeyStore.opened(door, Metrics(), timeout_s=10, create=create) as keys:
        return [await keys.kcv(ref) for ref in REFS]


async def test_a_token_without_keys_is_refused_until_they_were_made(tokens: softhsm.Tokens) -> None:
    door = TokenDoor(softhsm.MODULE, tokens.make(), softhsm.PIN)
    softhsm.put(door.label, {})

    with pytest.raises(KeyFault, match=r"no pepper, lookup, outbox, .*ledger_head; `tapdial keys init`"):
        await begun(door)
    made = await begun(door, create=True)

    assert len(set(made)) == len(REFS)
    assert await begun(door) == await begun(door, create=True) == made


@pytest.mark.parametrize(
    ("wrong", "told", "match"),
    [
        ({"pin": "0000000"}, KeyFault, "refuses the PIN"),
        ({"pin": ""}, KeyFault, "refuses the PIN"),
        ({"module": "/usr/lib/softhsm/none.so"}, KeyFault, "no PKCS#11 module"),
        ({"module": sys.executable}, KeyFault, "no PKCS#11 module"),
        ({"label": "nobody's"}, KeysUnavailable, "NoSuchToken"),
    ],
)
async def test_a_door_that_is_wrong_is_refused_without_its_pin(
    shared: TokenVault, wrong: dict[str, str], told: type[Exception], match: str
) -> None:
    with pytest.raises(told, match=match) as caught:
        await begun(replace(shared.door, **wrong))

    assert softhsm.PIN not in str(caught.value) + repr(shared.door)
    assert "0000000" not in str(caught.value)
    assert await begun(shared.door)


async def test_a_wrong_pin_is_tried_once_so_that_no_token_locks_itself(shared: TokenVault) -> None:
    tries = 0
    real = token_module._session

    def counted(token: pkcs11.Token, door: TokenDoor) -> pkcs11.Session:
        nonlocal tries
        tries += 1
        return real(token, door)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(token_module, "_session", counted)
        with pytest.raises(KeyFault):
            await begun(replace(shared.door, pin="0000000"))
    assert tries == 1


async def test_no_key_can_be_read_from_the_token(shared: TokenVault) -> None:
    softhsm.put(shared.label, {})
    session = pkcs11.lib(softhsm.MODULE).get_token(token_label=shared.label).open(user_pin=softhsm.PIN)
    try:
        found = [
            one
            for class_ in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)
            for one in list(session.get_objects({Attribute.CLASS: class_}))
        ]
        assert len(found) == len(REFS)
        for one in found:
            with pytest.raises(pkcs11.AttributeSensitive):
                one[Attribute.VALUE]
    finally:
        session.close()


@pytest.mark.parametrize("attribute", [Attribute.EXTRACTABLE, Attribute.SENSITIVE])
async def test_a_key_that_could_leave_the_token_is_not_used(vault: TokenVault, attribute: Attribute) -> None:
    softhsm.put(vault.label, {"imk/2": bytes(16)}, {attribute: attribute is Attribute.EXTRACTABLE})

    with pytest.raises(KeyFault, match="imk/2 can leave the token"):
        await begun(vault.door)


async def test_two_keys_of_one_name_are_refused(vault: TokenVault) -> None:
    softhsm.put(vault.label, {"imk/1": bytes(16)})

    with pytest.raises(KeyFault, match="two keys imk/1"):
        await begun(vault.door)


async def test_a_rotation_that_another_has_made_too_is_undone(
    vault: TokenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = token_module._made

    def raced(*how: object) -> object:
        with pytest.MonkeyPatch.context() as once:
            once.setattr(token_module, "_made", real)
            real(*how)  # type: ignore[arg-type]
        return real(*how)  # type: ignore[arg-type]

    async with vault.opened() as keys:
        with monkeypatch.context() as patched:
            patched.setattr(token_module, "_made", raced)
            with pytest.raises(KeyFault, match="made by another"):
                await keys.rotate("imk")
        assert await keys.versions("imk") == [1, 2]
    assert await begun(vault.door)


async def test_what_others_keep_in_the_token_is_left_alone(vault: TokenVault) -> None:
    before = await begun(vault.door)
    for name in ("imk/0", "imk/256", "imk/01", "imk/x", "imk", "other/1", "imk/²"):
        softhsm.put(vault.label, {name: bytes(16)}, kind="imk")

    assert await begun(vault.door) == before


async def test_a_token_that_is_pulled_out_costs_answers_and_no_key(shared: TokenVault, tokens: softhsm.Tokens) -> None:
    async with shared.opened() as keys:
        sealed, before = await keys.seal("token", b"text", b""), await keys.mac("pepper", b"1")
        card = Card(Cvn.HOUSE, 1, PAN, "00", 7, bytes(4))
        with tokens.unplugged():
            for call in (
                lambda: keys.unseal("token", sealed, b""),
                lambda: keys.mac("pepper", b"1"),
                lambda: keys.verify_ac("imk", card, b"", bytes(8)),
                lambda: keys.rotate("token"),
            ):
                with pytest.raises(KeysUnavailable):
                    await call()

        keys._worker._breaker._next_try = 0.0  # type: ignore[attr-defined]
        assert await keys.mac("pepper", b"1") == before
        assert await keys.unseal("token", sealed, b"") == b"text"
        assert await keys.versions("token") == [1]


async def test_a_session_that_ends_under_our_feet_is_opened_again(shared: TokenVault) -> None:
    async with shared.opened() as keys:
        first = await keys.mac("pepper", b"1")
        endings = [
            keys._worker._session._session.close,  # type: ignore[attr-defined]
            lambda: pkcs11.lib(softhsm.MODULE).reinitialize(),
            lambda: pkcs11.lib(softhsm.MODULE).finalize(),
        ]
        for end in endings:
            with suppress(pkcs11.PKCS11Error):
                await asyncio.to_thread(end)
            assert await keys.mac("pepper", b"1") == first


async def test_two_stores_in_one_process_do_not_disturb_each_other(vault: TokenVault, tokens: softhsm.Tokens) -> None:
    other = TokenVault.make(tokens)
    async with vault.opened() as one, other.opened() as two:

        async def work(keys: object, known: dict[str, bytes]) -> None:
            for number in range(40):
                made = await keys.terminal_key("acquirer", f"TERM{number:04}")  # type: ignore[attr-defined]
                assert made == house.terminal_key(known["acquirer"], f"TERM{number:04}")

        async with asyncio.TaskGroup() as group:
            for keys, known in ((one, vault.known), (two, other.known), (one, vault.known)):
                group.create_task(work(keys, known))


async def test_derived_keys_do_not_pile_up_in_the_token(shared: TokenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_module, "KEPT_MAX", 4)
    async with shared.opened() as keys:
        for number in [*range(20), *range(20)]:
            card = Card(Cvn.HOUSE, 1, PAN, "00", number, number.to_bytes(4))
            luk = house.limited_use_key(shared.known["imk"], PAN, "00", number.to_bytes(4))
            assert await keys.verify_ac("imk", card, b"data", house.cryptogram(luk, number, b"data"))
        session = keys._worker._session._session  # type: ignore[attr-defined]
        passing = list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: False}))
        assert len(passing) <= 4


async def test_a_rotation_by_another_process_is_seen(vault: TokenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        **os.environ,
        "TAPDIAL_KEYSTORE": "pkcs11",
        "TAPDIAL_PKCS11_MODULE": softhsm.MODULE,
        "TAPDIAL_PKCS11_TOKEN": vault.label,
        "TAPDIAL_PKCS11_PIN": softhsm.PIN,
    }
    async with vault.opened() as keys:
        old = await keys.seal("token", b"old", b"")
        words = [sys.executable, "-m", "gateway", "keys", "rotate"]
        for ref in ("token", "imk"):
            done = await asyncio.to_thread(
                subprocess.run, [*words, ref], env=environ, capture_output=True, text=True, check=True
            )
            assert done.stdout.strip() == f"{ref} has version 2 now"

        monkeypatch.setattr(store, "LOOK_S", 0.0)
        new = await keys.seal("token", b"new", b"")
        monkeypatch.setattr(store, "UNKNOWN_S", 0.0)
        luk = await keys.derive_luk("imk", 2, PAN, "00", bytes(4))
        card = Card(Cvn.HOUSE, 2, PAN, "00", 7, bytes(4))
        assert await keys.verify_ac("imk", card, b"data", house.cryptogram(luk, 7, b"data"))
        assert await keys.versions("token") == [1, 2]
    async with vault.opened() as again:
        assert [await again.unseal("token", one, b"") for one in (old, new)] == [b"old", b"new"]
