"""The file of links: the example is read whole, and what is wrong is named without a secret."""

from pathlib import Path

import pytest

from gateway.errors import SettingsFault
from gateway.peers.smsc import BindKind, read_links
from gateway.peers.smsc.binding import tls_of
from gateway.peers.smsc.profile import SessionTlv
from gateway.peers.smsc.statuses import Action
from gateway.wire.gsm import Coding, Splitting

EXAMPLE = Path(__file__).parents[3] / "deploy/links.example.toml"
LINK = '[[link]]\nname = "a"\nhost = "h"\nport = 2775\nsystem_id = "t"\nsender = "1420"\n'
SECRET = "s3cret"


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "links.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_example_that_we_ship_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, EXAMPLE.read_text("utf-8"), mode=0o644)
    for name in ("north", "south"):
        (tmp_path / f"{name}.password").write_text(f"{name}\n")
        (tmp_path / f"{name}.password").chmod(0o600)

    file = read_links(path, demo=False)

    north, south, ussd = file.links
    assert (north.name, north.password, south.password) == ("north", "north", "south")
    assert (north.tls, north.tls_ca_file, north.window, north.rate_max) == (
        True,
        str(tmp_path / "north-ca.pem"),
        50,
        200,
    )
    assert north.id_of_resp("0x001A") == north.id_of_receipt("0026")
    assert north.statuses == {0x45: Action.RETRY, 0x0417: Action.OTHER_LINK}
    assert (south.bind, south.splitting) == (BindKind.PAIR, Splitting.SAR)
    assert south.codings == (Coding.GSM, Coding.LATIN1, Coding.UCS2)
    assert (south.data_coding, south.data_coding_in) == ({Coding.GSM: 1}, {0: Coding.LATIN1, 1: Coding.GSM})
    assert (ussd.ussd.session, ussd.ussd.end) == (SessionTlv.USER_MESSAGE_REFERENCE, 23)
    assert [route.to for route in file.routes] == [
        ({"north": 1}, {"south": 1}), ({"south": 3, "north": 1},), ({"north": 2, "south": 1},)
    ]  # fmt: skip
    assert file.routes[0].class_ == ("one_time_code", "claim_code")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no [[link]]"),
        ("[[lnk]]\n", "the file: lnk is unknown; the nearest is link"),
        ("[link]\n", "link is written [[link]]"),
        (LINK + 'password = "s3cret"\nwindw = 5\n', "link a: windw is unknown; the nearest is window"),
        (LINK + 'password = "s3cret"\nwindow = 0\n', "link a: window:"),
        (LINK + 'password = "s3cret-too-long"\n', "link a: password: String should have at most 8 characters"),
        (LINK, "link a: password:"),
        (LINK + 'password = "s3cret"\npassword_file = "x"\n', "password or password_file, not both"),
        (LINK + 'password_file = "nowhere"\n', "link a: cannot read password_file (FileNotFoundError)"),
        (LINK.replace("1420", "تپ") + 'password = "s3cret"\n', "link a: sender:"),
        (LINK.replace('"h"', '""') + 'password = "s3cret"\n', "link a: host:"),
        (LINK + 'password = "s3cret"\nbind = "both"\n', "link a: bind:"),
        (LINK + 'password = "s3cret"\nids = ["upper"]\n', "link a: ids.0:"),
        (LINK + 'password = "s3cret"\ncodings = ["gms"]\n', "gms is no alphabet; there are gsm, latin1, ucs2"),
        (LINK + 'password = "s3cret"\nlanguages = ["klingon"]\n', "klingon is no language with tables"),
        (LINK + 'password = "s3cret"\n[link.ussd]\nendd = 3\n', "link a, ussd: endd is unknown; the nearest is end"),
        (LINK + 'password = "s3cret"\n[link.statuses]\nfast = "retry"\n', "fast is no number such as 0x58"),
        (LINK + 'password = "s3cret"\n[link.statuses]\n0x58 = "wait"\n', "link a: statuses.88"),
        ((LINK + 'password = "s3cret"\n') * 2, "two links are called a"),
        (LINK + 'password = "s3cret"\n[[route]]\nto = [{ b = 1 }]\n', "a route's to: b is unknown; the nearest is a"),
        (LINK + 'password = "s3cret"\n[[route]]\nto = [{ a = 0 }]\n', "weights of 1 and more"),
        (LINK + 'password = "s3cret"\n[[route]]\n', "a route leads nowhere"),
        (LINK + 'password = "s3cret"\n[[route]]\nclass = ["one_time_cod"]\nto = [{ a = 1 }]\n',
         "a route's class: one_time_cod is unknown; the nearest is one_time_code"),
        (LINK + 'password = "s3cret"\nbind = "pair"\n[link.outbind]\nhost = ""\nport = 1\nsystem_id = "s"\n'
         'password = "s3cret"\n', "an outbind brings one connection"),
        ("not toml", "cannot read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsFault) as caught:
        read_links(written(tmp_path, text), demo=False)
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("mode", "demo", "read"), [(0o600, False, True), (0o640, False, False), (0o644, True, True)])
def test_a_password_lies_where_others_cannot_read_it_outside_the_demo(
    tmp_path: Path, mode: int, *, demo: bool, read: bool
) -> None:
    path = written(tmp_path, LINK + 'password = "s3cret"\n', mode)
    if read:
        assert read_links(path, demo=demo).links[0].password == SECRET
        assert SECRET not in repr(read_links(path, demo=demo))
    else:
        with pytest.raises(SettingsFault, match="others may read the password"):
            read_links(path, demo=demo)


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(SettingsFault, match="chmod 600"):
        read_links(written(tmp_path, LINK + 'password_file = "secret"\n'), demo=False)


def test_trusted_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, LINK + 'password = "s3cret"\ntls = true\ntls_ca_file = "nowhere.pem"\n')
    with pytest.raises(SettingsFault, match="cannot read tls_ca_file"):
        tls_of(read_links(path, demo=False).links[0])
