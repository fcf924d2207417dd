"""The lab: one web page with every device, their wires and the fault buttons."""

from simulators.lab.bench import Bench
from simulators.lab.server import Lab

__all__ = ["Bench", "Lab"]
