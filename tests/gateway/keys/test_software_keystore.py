"""The software KeyStore's file: made once, added to, never less; and what a store does when somebody changes it."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import KeyFault
from gateway.keys import REFS, KeyStore, RotateRefusal, SoftwareKeyStore, software
from gateway.keys import file as key_file
from gateway.keys.file import KeyFile, fresh_missing
from gateway.wire.emv import house

SECRET = "5b" * 32


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a passphrase is stretched is nothing that these tests are about."""
    monkeypatch.setattr(key_file, "_STRETCH_KIB", 64)


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
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    assert house.cmac(key, bytes.fromhex(message)).hex() == mac


async def values(store: KeyStore) -> list[str]:
    return [await store.kcv(ref, version) for ref in REFS for version in await store.versions(ref)]


@pytest.mark.parametrize("secret", ["correct horse", SECRET], ids=["passphrase", "random"])
async def test_keys_are_the_same_when_the_file_is_opened_again(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "new" / "keys"
    first, second = (SoftwareKeyStore.open(path, secret) for _ in range(2))
    assert await values(first) == await values(second)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


@pytest.mark.parametrize(
    ("made_with", "opened_with"), [("one", "two"), (SECRET, "5c" * 32), (SECRET, "one"), ("one", SECRET), ("one", "")]
)
def test_a_wrong_secret_is_a_key_fault(tmp_path: Path, made_with: str, opened_with: str) -> None:
    SoftwareKeyStore.open(tmp_path / "keys", made_with)
    with pytest.raises(KeyFault, match="does not open"):
        SoftwareKeyStore.open(tmp_path / "keys", opened_with)


def test_a_passphrase_stays_one_when_it_looks_like_a_random_secret(tmp_path: Path) -> None:
    """Files from before there were random secrets were all stretched."""
    file = KeyFile(tmp_path / "keys", SECRET)
    stretched = key_file._seal(fresh_missing({}), SECRET, key_file._STRETCHED)
    (tmp_path / "keys").write_bytes(stretched)

    opened = file.open()
    file.add(lambda _keys: {"imk/2": bytes(16)})

    assert (tmp_path / "keys").read_bytes().startswith(b"TDKEYS1\n")
    assert KeyFile(tmp_path / "keys", SECRET).open() == {**opened, "imk/2": bytes(16)}


@pytest.mark.parametrize(
    "content",
    [b"", b"something else entirely, and long enough to hold a head", b"TDKEYS1\n", b"TDKEYS9\n" + bytes(60)],
)
def test_a_foreign_file_is_a_key_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(KeyFault, match="not one of ours"):
        SoftwareKeyStore.open(tmp_path / "keys", "one")


def test_a_file_without_end_is_a_key_fault(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"TDKEYS2\n" + bytes(1 << 20))
    with pytest.raises(KeyFault, match="too large"):
        SoftwareKeyStore.open(tmp_path / "keys", SECRET)


def test_a_folder_in_the_place_of_the_file_is_a_key_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="key file"):
        SoftwareKeyStore.open(tmp_path, "one")


def test_a_changed_byte_of_the_file_is_a_key_fault_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareKeyStore.open(path, SECRET)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
        with pytest.raises(KeyFault):
            SoftwareKeyStore.open(path, SECRET)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_key_of_another_length_is_a_key_fault(tmp_path: Path, length: int) -> None:
    path = tmp_path / "keys"
    KeyFile(path, SECRET)._create({**fresh_missing({}), "imk/2": bytes(length)})
    with pytest.raises(KeyFault, match="imk/2 has not 16"):
        SoftwareKeyStore.open(path, SECRET)


def older_file(path: Path, *missing: str) -> dict[str, bytes]:
    """A key file of a release that had fewer keys, and no versions."""
    keys = {ref: bytes([number + 1]) * kind.length for number, (ref, kind) in enumerate(REFS.items())}
    for ref in missing:
        del keys[ref]
    path.write_bytes(key_file._seal(keys, "one", key_file._STRETCHED))
    return keys


async def test_a_file_of_an_older_release_gets_what_it_lacks_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = older_file(path, "ledger_head", "imk3")

    first, second = (SoftwareKeyStore.open(path, "one") for _ in range(2))

    assert await values(first) == await values(second)
    assert [await first.kcv(ref) for ref in keys] == [await SoftwareKeyStore(keys).kcv(ref) for ref in keys]
    assert await first.rotate("token") == 2
    kept = KeyFile(path, "one").open()
    assert kept.items() >= keys.items()
    assert kept.keys() - keys.keys() == {"ledger_head", "imk3", "token/2"}
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


