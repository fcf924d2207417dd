"""The file of the wires: what it makes, and which words refuse what is wrong with it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.channels.ussd import Mount, guards, read_wires
from gateway.errors import SettingsFault
from wallet.clock import ManualClock

ROOT = Path(__file__).parents[4]
GOOD = """
codes = ["*711*22#"]
[proxies]
edge = ["10.0.0.0/24"]
[[wire]]
name = "north"
profile = "advanta"
country = "98"
[wire.auth]
networks = ["203.0.113.0/24"]
proxies = ["edge"]
path_secret = { env = "NORTH" }
"""
ENVIRON = {"SLASH": "hunter2/hunter2", "NORTH": "hunter2-hunter2"}


def read(text: str, folder: Path, *, demo: bool = False) -> tuple[Mount, ...]:
    file = folder / "wires.toml"
    file.write_text(text)
    return read_wires(file, "*1420#", ManualClock(datetime(2026, 11, 22, tzinfo=UTC)), demo=demo, environ=ENVIRON)


def test_a_file_makes_mounts(tmp_path: Path) -> None:
    (mount,) = read(GOOD, tmp_path)

    assert mount.wire.name == "north"
    assert mount.has_secret
    assert [type(guard) for guard in mount.guards] == [guards.Addresses, guards.PathSecret]
    assert "hunter2" not in repr(mount)


ALL = """
[proxies]
edge = ["10.0.0.0/24"]
[[wire]]
name = "all"
profile = "hubtel"
[wire.auth]
basic = { user = "carrier", password = { env = "NORTH" } }
bearer = { env = "NORTH" }
header = { name = "X-Key", value = { env = "NORTH" } }
query = { user = "carrier", password = { env = "NORTH" } }
hmac = { header = "X-Signature", key = { file = "hmac.key" }, digest = "sha512", encoding = "base64" }
hash_key = { key = { env = "NORTH" } }
sp_password = { sp_id = "sp7", password = { env = "NORTH" }, window_s = 60 }
subject = { header = "X-SSL-Subject", subject = "CN=carrier", proxies = ["edge"] }
"""


def test_every_way_to_prove_who_calls_can_be_configured(tmp_path: Path) -> None:
    key = tmp_path / "hmac.key"
    key.write_text("hunter2-hunter2\n")
    key.chmod(0o600)

    (mount,) = read(ALL, tmp_path)

    assert [type(guard).__name__ for guard in mount.guards] == [
        "Basic", "Header", "Header", "QueryPassword", "Subject", "Signature", "HashKey", "SpPassword",
    ]  # fmt: skip


def test_in_the_demo_a_wire_without_auth_is_open_to_this_machine_alone(tmp_path: Path) -> None:
    (mount,) = read('[[wire]]\nname = "x"\nprofile = "nalo"', tmp_path, demo=True)

    assert [type(guard) for guard in mount.guards] == [guards.Loopback]


FORM = """[[wire]]
name = "x"
[wire.form]
about = "x"
begin = "dialled"
[wire.form.fields]
session = "s"
msisdn = "m"
text = "t"
"""
WRONG = [
    ("no TOML", "[[wire", "cannot read"),
    ("nothing", "", "wire: Field required"),
    ("a key that nobody knows", GOOD.replace("country", "cuntry"), "wire.0.cuntry is unknown"),
    ("a key of auth that nobody knows", f"{GOOD}\npassword = 1", "wire.0.auth.password is unknown"),
    ("no profile", GOOD.replace("advanta", "advantage"), "advantage is no profile; there are advanta, africastalking"),
    ("neither profile nor form", GOOD.replace('profile = "advanta"', ""), "a profile or a form of its own"),
    ("a name that is a path", GOOD.replace('"north"', '"a/b"'), "wire.0.name"),
    ("two of one name", GOOD + GOOD[GOOD.index("[[wire]]") :], "two wires are called north"),
    ("no auth", GOOD[: GOOD.index("[wire.auth]")], "outside demo a wire needs auth"),
    ("no such proxy", GOOD.replace('proxies = ["edge"]', 'proxies = ["rim"]'), "there is no proxy rim"),
    ("proxies and no networks", GOOD.replace('networks = ["203.0.113.0/24"]', ""), "proxies without auth.networks"),
    ("no network", GOOD.replace("203.0.113.0/24", "203.0.113.1/24"), "has host bits set"),
    ("no code", GOOD.replace("*711*22#", "code"), "a service code is written"),
    ("a secret in clear", GOOD.replace('{ env = "NORTH" }', '"hunter2-hunter2"'), "path_secret"),
    ("two places of a secret", GOOD.replace('env = "NORTH"', 'env = "N", file = "f"'), "a secret is { env"),
    ("a variable of the settings", GOOD.replace('"NORTH"', '"TAPDIAL_NORTH"'), "are settings"),
    ("a variable that is not set", GOOD.replace('"NORTH"', '"SOUTH"'), "the variable SOUTH is not set"),
    ("a secret that is no part of a path", GOOD.replace('"NORTH"', '"SLASH"'), "auth.path_secret: letters, digits"),
    ("a file that is not there", GOOD.replace('env = "NORTH"', 'file = "no"'), "cannot read"),
    ("a country for a wire in code", GOOD.replace("advanta", "hubtel"), "hubtel writes no national numbers"),
    ("a form that cannot work", FORM.replace("begin", 'method = "GET"\nbegin'), "a GET carries its fields"),
    ("a delta that begins by itself", FORM.replace("dialled", "unknown_session"), "needs accumulates = true"),
    ("a begin by nothing", FORM.replace("dialled", "kind"), "needs fields.kind"),
    ("an answer that repeats what was typed",
     f'{FORM}[wire.form.answer]\nstyle = "json"\ntemplate = {{ echo = "$field.t" }}', "what was typed is never"),
    ("an answer with a word of no meaning",
     f'{FORM}[wire.form.answer]\nstyle = "json"\ntemplate = {{ echo = "$txt" }}', "none of $text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_file_is_refused_with_its_name_and_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsFault) as refused:
        read(text, tmp_path)

    assert says in str(refused.value)
    assert "wires.toml" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "north").write_text("hunter2-hunter2")
    (tmp_path / "north").chmod(0o644)

    with pytest.raises(SettingsFault, match="chmod 600"):
        read(GOOD.replace('env = "NORTH"', 'file = "north"'), tmp_path)


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "north").write_text("short")
    (tmp_path / "north").chmod(0o600)

    with pytest.raises(SettingsFault, match="at least 8 characters"):
        read(GOOD.replace('env = "NORTH"', 'file = "north"'), tmp_path)


def test_the_example_of_the_deployment_is_a_good_file(tmp_path: Path) -> None:
    example = (ROOT / "deploy/ussd-wires.example.toml").read_text("utf-8")
    for name in ("north.secret", "hubtel.secret", "own.key"):
        (tmp_path / name).write_text("hunter2-hunter2")
        (tmp_path / name).chmod(0o600)

    assert [mount.wire.name for mount in read(example, tmp_path)] == ["africastalking", "north", "hubtel", "own"]
