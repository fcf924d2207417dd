"""What happened in a run, line by line; two runs of one seed have the same lines."""

import asyncio
import hashlib
from dataclasses import dataclass, field


@dataclass(slots=True)
class Trace:
    """Lines with their virtual moment and who did it."""

    lines: list[str] = field(default_factory=list)

    def say(self, who: str, what: str) -> None:
        self.lines.append(f"{asyncio.get_running_loop().time():.6f} {who} {what}")

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