async def test_keys_of_a_younger_release_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    KeyFile(path, SECRET)._create({**fresh_missing({}), "gate": b"of later", "imk/1000": bytes(16)})

    store = SoftwareKeyStore.open(path, SECRET)

    assert await store.rotate("imk") == 2
    kept = KeyFile(path, SECRET).open()
    assert (kept["gate"], kept["imk/1000"]) == (b"of later", bytes(16))
    assert await SoftwareKeyStore.open(path, SECRET).versions("imk") == [1, 2]


async def at_once(times: int, work: Callable[[], object]) -> list[object]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(work)) for _ in range(times)]
    return [task.result() for task in tasks]


@pytest.mark.parametrize("older", [False, True])
async def test_processes_that_open_at_once_end_with_the_same_keys(tmp_path: Path, older: bool) -> None:  # noqa: FBT001 - a row of the table
    path = tmp_path / "keys"
    if older:
        older_file(path, "imk3", "ledger_head")

    opened = await at_once(3, lambda: SoftwareKeyStore.open(path, "one"))

    public = {tuple(await values(store)) for store in opened if isinstance(store, SoftwareKeyStore)}
    assert public == {tuple(await values(SoftwareKeyStore.open(path, "one")))}


async def test_processes_that_rotate_at_once_make_each_a_version(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    stores = [SoftwareKeyStore.open(path, SECRET) for _ in range(6)]

    async with asyncio.TaskGroup() as group:
        made = [group.create_task(store.rotate("token")) for store in stores for _ in range(2)]

    assert sorted(task.result() for task in made) == list(range(2, 14))
    assert {tuple(await values(store)) for store in stores} == {tuple(await values(stores[0]))}


async def test_a_key_has_255_versions_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    KeyFile(path, SECRET)._create({**fresh_missing({}), **{f"{ref}/254": bytes(16) for ref in ("imk", "imk3")}})
    store = SoftwareKeyStore.open(path, SECRET)

    assert await store.rotate("imk") == 255
    assert await store.rotate("imk") is RotateRefusal.FULL
    assert await SoftwareKeyStore.open(path, SECRET).versions("imk") == [1, 254, 255]


async def test_all_versions_of_all_keys_fit_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    full = {f"{ref}/{version}": bytes(kind.length) for ref, kind in REFS.items() for version in range(2, 256)}
    KeyFile(path, SECRET)._create({**fresh_missing({}), **full})

    assert len(await SoftwareKeyStore.open(path, SECRET).versions("imk")) == 255


async def test_a_disk_that_is_full_costs_the_rotation_and_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    store = SoftwareKeyStore.open(path, SECRET)
    before, content = await values(store), path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(KeyFault, match="No space left"):
            await store.rotate("token")

    assert path.read_bytes() == content
    assert await values(store) == before
    assert os.listdir(tmp_path) == ["keys"]  # noqa: PTH208 - a draft that stays would be seen here
    assert await store.rotate("token") == 2


async def test_a_file_that_is_gone_or_another_leaves_a_running_store_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareKeyStore.open(path, SECRET)
    old = path.read_bytes()
    await store.rotate("token")
    sealed, before = await store.seal("token", b"text", b""), await values(store)
    another = tmp_path / "another"
    SoftwareKeyStore.open(another, SECRET)

    changes: list[Callable[[], object]] = [
        lambda: path.write_bytes(old),  # a backup from before the rotation
        lambda: path.write_bytes(another.read_bytes()),
        lambda: path.write_bytes(b"nonsense"),
        path.unlink,
    ]
    for change in changes:
        change()
        assert await values(store) == before
        assert await store.unseal("token", sealed, b"") == b"text"
        with pytest.raises(KeyFault, match="do not open"):
            await store.unseal("token", sealed, b"other")
        with pytest.raises(KeyFault):
            await store.rotate("token")
    assert not path.exists()


async def test_what_seals_uses_the_new_version_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    running, command = (SoftwareKeyStore.open(path, SECRET) for _ in range(2))
    await running.seal("token", b"", b"")
    await command.rotate("token")
    first_alone = SoftwareKeyStore({name: key for name, key in KeyFile(path, SECRET).open().items() if "/" not in name})

    old = await running.seal("token", b"text", b"")
    monkeypatch.setattr(software, "LOOK_S", 0.0)
    new = await running.seal("token", b"text", b"")

    assert await first_alone.unseal("token", old, b"") == b"text"
    with pytest.raises(KeyFault, match="do not open"):
        await first_alone.unseal("token", new, b"")


async def test_a_key_that_is_not_there_does_nothing() -> None:
    store = SoftwareKeyStore({})
    with pytest.raises(KeyFault, match="no key ledger_head"):
        await store.sign("ledger_head", b"")
    with pytest.raises(KeyFault, match="no key imk"):
        await store.derive_luk("imk", 1, "5814200000000002", "00", bytes(4))
