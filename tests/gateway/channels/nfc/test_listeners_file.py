"""The file of listeners: what it says is what listens, and what is wrong in it is said before anything does."""

from pathlib import Path

import pytest

from gateway.channels.nfc import Listener, read_listeners
from gateway.channels.nfc.framing import LengthKind
from gateway.errors import SettingsFault
from gateway.wire.iso8583 import DIALECTS, HOUSE
from tests.peers.certificates import Authority

HOUSES = '[[listener]]\nname = "own"\nhost = "127.0.0.1"\nport = 8583\n'
SWITCH = """
[[listener]]
name = "switch"
host = "0.0.0.0"
port = 8584
dialect = "shetab93"
length = "ascii4"
inclusive = true
header_bytes = 5
tpdu = true
allow = ["10.4.0.0/16"]
connections_max = 4
echo_s = 30
"""
MINE = """
[[listener]]
name = "mine"
host = "127.0.0.1"
port = 8585
dialect_file = "mine.toml"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "listeners.toml").write_text(text, "utf-8")
    return folder / "listeners.toml"


def test_each_table_is_a_listener(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "iso87_mixed"\n[fields]\n60 = "n6"\n', "utf-8")
    own, switch, mine = read_listeners(written(tmp_path, HOUSES + SWITCH + MINE), demo=False)
    assert own == Listener("own", "127.0.0.1", 8583, folder=tmp_path)
    assert (own.speaks, own.framing.frame(b"x" * 28)[:2], own.tls()) == (HOUSE, b"\x00\x1c", None)
    assert switch.speaks is DIALECTS["shetab93"]
    assert switch.framing.length is LengthKind.ASCII4
    assert switch.framing.frame(b"x" * 28)[:4] == b"0037"
    assert switch.allows("10.4.0.1")
    assert not switch.allows("10.5.0.1")
    assert mine.speaks.fields[60].kind == "n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing else"),
        ("[listener]\n", "nothing else"),
        (HOUSES + "x = {}\n", "x is not known"),
        (HOUSES + HOUSES, "two listeners are called own"),
        (HOUSES + HOUSES.replace("own", "other"), "two listeners are at 127.0.0.1:8583"),
        (HOUSES.replace("8583", "70000"), "port"),
        (HOUSES + 'dialect = "latin"\n', "no dialect is called latin"),
        (HOUSES + 'dialect_file = "gone.toml"\n', "cannot read"),
        (HOUSES + 'length = "roman"\n', "length"),
        (HOUSES + "header_bytes = 3\ntpdu = true\n", "TPDU"),
        (HOUSES + 'allow = ["10.0.0.1/8"]\n', "host bits"),
        (HOUSES + 'cert_file = "a.pem"\n', "belong together"),
        (HOUSES + 'client_ca_file = "a.pem"\n', "belong together"),
        (HOUSES + 'cert_file = "a.pem"\nkey_file = "b.pem"\n', "cannot read b.pem"),
        (HOUSES + "folder = 'x'\n", "folder is not known"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsFault, match=named):
        read_listeners(written(tmp_path, text), demo=False)


def test_a_private_key_that_others_may_read_is_refused_outside_the_demo(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).sign("localhost")
    file = written(tmp_path, HOUSES + f'cert_file = "{certificate.name}"\nkey_file = "{key.name}"\n')
    key.chmod(0o644)
    assert read_listeners(file, demo=True)
    with pytest.raises(SettingsFault, match="private key"):
        read_listeners(file, demo=False)
    key.chmod(0o600)
    (listener,) = read_listeners(file, demo=False)
    assert listener.tls() is not None
