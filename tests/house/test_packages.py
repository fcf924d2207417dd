"""The packages that this house is said to stand on are locked and really used."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = [
    ("aiohttp", "aiohttp", "gateway"),
    ("aiosmtpd", "aiosmtpd", "simulators"),
    ("smpplib", "smpplib", "simulators"),
    ("smpplib", "smpplib", "gateway/wire"),
    ("pydantic", "pydantic", "gateway/channels"),
    ("pydantic-settings", "pydantic_settings", "gateway"),
    ("sqlalchemy", "sqlalchemy", "gateway/store"),
    ("sqlalchemy", "sqlalchemy", "wallet/ledger"),
    ("cryptography", "cryptography", "gateway/keys"),
    ("python-pkcs11", "pkcs11", "gateway/keys"),
    ("pytest-aiohttp", "pytest_aiohttp", "tests"),
    ("freezegun", "freezegun", "tests"),
]


def imported(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(("package", "module", "folder"), NAMED)
def test_a_named_package_is_locked_and_used(package: str, module: str, folder: str) -> None:
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")

    assert re.search(rf"^{package}(\[[a-z]+\])?==", lock, re.MULTILINE)
    assert module in imported(ROOT / folder)


def test_reads_of_the_embedded_database_go_through_aiosqlite() -> None:
    assert re.search(r"^aiosqlite==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    for engines in ("gateway/store/engines.py", "wallet/ledger/engines.py"):
        assert "sqlite+aiosqlite" in (ROOT / engines).read_text("utf-8")


def test_frozen_time_never_stops_the_loop() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for call in re.findall(r"freeze_time\(([^)]*)\)", path.read_text("utf-8")):
            assert "real_asyncio=True" in call or "freeze_time" in path.name or path == Path(__file__), path


def test_the_locks_hold_hashes_and_no_address() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock", "tests/peers/requirements.lock"):
        text = (ROOT / lock).read_text("utf-8")
        assert "://" not in text
        assert all("--hash=sha256:" in line for line in text.splitlines() if line.startswith("    "))


def test_the_lock_of_the_node_peer_holds_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "tests/peers/node/package-lock.json").read_text("utf-8"))
    installed = {path: package for path, package in lock["packages"].items() if path}

    assert installed["node_modules/smpp"]["version"] == "0.5.1"
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not any("resolved" in package for package in installed.values())
