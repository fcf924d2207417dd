"""Small files that a simulator keeps over a restart: private, and whole or absent."""

import os
from pathlib import Path


def write_private(file: Path, text: str, *, durable: bool = False) -> None:
    """Replace `file` by `text` in one step, readable by its owner only (mode 0600); makes its folder.

    With `durable` it has reached the disk, and its name too, when this returns.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(file.suffix + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        if durable:
            out.flush()
            os.fsync(out.fileno())
    fresh.replace(file)
    if durable:
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def append_private(file: Path, line: str, *, durable: bool = False) -> None:
    """Add one line to `file`, readable by its owner only (mode 0600); with `durable` it has reached the disk then."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.write(line + "\n")
        if durable:
            out.flush()
            os.fdatasync(out.fileno())
