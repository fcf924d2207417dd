"""Command APDUs in their short form (ISO/IEC 7816-4 5.1). Extended lengths and chains are refused, as HCE phones do."""

from dataclasses import dataclass

from simulators.nfc import status

LE_ALL = 256
_CHAINED = 0x10


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `le` is how many bytes at most are wanted (1..256), None when the command has no Le."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None

    @property
    def head(self) -> int:
        """Class and instruction as one number, 0xCCII."""
        return self.cla << 8 | self.ins

    @property
    def parameters(self) -> int:
        """P1 and P2 as one number."""
        return self.p1 << 8 | self.p2


def parse(raw: bytes) -> Command | bytes:
    """The command, or the status word that refuses its form."""
    if len(raw) < 4:
        return status.LENGTH
    cla, ins, p1, p2 = raw[:4]
    if cla == _CHAINED:
        return status.CHAINING
    rest = raw[4:]
    if not rest:
        return Command(cla, ins, p1, p2, b"", None)
    if len(rest) == 1:
        return Command(cla, ins, p1, p2, b"", rest[0] or LE_ALL)
    size = rest[0]
    # A zero here with more behind it is the mark of an extended length.
    if size == 0 or len(rest) not in (1 + size, 2 + size):
        return status.LENGTH
    le = (rest[-1] or LE_ALL) if len(rest) == 2 + size else None
    return Command(cla, ins, p1, p2, rest[1 : 1 + size], le)


def name(raw: bytes) -> str:
    """What the command is called, for people."""
    if raw[:2] == b"\x00\xa4":
        return "SELECT PPSE" if raw[5:19] == b"2PAY.SYS.DDF01" else "SELECT AID"
    return _NAMES.get(raw[:2].hex().upper(), f"command {raw[:2].hex().upper()}")


_NAMES = {
    "80A8": "GET PROCESSING OPTIONS",
    "00B2": "READ RECORD",
    "80AE": "GENERATE AC",
    "80CA": "GET DATA",
    "00C0": "GET RESPONSE",
}
