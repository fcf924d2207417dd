"""`tapdial keys`: what is shown of keys, and what rotating and making them does."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import KeyFault
from gateway.keys import REFS
from gateway.keys.file import KeyFile
from gateway.store.backup import KEY_FILE
from tests import softhsm

SECRET = "5b" * 32
runner = CliRunner(env={"COLUMNS": "120"})


@pytest.fixture(params=["software", "pkcs11"])
def config(request: pytest.FixtureRequest, tmp_path: Path, tokens: softhsm.Tokens) -> str:
    """Settings of a house whose keys are not made yet."""
    lines = [f'data_dir = "{tmp_path}"', f'key_secret = "{SECRET}"']
    if request.param == "pkcs11":
        label = tokens.make()
        softhsm.put(label, {})
        lines += [f'keystore = "pkcs11"\npkcs11_module = "{softhsm.MODULE}"\npkcs11_token = "{label}"']
        lines += [f'pkcs11_pin = "{softhsm.PIN}"']
    path = tmp_path / "tapdial.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def run(config: str, *words: str) -> tuple[int, str]:
    done = runner.invoke(app, ["keys", *words, "--config", config], catch_exceptions=False)
    return done.exit_code, done.output


def test_keys_are_made_listed_and_rotated_and_never_shown(config: str, tmp_path: Path) -> None:
    assert run(config, "init") == (0, "the house has its keys, 9 with all versions\n")
    _, before = run(config, "status")

    assert run(config, "rotate", "imk") == (0, "imk has version 2 now\n")
    assert run(config, "rotate", "pepper") == (1, "refused: hashes_are_kept\n")
    assert run(config, "init") == (0, "the house has its keys, 10 with all versions\n")

    _, after = run(config, "status")
    assert all(f" {ref} " in after for ref in REFS)
    lines = [line for line in after.splitlines() if " imk " in line]
    assert [line in before for line in lines] == [True, False]
    shown = before + after
    assert softhsm.PIN not in shown
    if (tmp_path / KEY_FILE).exists():
        assert not any(key.hex() in shown.lower() for key in KeyFile(tmp_path / KEY_FILE, SECRET).open().values())


def test_a_key_that_there_is_not_is_no_key(config: str) -> None:
    run(config, "init")

    with pytest.raises(KeyFault, match="no key other"):
        run(config, "rotate", "other")


def test_a_token_without_keys_is_not_filled_by_looking_at_it(config: str, tmp_path: Path) -> None:
    if "pkcs11" not in Path(config).read_text():
        assert run(config, "status")[0] == 0
        assert KeyFile(tmp_path / KEY_FILE, SECRET).open().keys() == REFS.keys()
        return
    for words in (["status"], ["rotate", "imk"]):
        with pytest.raises(KeyFault, match="tapdial keys init"):
            run(config, *words)
