"""Wireshark as another reader of ISO 8583: every element of 1987, in text and packed, says there what it says here."""

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gateway.wire.iso8583 import DIALECTS, Dialect, Message, encode, frame
from tests.rigs.smpp_oracle import PORT, capture

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]
OPTIONS = {
    "iso87_ascii": (
        "iso8583.charset:Digits represented as ASCII Characters",
        "iso8583.binencode:Bin data represented as Hex Ascii characters",
    ),
    "iso87_binary": ("iso8583.charset:Digits represented in nibbles", "iso8583.binencode:Bin data not encoded"),
}
OTHERWISE = {
    "iso87_ascii": {53, 65, 86, 87, 88, 89},
    "iso87_binary": {28, 29, 30, 31, 35, 53, 55, 65, 86, 87, 88, 89, 92, 93, 97},
}
"""Elements on which it has another opinion: half of DE53, a digit less of amounts, DE65 a third bitmap;
packed also letters before amounts, track 2 and chip data as text."""
LONG = "as long as Wireshark wants a message to be before it calls it one"
MAC = bytes.fromhex("A1B2C3D4E5F60718")


def value_of(dialect: Dialect, number: int) -> str | bytes:
    field = dialect.fields[number]
    size = min(field.size, 9) if field.prefix else field.size
    if field.kind == "b":
        return bytes(range(0xA0, 0xA0 + size))
    if field.kind == "x+n":
        return "C" + ("1234567890" * 5)[:size]
    if field.kind == "z":
        return "4761739001010119D2212201"
    return ("1234567890" * 5)[:size]


def seen(dialect: Dialect, bodies: list[bytes], folder: Path) -> list[dict[int, str]]:
    """What Wireshark found in each message: numbers of elements and their values as it shows them."""
    file = folder / "iso8583.pcap"
    file.write_bytes(capture([frame(body) for body in bodies]))
    options = [word for option in ("iso8583.len_endian:Big endian", *OPTIONS[dialect.name]) for word in ("-o", option)]
    words = ["tshark", "-r", str(file), "-d", f"tcp.port=={PORT},iso8583", *options, "-T", "pdml"]
    result = subprocess.run(words, capture_output=True, check=True, timeout=120)
    found: list[dict[int, str]] = []
    for packet in ET.fromstring(result.stdout):  # noqa: S314 - tshark's own output
        for layer in packet:
            if layer.get("name") == "iso8583":
                assert not layer.findall(".//proto[@name='_ws.malformed']"), ET.tostring(layer)[-2000:]
                names = ((str(one.get("name")), str(one.get("show"))) for one in layer)
                found.append({int(n.removeprefix("iso8583.bit")): text for n, text in names if ".bit" in n})
    return found


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_each_element_is_read_alike_by_wireshark(name: str, tmp_path: Path) -> None:
    dialect = DIALECTS[name]
    numbers = [number for number in dialect.fields if number not in OTHERWISE[name]]
    common: dict[int, str | bytes] = {11: "000007", 48: LONG}
    messages = [Message("0200", {**common, number: value_of(dialect, number)}) for number in numbers]
    messages.append(Message("0200", {n: value_of(dialect, n) for n in numbers if n not in {64, 128}} | {128: MAC}))
    found = seen(dialect, [encode(message, dialect) for message in messages], tmp_path)
    assert len(found) == len(messages)
    for message, theirs in zip(messages, found, strict=True):
        ours = {n: value.hex() if isinstance(value, bytes) else value for n, value in message.fields.items()}
        # Behind binary elements it shows a byte of its own.
        assert {n: text.strip().rstrip("`").lower() for n, text in theirs.items()} == {
            n: text.lower() for n, text in ours.items()
        }
