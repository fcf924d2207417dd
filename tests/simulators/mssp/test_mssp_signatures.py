"""What the simulated SIMs sign is CMS that openssl verifies up to the root that a relying party pins."""

import asyncio
import base64
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms

from simulators.mssp import Code, Habit, KeyKind, Said
from tests.simulators.acquirer import until
from tests.simulators.mssp.provider import AP_ID, FIRST, SECOND, TEXT, Bench, bench, code_of, signature_of

OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="openssl is the oracle")
MANIFEST = b"batch B7\n1302 lines\n"
DIGEST: dict[str, Any] = {
    "DataToBeSigned": {
        "MimeType": "application/x-sha256",
        "Encoding": "base64",
        "Data": base64.b64encode(hashlib.sha256(MANIFEST).digest()).decode(),
    },
    "DataToBeDisplayed": {"Data": TEXT},
}


async def signed(mss: Bench, **message: object) -> bytes:
    """What comes when the person types the PIN."""
    mss.phone.habit = Habit.SIGNS
    answer = await mss.sign(**message)
    assert code_of(answer) == "500"
    return signature_of(answer)


async def verified(folder: Path, root: str, signature: bytes, content: bytes | None = None) -> tuple[bool, bytes]:
    """Whether openssl verifies it up to the root, and the content that it found."""
    (folder / "pinned.pem").write_text(root)
    (folder / "signature.der").write_bytes(signature)
    words = [OPENSSL, "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature.der", "-CAfile", "pinned.pem"]
    if content is not None:
        (folder / "content").write_bytes(content)
        words += ["-content", "content"]
    done = await asyncio.to_thread(subprocess.run, words, cwd=folder, capture_output=True, check=False)
    return done.returncode == 0, done.stdout


@needs_openssl
@pytest.mark.parametrize("key", list(KeyKind))
async def test_openssl_verifies_a_text_and_a_detached_digest_of_either_kind_of_key(
    tmp_path: Path, key: KeyKind
) -> None:
    async with bench(key=key) as mss:
        root = mss.authority.root_pem()
        text, digest = await signed(mss), await signed(mss, **DIGEST)

    assert await verified(tmp_path, root, text) == (True, TEXT.encode())
    assert await verified(tmp_path, root, digest, MANIFEST) == (True, MANIFEST)
    assert (await verified(tmp_path, root, digest, MANIFEST + b"1"))[0] is False


@needs_openssl
@pytest.mark.parametrize("fault", ["other_text", "other_root", "broken_signature"])
async def test_openssl_refuses_what_a_fault_spoils(mss: Bench, tmp_path: Path, fault: str) -> None:
    setattr(mss.faults, fault, True)

    spoilt = await signed(mss, **DIGEST)

    assert (await verified(tmp_path, mss.authority.root_pem(), spoilt, MANIFEST))[0] is False


def serial_of(signature: bytes) -> int:
    info = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]
    return int(info["sid"].chosen["serial_number"].native)


def content_of(signature: bytes) -> bytes | None:
    content: bytes | None = cms.ContentInfo.load(signature)["content"]["encap_content_info"]["content"].native
    return content


async def test_a_digest_is_signed_without_its_content_and_a_text_with_it(mss: Bench) -> None:
    assert content_of(await signed(mss, **DIGEST)) is None
    assert content_of(await signed(mss)) == TEXT.encode()


async def test_another_persons_key_signs_with_that_fault(mss: Bench) -> None:
    own, other = await mss.phone.issued(), await mss.phones[SECOND].issued()
    assert own is not None
    assert other is not None
    assert serial_of(await signed(mss)) == own.certificate.serial_number
    mss.faults.other_signer = True

    assert serial_of(await signed(mss)) == other.certificate.serial_number


async def test_an_older_signature_comes_again_with_that_fault(mss: Bench) -> None:
    first = await signed(mss)
    mss.faults.replay = True

    other = {"MimeType": "text/plain", "Encoding": "UTF-8", "Data": "SSO: pay 9"}
    assert await signed(mss, DataToBeSigned=other) == first


async def test_another_text_is_signed_with_that_fault(mss: Bench) -> None:
    mss.faults.other_text = True

    assert content_of(await signed(mss)) == f"{TEXT}.".encode()


async def test_a_swapped_sim_signs_with_another_serial(mss: Bench) -> None:
    before = serial_of(await signed(mss))

    await mss.phone.swap_sim()

    assert serial_of(await signed(mss)) != before


async def test_an_expired_certificate_signs_all_the_same(mss: Bench) -> None:
    await mss.phone.expire()

    content = cms.ContentInfo.load(await signed(mss))["content"]
    attributes = {one["type"].native: one["values"][0] for one in content["signer_infos"][0]["signed_attrs"]}
    not_after = content["certificates"][0].chosen["tbs_certificate"]["validity"]["not_after"].native
    assert not_after < attributes["signing_time"].native


def modes(folder: Path) -> set[int]:
    return {file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_root_keys_and_pin_tries_survive_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path) as mss:
        before, root = serial_of(await signed(mss)), mss.authority.root_pem()
        mss.phone.habit = Habit.WAITS
        asked = asyncio.create_task(mss.sign())
        await until(lambda: mss.phone.pending() is not None)
        assert await mss.phone.type_pin("0000") is Said.WRONG_PIN
        mss.phone.cancel()
        assert code_of(await asked) == str(Code.USER_CANCEL.value)

    async with bench(tmp_path) as mss:
        assert mss.phone.tries_left == 2
        assert serial_of(await signed(mss)) == before
        assert mss.authority.root_pem() == root == (tmp_path / "root.pem").read_text()
        assert mss.phones[FIRST].pin == "4711"
    assert modes(tmp_path) == {0o600}
    assert not any("4711" in row.summary + row.detail for row in mss.trace.messages)
    assert AP_ID in mss.trace.messages[0].detail
