"""Links as staff see them: what each process says of each of its links, kept where every process can read it."""

from gateway.services.links.board import FORGOTTEN_S, SILENT_S, LinkBoard, LinkReport
from gateway.services.links.model import LinkStatus
from gateway.services.links.terminals import TerminalBoard, TerminalLine, TerminalStatus

__all__ = [
    "FORGOTTEN_S",
    "SILENT_S",
    "LinkBoard",
    "LinkReport",
    "LinkStatus",
    "TerminalBoard",
    "TerminalLine",
    "TerminalStatus",
]
