"""tshark as byte oracle: PDUs in a capture of our own making, and what Wireshark's dissector found in them."""

import struct
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.wire.smpp import Dest, DistributionList, Pdu, Unsuccess
from gateway.wire.smpp.pdus import Kind

PORT = 2775
SEGMENT = 1_400
"""Octets in one TCP segment, so that long PDUs come in several and short ones share none."""

NAMES = {
    "source_ton": "source_addr_ton",
    "source_npi": "source_addr_npi",
    "source": "source_addr",
    "dest_ton": "dest_addr_ton",
    "dest_npi": "dest_addr_npi",
    "dest": "destination_addr",
    "esm_class": "esm.submit.msg_mode",
    "registered_delivery": "regdel.receipt",
    "priority": "priority_flag",
    "replace_if_present": "replace_if_present_flag",
    "default_message_id": "sm_default_msg_id",
    "short_message": "message",
    "esme_ton": "esme_addr_ton",
    "esme_npi": "esme_addr_npi",
    "esme": "esme_addr",
}
"""Wireshark's names of our fields where they differ."""
DATES = {"schedule": "schedule_delivery_time", "validity": "validity_period", "final_date": "final_date"}
"""Fields that it shows under two names, by whether the moment is relative."""


@dataclass(frozen=True)
class Seen:
    """What the dissector found in one PDU."""

    fields: tuple[tuple[str, str], ...]
    """Name without `smpp.` and octets in hex, in order."""
    tlvs: tuple[tuple[str, int, str], ...]
    """Tag in hex, length, and in hex what lies behind them."""
    complaints: tuple[str, ...]

    def octets(self, name: str) -> list[str]:
        """Hex of every field of that name."""
        return [value for found, value in self.fields if found == name]


def capture(pdus: Sequence[bytes]) -> bytes:
    """A pcap file of IPv4 packets from our port, each PDU in segments of its own."""
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101))
    number = 1
    for pdu in pdus:
        for at in range(0, len(pdu), SEGMENT):
            piece = pdu[at : at + SEGMENT]
            tcp = struct.pack(">HHIIBBHHH", PORT, 40_000, number, 1, 0x50, 0x18, 0xFFFF, 0, 0) + piece
            length, host = 20 + len(tcp), bytes([127, 0, 0, 1])
            packet = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0, 64, 6, 0) + host + host + tcp
            out += struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet
            number += len(piece)
    return bytes(out)


def dissected(pdus: Sequence[bytes], folder: Path) -> list[Seen]:
    """What tshark sees, one for each PDU."""
    file = folder / "smpp.pcap"
    file.write_bytes(capture(pdus))
    words = ["tshark", "-r", str(file), "-d", f"tcp.port=={PORT},smpp", "-T", "pdml"]
    result = subprocess.run(words, capture_output=True, check=True, timeout=300)
    seen: list[Seen] = []
    for packet in ET.fromstring(result.stdout):  # noqa: S314 - tshark's own output
        broken = [f"{layer.get('name')}" for layer in packet if layer.get("name") in ("_ws.malformed", "_ws.short")]
        seen += [_seen(layer, broken, pdus[len(seen)]) for layer in packet if layer.get("name") == "smpp"]
    return seen


def _seen(layer: ET.Element, broken: list[str], pdu: bytes) -> Seen:
    complaints = list(broken)
    fields: list[tuple[str, str]] = []
    tlvs: list[tuple[str, int, str]] = []
    start = _number(layer, "pos")
    for field in layer.iter("field"):
        name = field.get("name", "").removeprefix("smpp.")
        octets = field.get("unmaskedvalue") or field.get("value") or ""
        if name.startswith("_ws."):
            complaints.append(field.get("showname", name))
        elif name == "opt_param_len":
            # The value itself is shown by its parts here and as a tree there, but it begins where the length ends.
            at, length = _number(field, "pos") - start + 2, int(octets, 16)
            tlvs.append((fields[-1][1], length, pdu[at : at + length].hex()))
        fields.append((name, octets))
    return Seen(tuple(fields), tuple(tlvs), tuple(complaints))


def _number(element: ET.Element, name: str) -> int:
    return int(element.get(name) or 0)


def differences(pdu: Pdu, seen: Seen) -> list[str]:
    """Where what the dissector found is not what was meant; empty if all is well."""
    wrong = [f"complains: {complaint}" for complaint in seen.complaints]

    def check(name: str, meant: list[str]) -> None:
        found = seen.octets(name)
        if name.startswith(tuple(DATES.values())):
            # What says nothing is named as it likes.
            found = [value for value in found if value != "00"]
        # It passes over an empty string here and there.
        if found != meant and not (meant == ["00"] and not found):
            wrong.append(f"{name}: meant {meant}, found {found}")

    check("command_id", [f"{pdu.command_id:08x}"])
    check("sequence_number", [f"{pdu.sequence:08x}"])
    if pdu.is_response:
        check("command_status", [f"{pdu.status:08x}"])
    if pdu.is_response and pdu.status:
        # It reads no further than an error.
        return wrong
    for name, meant in _meant(pdu).items():
        check(name, meant)
    tlvs = tuple((f"{tag:04x}", len(value), value.hex()) for tag, value in pdu.tlvs)
    if seen.tlvs != tlvs:
        wrong.append(f"TLVs: meant {tlvs}, found {seen.tlvs}")
    return wrong


def _meant(pdu: Pdu) -> dict[str, list[str]]:
    meant: dict[str, list[str]] = {}
    for name, kind, _ in pdu.layout:
        value = getattr(pdu, name)
        if kind is Kind.TEXT:
            if name in DATES:
                if value:
                    meant[DATES[name] + ("_r" if value.endswith("R") else "")] = [_c_string(value)]
            else:
                meant[NAMES.get(name, name)] = [_c_string(value)]
        elif kind is Kind.BYTE:
            meant[NAMES.get(name, name)] = [f"{value:02x}"]
        elif kind is Kind.OCTETS:
            if value:
                meant["message"] = [value.hex()]
            meant["sm_length"] = [f"{len(value):02x}"]
        else:
            _mean_phones(meant, value)
    return meant


def _mean_phones(meant: dict[str, list[str]], phones: Sequence[Dest | DistributionList | Unsuccess]) -> None:
    """Of submit_multi's destinations and of its response's failures."""
    for phone in phones:
        if isinstance(phone, DistributionList):
            meant.setdefault("dl_name", []).append(_c_string(phone.name))
            continue
        meant.setdefault("dest_addr_ton", []).append(f"{phone.ton:02x}")
        meant.setdefault("dest_addr_npi", []).append(f"{phone.npi:02x}")
        meant.setdefault("destination_addr", []).append(_c_string(phone.address))
        if isinstance(phone, Unsuccess):
            meant.setdefault("error_status_code", []).append(f"{phone.status:08x}")


def _c_string(value: str) -> str:
    return (value.encode("latin-1") + b"\0").hex()
