"""The lab: one web page with a feature phone, an NFC phone, a terminal, their wires and the fault buttons."""

from simulators.lab.bench import Bench
from simulators.lab.server import Lab

__all__ = ["Bench", "Lab"]
